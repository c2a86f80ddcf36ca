// The neurons of one population, one by one or, if they share their state, together. Every kind has the same members,
// used through std::visit:
//
//   std::int64_t step(step, membrane, drive, fired)   the neurons that fire, each once; returns how many
//   double mean_potential() const                     population mean after resets, mV (NaN: none)
//   double potential(neuron) const                     of one neuron, mV (NaN: none)
//   void visit(visitor, prefix)                        its state
#pragma once

#include <variant>

#include "micro/given_neurons.hpp"
#include "micro/lif_cohorts.hpp"
#include "micro/lif_neurons.hpp"
#include "micro/lnp_neurons.hpp"
#include "micro/neuron_context.hpp"
#include "micro/poisson_neurons.hpp"

namespace mesopop {

using Neurons = std::variant<PoissonNeurons, LnpNeurons, SingleLnpNeurons, LifNeurons, LifCohorts, GivenNeurons>;

Neurons make_neurons(const NeuronContext& context);

}  // namespace mesopop
