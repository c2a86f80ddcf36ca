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
  std::int64_t size;  // arrays are padded to a multiple of kNeuronBlock
  double* potential;
  double* hazard;      // half-step hazard at the end of the previous step
  double* remaining;   // integrated hazard left until the next spike
  const double* wake;  // first step outside refractoriness
  double step;
  MembraneStep membrane;
  HalfStepHazard escape;
  double jump_factor;       // of the hazard, by the potential jump at the start of the step
  const double* threshold;  // rise of the threshold at the end of the step; null without adaptation
  const double* pull;       // what adaptation currents take from the potential
  std::int64_t* fired;      // out: indices in ascending order
};

namespace detail {

template <bool adaptive>
MESOPOP_INLINE std::int64_t step_lif_neurons(const LifNeuronsStep& s) {
  const double decay = s.membrane.decay, shift = s.membrane.shift, jump = s.membrane.jump;
  const double factor = s.jump_factor, now = s.step;
  const HalfStepHazard escape = s.escape;
  std::int64_t count = 0;
  for (std::int64_t block = 0; block < s.size; block += kNeuronBlock) {
    double* const v = s.potential + block;
    double* const h = s.hazard + block;
    double* const remaining = s.remaining + block;
    const double* const wake = s.wake + block;
    const double* const threshold = adaptive ? s.threshold + block : nullptr;
    const double* const pull = adaptive ? s.pull + block : nullptr;
    double lowest = std::numeric_limits<double>::infinity();
#pragma omp simd reduction(min : lowest)
    for (std::int64_t i = 0; i < kNeuronBlock; ++i) {
      const bool active = wake[i] <= now;
      double v_end = decay * (v[i] + jump) + shift;
      if (adaptive) v_end -= pull[i];
      v_end = active ? v_end : v[i];
      // A neuron at rest keeps its hazard, unless its threshold moves.
      const double h_end = escape(adaptive ? v_end - threshold[i] : v_end);
      const double left = remaining[i] - (h[i] * factor + h_end);
      const double r = active ? left : remaining[i];
      v[i] = v_end;
      h[i] = h_end;
      remaining[i] = r;
      lowest = r < lowest ? r : lowest;
    }
    if (lowest > 0.0) continue;
    const std::int64_t last = s.size - block < kNeuronBlock ? s.size - block : kNeuronBlock;
    for (std::int64_t i = 0; i < last; ++i) {
      if (!(remaining[i] > 0.0)) s.fired[count++] = block + i;
    }
  }
  return count;
}

}  // namespace detail

// Returns the number of neurons that fired.
MESOPOP_INLINE std::int64_t lif_neurons_body(const LifNeuronsStep& s) {
  return s.threshold ? detail::step_lif_neurons<true>(s) : detail::step_lif_neurons<false>(s);
}

}  // namespace mesopop
