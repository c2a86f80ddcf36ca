#include "micro/lnp_neurons.hpp"

#include "micro/initial_neurons.hpp"
#include "micro/slice_steps.hpp"
#include "model/lnp.hpp"

namespace mesopop {

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

}  // namespace mesopop
