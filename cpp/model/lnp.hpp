// Linear-nonlinear-Poisson populations: one potential h for all neurons, at every level.
#pragma once

#include "model/hazard.hpp"
#include "model/network.hpp"
#include "model/synaptic_input.hpp"

namespace mesopop {

// Potential at t = 0; without reset or spikes of its own it rests at 0.
inline double initial_lnp_potential(const InitialSpec& initial, double drive) {
  if (initial.kind == InitialKind::stationary) return drive;
  return initial.kind == InitialKind::given ? initial.potential.front() : 0.0;
}

// Advances h by one step and returns the hazard integrated over it.
inline double advance_lnp(const LnpNeuron& neuron, const MembraneStep& membrane, double dt, double& h) {
  const double start = transfer(neuron.transfer, h + membrane.jump);
  h = membrane.decay * (h + membrane.jump) + membrane.shift;
  return 0.5 * dt * (start + transfer(neuron.transfer, h));
}

}  // namespace mesopop
