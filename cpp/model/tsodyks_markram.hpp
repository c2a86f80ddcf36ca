// Tsodyks-Markram short-term plasticity: relaxation between spikes and the jump at a spike.
//
//   du/dt = (U0 - u)/tau_f + U (1 - u-) s(t)
//   dx/dt = (1 - x)/tau_d -  u- x-     s(t)
#pragma once

#include "model/network.hpp"
#include "numerics/elementary.hpp"

namespace mesopop {

// Decay of the deviation over `duration`; a time constant of zero means immediate relaxation.
MESOPOP_INLINE double relaxation(double duration, double tau) { return tau > 0.0 ? exp(-duration / tau) : 0.0; }

// Values left of a spike, and what it releases.
struct SynapseState {
  double u = 0.0;
  double x = 0.0;

  double release() const { return u * x; }
};

// Of the deviations of u and x from rest.
struct Decays {
  double u, x;
};

// Parameters with the decays over one step. With tau_f = 0 a jump of u is over at once, so that u = U0 always (U is set
// to 0); with tau_d = 0 likewise x = 1 always (nothing is depleted).
struct Plasticity {
  double U0 = 1.0, U = 0.0, tau_d = 0.0, tau_f = 0.0, dt = 0.0;
  double depletion = 1.0;  // 0 if tau_d = 0
  double decay_u = 0.0, decay_x = 0.0;

  Plasticity() = default;
  Plasticity(const TsodyksMarkram& spec, double step)
      : U0(spec.U0),
        U(spec.tau_f > 0.0 ? spec.U : 0.0),
        tau_d(spec.tau_d),
        tau_f(spec.tau_f),
        dt(step),
        depletion(spec.tau_d > 0.0 ? 1.0 : 0.0),
        decay_u(relaxation(step, spec.tau_f)),
        decay_x(relaxation(step, spec.tau_d)) {}

  Decays decays() const { return {decay_u, decay_x}; }

  // Release happens with the values before the spike, then both jump.
  SynapseState after_spike(SynapseState s) const { return {s.u + U * (1.0 - s.u), s.x - depletion * s.release()}; }
};

}  // namespace mesopop
