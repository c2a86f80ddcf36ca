// One step of LIF neurons with escape noise, a range of those of a population.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/input_kernel.hpp"
#include "kernels/neuron_block.hpp"
#include "model/hazard.hpp"
#include "model/synaptic_input.hpp"
#include "numerics/simd.hpp"

namespace mesopop {

struct LifNeuronsStep {
  std::int64_t first, last;  // arrays are padded to a multiple of kNeuronBlock, of which `first` is one
  double* potential;
  double* hazard;      // half-step hazard at the end of the previous step
  double* remaining;   // integrated hazard left until the next spike
  const double* wake;  // first step outside refractoriness
  double step;
  MembraneStep membrane;  // what all neurons share
  HalfStepHazard escape;
  bool starts_anew;               // the hazard at the start of the step is computed from the potential after its jump
  double jump_factor;             // if not: of the hazard, by that jump
  const double* threshold;        // rise of the threshold at the end of the step; null without adaptation
  const double* pull;             // what adaptation currents take from the potential
  const NeuronInputStep* input;   // what differs between neurons; null: nothing
  const double* start_threshold;  // the rise at the start of the step; if it is needed for that
  std::int64_t* fired;            // out: indices in ascending order
};

namespace detail {

template <bool softplus, bool adaptive, bool private_input, bool private_jump, bool starts_anew>
MESOPOP_INLINE RangeFired step_lif_neurons(const LifNeuronsStep& s) {
  const double decay = s.membrane.decay, shift = s.membrane.shift, jump = s.membrane.jump;
  const double factor = s.jump_factor, now = s.step;
  const HalfStepHazard escape = s.escape;
  double shift_of[kNeuronBlock], jump_of[kNeuronBlock];
  RangeFired found{0, 0.0};
  for (std::int64_t block = s.first; block < s.last; block += kNeuronBlock) {
    double* const v = s.potential + block;
    double* const h = s.hazard + block;
    double* const remaining = s.remaining + block;
    const double* const wake = s.wake + block;
    const double* const threshold = adaptive ? s.threshold + block : nullptr;
    const double* const pull = adaptive ? s.pull + block : nullptr;
    const double* const start_threshold = adaptive && starts_anew ? s.start_threshold + block : nullptr;
    if (private_input) found.input_check += take_input(*s.input, block, shift, shift_of);
    if (private_jump) found.input_check += take_jump(*s.input, block, jump, jump_of);
    double lowest = std::numeric_limits<double>::infinity();
#pragma omp simd reduction(min : lowest)
    for (std::int64_t i = 0; i < kNeuronBlock; ++i) {
      const bool active = wake[i] <= now;
      const double v_start = v[i] + (private_jump ? jump_of[i] : jump);
      double v_end = decay * v_start + (private_input ? shift_of[i] : shift);
      if (adaptive) v_end -= pull[i];
      v_end = active ? v_end : v[i];
      const double h_start =
          starts_anew ? escape.at<softplus>(adaptive ? v_start - start_threshold[i] : v_start) : h[i] * factor;
      // A neuron at rest keeps its hazard, unless its threshold moves.
      const double h_end = escape.at<softplus>(adaptive ? v_end - threshold[i] : v_end);
      const double left = remaining[i] - (h_start + h_end);
      const double r = active ? left : remaining[i];
      v[i] = v_end;
      h[i] = h_end;
      remaining[i] = r;
      lowest = r < lowest ? r : lowest;
    }
    if (lowest > 0.0) continue;
    const std::int64_t last = s.last - block < kNeuronBlock ? s.last - block : kNeuronBlock;
    for (std::int64_t i = 0; i < last; ++i) {
      if (!(remaining[i] > 0.0)) s.fired[found.count++] = block + i;
    }
  }
  return found;
}

template <bool softplus, bool adaptive>
MESOPOP_INLINE RangeFired step_lif_neurons(const LifNeuronsStep& s) {
  if (s.input && s.input->jump) return step_lif_neurons<softplus, adaptive, true, true, true>(s);
  if (s.input) {
    return s.starts_anew ? step_lif_neurons<softplus, adaptive, true, false, true>(s)
                         : step_lif_neurons<softplus, adaptive, true, false, false>(s);
  }
  return s.starts_anew ? step_lif_neurons<softplus, adaptive, false, false, true>(s)
                       : step_lif_neurons<softplus, adaptive, false, false, false>(s);
}

template <bool softplus>
MESOPOP_INLINE RangeFired step_lif_neurons(const LifNeuronsStep& s) {
  return s.threshold ? step_lif_neurons<softplus, true>(s) : step_lif_neurons<softplus, false>(s);
}

}  // namespace detail

MESOPOP_INLINE RangeFired lif_neurons_body(const LifNeuronsStep& s) {
  return s.escape.softplus ? detail::step_lif_neurons<true>(s) : detail::step_lif_neurons<false>(s);
}

}  // namespace mesopop
