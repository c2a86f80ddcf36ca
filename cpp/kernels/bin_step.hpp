// One step of the neurons of an age bin, which share potential and hazard.
#pragma once

#include "model/hazard.hpp"
#include "model/membrane.hpp"
#include "numerics/simd.hpp"

namespace mesopop::detail {

// Moves potential and half-step hazard of bin `i` to the end of the step; returns the hazard integrated over it.
// `factor`: of the hazard, by the potential jump at the start of the step. With adaptation, `threshold` is its rise at
// the end of the step and `pull` what currents take from the potential.
template <bool adaptive, bool softplus>
MESOPOP_INLINE double step_bin(const MembraneStep& membrane, const HalfStepHazard& escape, double factor,
                               const double* threshold, const double* pull, int i, double* potential, double* hazard) {
  double v_end = membrane.decay * (potential[i] + membrane.jump) + membrane.shift;
  if (adaptive) v_end -= pull[i];
  const double h_end = escape.at<softplus>(adaptive ? v_end - threshold[i] : v_end);
  const double integrated = hazard[i] * factor + h_end;
  potential[i] = v_end;
  hazard[i] = h_end;
  return integrated;
}

}  // namespace mesopop::detail
