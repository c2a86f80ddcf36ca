#include "micro/neurons.hpp"

#include <algorithm>

#include "micro/initial_neurons.hpp"
#include "model/lnp.hpp"

namespace mesopop {

// --- Poisson ----------------------------------------------------------------------------------------------------

PoissonNeurons::PoissonNeurons(const NeuronContext& context) : dt_(context.dt), spikes_(context) {}

std::int64_t PoissonNeurons::step(std::int64_t, const MembraneStep&, double rate, std::int64_t* fired) {
  return spikes_.step(rate * dt_, fired);
}

// --- LNP --------------------------------------------------------------------------------------------------------

LnpNeurons::LnpNeurons(const NeuronContext& context)
    : neuron_(std::get<LnpNeuron>(context.population.neuron)),
      dt_(context.dt),
      h_(initial_lnp_potential(context.population.initial, context.initial_drive)),
      spikes_(context) {}

std::int64_t LnpNeurons::step(std::int64_t, const MembraneStep& membrane, double, std::int64_t* fired) {
  return spikes_.step(advance_lnp(neuron_, membrane, dt_, h_), fired);
}

void LnpNeurons::visit(StateVisitor& visitor, const std::string& prefix) {
  visitor.field(prefix + "/potential", h_);
  spikes_.visit(visitor, prefix);
}

// --- LIF --------------------------------------------------------------------------------------------------------

LifNeurons::LifNeurons(const NeuronContext& context)
    : kernels_(context.kernels),
      neuron_(std::get<LifNeuron>(context.population.neuron)),
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

std::int64_t LifNeurons::step(std::int64_t step, const MembraneStep& membrane, double, std::int64_t* fired) {
  const double jump_factor = this->jump_factor(membrane.jump, static_cast<double>(step));
  if (!traces_.empty()) {
    for (std::size_t k = 0; k < traces_.size(); ++k) trace_pointer_[k] = trace_[k].data();
    kernels_.adaptation({thresholds_.size(), static_cast<std::int64_t>(traces_.size()), trace_pointer_.data(),
                         trace_decay_.data(), trace_weight_.data(), trace_gain_.data(), threshold_.data(),
                         pull_.data()});
  }
  const std::int64_t count =
      kernels_.lif_neurons({thresholds_.size(), potential_.data(), hazard_.data(), thresholds_.remaining(),
                            wake_.data(), static_cast<double>(step), membrane, escape_, jump_factor,
                            traces_.empty() ? nullptr : threshold_.data(), pull_.data(), fired});
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

double LifNeurons::mean_potential() const {
  double lane[kLanes] = {};
  const std::size_t whole = size_ - size_ % kLanes;
  for (std::size_t first = 0; first < whole; first += kLanes) {
    for (std::size_t i = 0; i < kLanes; ++i) lane[i] += potential_[first + i];
  }
  for (std::size_t i = whole; i < size_; ++i) lane[i - whole] += potential_[i];
  return sum_lanes(lane) / static_cast<double>(size_);
}

void LifNeurons::visit(StateVisitor& visitor, const std::string& prefix) {
  thresholds_.visit(visitor, prefix);
  visitor.field(prefix + "/potential", potential_);
  visitor.field(prefix + "/hazard", hazard_);
  visitor.field(prefix + "/wake", wake_);
  for (std::size_t k = 0; k < trace_.size(); ++k) {
    visitor.field(prefix + "/adaptation/" + std::to_string(k), trace_[k]);
  }
}

// --- Given spikes -----------------------------------------------------------------------------------------------

GivenNeurons::GivenNeurons(const NeuronContext& context) : spikes_(std::get<GivenSpikes>(context.population.neuron)) {}

std::int64_t GivenNeurons::step(std::int64_t step, const MembraneStep&, double, std::int64_t* fired) {
  const auto [first, last] = std::equal_range(spikes_.step.begin(), spikes_.step.end(), step);
  const auto* const neuron = spikes_.neuron.data() + (first - spikes_.step.begin());
  std::copy(neuron, neuron + (last - first), fired);
  return last - first;
}

// ----------------------------------------------------------------------------------------------------------------

Neurons make_neurons(const NeuronContext& context) {
  const NeuronSpec& neuron = context.population.neuron;
  if (std::holds_alternative<PoissonNeuron>(neuron)) return PoissonNeurons(context);
  if (std::holds_alternative<LnpNeuron>(neuron)) return LnpNeurons(context);
  if (std::holds_alternative<LifNeuron>(neuron)) {
    if (context.cohorts) return LifCohorts(context);
    return LifNeurons(context);
  }
  return GivenNeurons(context);
}

}  // namespace mesopop
