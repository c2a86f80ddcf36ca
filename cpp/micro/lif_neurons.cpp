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

// Factor by which a jump of all potentials changes the hazards; if there is none, computes them anew.
double LifNeurons::jump_factor(double jump, double now) {
  if (escape_.has_factor(jump)) return escape_.factor(jump);
  for (std::size_t i = 0; i < size_; ++i) {
    if (wake_[i] <= now) hazard_[i] = escape_(potential_[i] + jump - threshold(i));
  }
  return 1.0;
}

void LifNeurons::step_adaptation(bool input_jumps) {
  if (input_jumps) {
    // Jumps of single neurons: their hazards before and after are computed, with the threshold before it relaxes.
    start_threshold_.assign(potential_.size(), 0.0);
    for (std::size_t k = 0; k < traces_.size(); ++k) {
      for (std::size_t i = 0; i < size_; ++i) start_threshold_[i] += traces_[k].threshold_weight * trace_[k][i];
    }
  }
  for (std::size_t k = 0; k < traces_.size(); ++k) trace_pointer_[k] = trace_[k].data();
  kernels_.adaptation({thresholds_.size(), static_cast<std::int64_t>(traces_.size()), trace_pointer_.data(),
                       trace_decay_.data(), trace_weight_.data(), trace_gain_.data(), threshold_.data(), pull_.data()});
}

std::int64_t LifNeurons::step(std::int64_t step, const MembraneStep& membrane, double, std::int64_t* fired) {
  const NeuronInputStep input = input_ ? input_->arrivals(step) : NeuronInputStep{};
  const bool input_jumps = input.jump != nullptr;
  const double jump_factor = input_jumps ? 1.0 : this->jump_factor(membrane.jump, static_cast<double>(step));
  const bool adaptive = !traces_.empty();
  if (adaptive) step_adaptation(input_jumps);
  const auto [count, input_check] =
      step_slices(slices_, team_, fired, [&](std::int64_t slice, std::int64_t* fired_in_slice) {
        return kernels_.lif_neurons({slices_.first(slice), slices_.last(slice), potential_.data(), hazard_.data(),
                                     thresholds_.remaining(), wake_.data(), static_cast<double>(step), membrane,
                                     escape_, jump_factor, adaptive ? threshold_.data() : nullptr, pull_.data(),
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
