#include "micro/lif_neurons.hpp"

#include <algorithm>

#include "micro/initial_neurons.hpp"
#include "micro/slice_steps.hpp"

namespace mesopop {

LifNeurons::LifNeurons(const NeuronContext& context)
    : kernels_(context.kernels),
      neuron_(std::get<LifNeuron>(context.population.neuron)),
      input_(context.input),
      team_(context.team),
      slices_(context.population.size),
      escape_(neuron_.escape, context.dt),
      dt_(context.dt),
      size_(static_cast<std::size_t>(context.population.size)),
      thresholds_(context.realisation, context.index, context.population.size),
      potential_(static_cast<std::size_t>(padded_to_block(thresholds_.size())), neuron_.v_reset),
      hazard_(potential_.size(), escape_(neuron_.v_reset)),
      wake_(potential_.size(), 0.0),
      traces_(neuron_traces(neuron_, context.dt)),
      trace_(traces_.size(), std::vector<double>(potential_.size(), 0.0)),
      trace_pointer_(traces_.size()),
      threshold_(traces_.empty() ? 0 : potential_.size(), 0.0),
      pull_(threshold_.size(), 0.0) {
  std::vector<double> own;
  for (const AdaptationTrace& t : traces_) {
    trace_decay_.push_back(t.decay);
    trace_weight_.push_back(t.threshold_weight);
    trace_gain_.push_back(t.current_gain);
    own.push_back(t.own);
  }
  place_neurons(context, neuron_, [&](std::size_t neuron, std::int64_t age, double potential, const double* traces) {
    start_at_age(neuron, age, potential, traces ? traces : own.data());
  });
}

void LifNeurons::start_at_age(std::size_t neuron, std::int64_t age, double potential, const double* at_spike) {
  if (age >= 0) {
    wake_[neuron] = static_cast<double>(std::max<std::int64_t>(neuron_.refractory_steps - age, 0));
    for (std::size_t k = 0; k < traces_.size(); ++k) {
      trace_[k][neuron] = at_spike[k] * exp(-static_cast<double>(age) * dt_ / traces_[k].tau);
    }
  }
  potential_[neuron] = potential;
  hazard_[neuron] = escape_(potential - threshold(neuron));
}

// Rise of the threshold by adaptation.
double LifNeurons::threshold(std::size_t neuron) const {
  double sum = 0.0;
  for (std::size_t k = 0; k < traces_.size(); ++k) sum += traces_[k].threshold_weight * trace_[k][neuron];
  return sum;
}

// Of the neurons first .. last - 1.
void LifNeurons::step_adaptation(std::int64_t first, std::int64_t last, bool starts_anew) {
  if (starts_anew) {
    // The hazard after the jump is that at the threshold before it relaxes.
    std::fill(start_threshold_.begin() + first, start_threshold_.begin() + last, 0.0);
    for (std::size_t k = 0; k < traces_.size(); ++k) {
      const double weight = traces_[k].threshold_weight;
      const double* const trace = trace_[k].data();
      for (std::int64_t i = first; i < last; ++i) start_threshold_[static_cast<std::size_t>(i)] += weight * trace[i];
    }
  }
  kernels_.adaptation({first, last, static_cast<std::int64_t>(traces_.size()), trace_pointer_.data(),
                       trace_decay_.data(), trace_weight_.data(), trace_gain_.data(), threshold_.data(), pull_.data()});
}

std::int64_t LifNeurons::step(std::int64_t step, const MembraneStep& membrane, double, std::int64_t* fired) {
  const NeuronInputStep input = input_ ? input_->arrivals(step) : NeuronInputStep{};
  const bool starts_anew = input.jump || !escape_.has_factor(membrane.jump);
  const double jump_factor = starts_anew ? 1.0 : escape_.factor(membrane.jump);
  const bool adaptive = !traces_.empty();
  if (adaptive && starts_anew) start_threshold_.resize(potential_.size());
  for (std::size_t k = 0; k < trace_.size(); ++k) trace_pointer_[k] = trace_[k].data();
  const auto [count, input_check] =
      step_slices(slices_, team_, fired, [&](std::int64_t slice, std::int64_t* fired_in_slice) {
        const std::int64_t first = slices_.first(slice), last = slices_.last(slice);
        if (adaptive) step_adaptation(first, last, starts_anew);
        return kernels_.lif_neurons({first, last, potential_.data(), hazard_.data(), thresholds_.remaining(),
                                     wake_.data(), static_cast<double>(step), membrane, escape_, starts_anew,
                                     jump_factor, adaptive ? threshold_.data() : nullptr, pull_.data(),
                                     input_ ? &input : nullptr, start_threshold_.data(), fired_in_slice});
      });
  if (input_) input_->note(input_check);
  const auto wake = static_cast<double>(step + 1 + neuron_.refractory_steps);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto neuron = static_cast<std::size_t>(fired[i]);
    for (std::size_t k = 0; k < traces_.size(); ++k) trace_[k][neuron] += traces_[k].own;
    potential_[neuron] = neuron_.v_reset;
    hazard_[neuron] = escape_(neuron_.v_reset - threshold(neuron));
    wake_[neuron] = wake;
    thresholds_.renew(neuron);
  }
  return count;
}

double LifNeurons::mean_potential() const { return mean_of(potential_, size_); }

void LifNeurons::visit(StateVisitor& visitor, const std::string& prefix) {
  thresholds_.visit(visitor, prefix);
  visitor.field(prefix + "/potential", potential_);
  visitor.field(prefix + "/hazard", hazard_);
  visitor.field(prefix + "/wake", wake_);
  for (std::size_t k = 0; k < trace_.size(); ++k) {
    visitor.field(prefix + "/adaptation/" + std::to_string(k), trace_[k]);
  }
}

}  // namespace mesopop
