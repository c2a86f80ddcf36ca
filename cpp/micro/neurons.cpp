#include "micro/neurons.hpp"

#include <algorithm>

#include "micro/initial_neurons.hpp"
#include "model/lnp.hpp"

namespace mesopop {

namespace {

// Steps the slices of a population by `range(slice, fired)`, which writes the neurons of the slice that fire in
// ascending order, and brings them together.
template <class Range>
RangeFired step_slices(const NeuronSlices& slices, const Team& team, std::int64_t* fired, const Range& range) {
  if (slices.count() == 1) return range(0, fired);
  std::vector<RangeFired> found(static_cast<std::size_t>(slices.count()));
  team.each(slices.count(), [&](std::int64_t slice) {
    found[static_cast<std::size_t>(slice)] = range(slice, fired + slices.first(slice));
  });
  RangeFired all{0, 0.0};
  for (std::int64_t slice = 0; slice < slices.count(); ++slice) {
    const RangeFired& part = found[static_cast<std::size_t>(slice)];
    if (slice > 0) std::copy_n(fired + slices.first(slice), part.count, fired + all.count);
    all.count += part.count;
    all.input_check += part.input_check;
  }
  return all;
}

double mean_of(const std::vector<double>& values, std::size_t size) {
  double lane[kLanes] = {};
  const std::size_t whole = size - size % kLanes;
  for (std::size_t first = 0; first < whole; first += kLanes) {
    for (std::size_t i = 0; i < kLanes; ++i) lane[i] += values[first + i];
  }
  for (std::size_t i = whole; i < size; ++i) lane[i - whole] += values[i];
  return sum_lanes(lane) / static_cast<double>(size);
}

}  // namespace

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

// --- LNP with input of their own ---------------------------------------------------------------------------------

SingleLnpNeurons::SingleLnpNeurons(const NeuronContext& context)
    : kernels_(context.kernels),
      neuron_(std::get<LnpNeuron>(context.population.neuron)),
      input_(*context.input),
      team_(context.team),
      dt_(context.dt),
      slices_(context.population.size),
      thresholds_(context.realisation, context.index, context.population.size),
      potential_(static_cast<std::size_t>(padded_to_block(context.population.size)), 0.0),
      rate_(potential_.size()) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(context.population.size); ++i) {
    potential_[i] = initial_lnp_potential(context.population.initial, context.initial_drive_of(i));
  }
  for (std::size_t i = 0; i < rate_.size(); ++i) rate_[i] = transfer(neuron_.transfer, potential_[i]);
}

std::int64_t SingleLnpNeurons::step(std::int64_t step, const MembraneStep& membrane, double, std::int64_t* fired) {
  const NeuronInputStep input = input_.arrivals(step);
  const auto [count, input_check] =
      step_slices(slices_, team_, fired, [&](std::int64_t slice, std::int64_t* fired_in_slice) {
        return kernels_.lnp_neurons({slices_.first(slice), slices_.last(slice), potential_.data(), rate_.data(),
                                     thresholds_.remaining(), membrane, 0.5 * dt_, &neuron_.transfer, &input,
                                     fired_in_slice});
      });
  input_.note(input_check);
  for (std::int64_t i = 0; i < count; ++i) thresholds_.renew(static_cast<std::size_t>(fired[i]));
  return count;
}

double SingleLnpNeurons::mean_potential() const {
  return mean_of(potential_, static_cast<std::size_t>(thresholds_.size()));
}

void SingleLnpNeurons::visit(StateVisitor& visitor, const std::string& prefix) {
  visitor.field(prefix + "/potential", potential_);
  visitor.field(prefix + "/rate", rate_);
  thresholds_.visit(visitor, prefix);
}

// --- LIF --------------------------------------------------------------------------------------------------------

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
  if (std::holds_alternative<LnpNeuron>(neuron)) {
    if (context.input) return SingleLnpNeurons(context);
    return LnpNeurons(context);
  }
  if (std::holds_alternative<LifNeuron>(neuron)) {
    if (context.cohorts) return LifCohorts(context);
    return LifNeurons(context);
  }
  return GivenNeurons(context);
}

}  // namespace mesopop
