// One step of a population of LIF neurons with escape noise that share their input.
#pragma once

#include <cstdint>
#include <limits>

#include "micro/neuron_block.hpp"
#include "model/hazard.hpp"
#include "model/synaptic_input.hpp"
#include "numerics/simd.hpp"

namespace mesopop {

struct LifNeuronsStep {
  std::int64_t padded_size;
  double* potential;
  double* hazard;       // half-step hazard at the end of the previous step
  double* remaining;    // integrated hazard left until the next spike; infinite for padding
  const double* wake;   // first step outside refractoriness
  double step;
  MembraneStep membrane;
  HalfStepHazard escape;
  double jump_factor;   // of the hazard, by the potential jump at the start of the step
  std::int64_t* fired;  // out: indices in ascending order
};

// Returns the number of neurons that fired.
MESOPOP_INLINE std::int64_t lif_neurons_body(const LifNeuronsStep& s) {
  const double decay = s.membrane.decay, shift = s.membrane.shift, jump = s.membrane.jump;
  const double factor = s.jump_factor, now = s.step;
  const HalfStepHazard escape = s.escape;
  std::int64_t count = 0;
  for (std::int64_t block = 0; block < s.padded_size; block += kNeuronBlock) {
    double* const v = s.potential + block;
    double* const h = s.hazard + block;
    double* const remaining = s.remaining + block;
    const double* const wake = s.wake + block;
    double lowest = std::numeric_limits<double>::infinity();
#pragma omp simd reduction(min : lowest)
    for (std::int64_t i = 0; i < kNeuronBlock; ++i) {
      const bool active = wake[i] <= now;
      const double v_end = decay * (v[i] + jump) + shift;
      const double h_end = escape(v_end);
      const double left = remaining[i] - (h[i] * factor + h_end);
      v[i] = active ? v_end : v[i];
      h[i] = active ? h_end : h[i];
      const double r = active ? left : remaining[i];
      remaining[i] = r;
      lowest = r < lowest ? r : lowest;
    }
    if (lowest > 0.0) continue;
    for (std::int64_t i = 0; i < kNeuronBlock; ++i) {
      if (!(remaining[i] > 0.0)) s.fired[count++] = block + i;
    }
  }
  return count;
}

}  // namespace mesopop
