// Exact propagators of the membrane over one step.
#pragma once

#include "numerics/elementary.hpp"

namespace mesopop {

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
