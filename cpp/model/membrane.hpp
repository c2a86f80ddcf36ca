// Exact propagators of the membrane over one step.
#pragma once

#include "model/network.hpp"
#include "numerics/elementary.hpp"

namespace mesopop {

// 0 for neurons without a potential.
inline double membrane_time_constant(const PopulationSpec& population) {
  if (const auto* lnp = std::get_if<LnpNeuron>(&population.neuron)) return lnp->tau_m;
  if (const auto* lif = std::get_if<LifNeuron>(&population.neuron)) return lif->tau_m;
  return 0.0;
}

// V -> decay (V + jump) + shift
struct MembraneStep {
  double decay = 0.0;
  double shift = 0.0;
  double jump = 0.0;
};

// Potential at the end of a step per unit of exponential current (mV/ms) at its start:
// the integral of exp(-(dt - s)/tau_m) exp(-s/tau_s), also for tau_s = tau_m.
inline double current_gain(double dt, double tau_m, double tau_s) {
  const double difference = dt / tau_m - dt / tau_s;
  const double slower = tau_m > tau_s ? tau_m : tau_s;
  if (difference == 0.0) return dt * exp(-dt / tau_m);
  const double magnitude = difference < 0.0 ? -difference : difference;
  return dt * exp(-dt / slower) * event_probability(magnitude) / magnitude;
}

}  // namespace mesopop
