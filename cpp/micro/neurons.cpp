#include "micro/neurons.hpp"

namespace mesopop {

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
