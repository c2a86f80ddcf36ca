// One step of LNP neurons whose potentials differ, a range of those of a population.
#pragma once

#include <cstdint>
#include <limits>
#include <variant>

#include "kernels/input_kernel.hpp"
#include "kernels/neuron_block.hpp"
#include "model/hazard.hpp"
#include "model/membrane.hpp"
#include "numerics/simd.hpp"

namespace mesopop {

struct LnpNeuronsStep {
  std::int64_t first, last;  // arrays are padded to a multiple of kNeuronBlock, of which `first` is one
  double* potential;
  double* rate;           // at the end of the previous step, 1/ms
  double* remaining;      // integrated hazard left until the next spike
  MembraneStep membrane;  // what all neurons share
  double half_step;       // ms
  const std::variant<Softplus, ExponentialEscape>* transfer;
  const NeuronInputStep* input;
  std::int64_t* fired;  // out: indices in ascending order
};

namespace detail {

template <class Transfer>
MESOPOP_INLINE RangeFired step_lnp_neurons(const LnpNeuronsStep& s, const Transfer function) {
  const double decay = s.membrane.decay, half_step = s.half_step;
  const bool jumps = s.input->jump || s.membrane.jump != 0.0;
  double shift_of[kNeuronBlock], jump_of[kNeuronBlock];
  RangeFired found{0, 0.0};
  for (std::int64_t block = s.first; block < s.last; block += kNeuronBlock) {
    double* const h = s.potential + block;
    double* const rate = s.rate + block;
    double* const remaining = s.remaining + block;
    found.input_check += take_input(*s.input, block, s.membrane.shift, shift_of);
    if (s.input->jump) {
      found.input_check += take_jump(*s.input, block, s.membrane.jump, jump_of);
    } else {
      for (std::int64_t i = 0; i < kNeuronBlock; ++i) jump_of[i] = s.membrane.jump;
    }
    if (jumps) {
#pragma omp simd
      for (std::int64_t i = 0; i < kNeuronBlock; ++i) {
        h[i] += jump_of[i];
        rate[i] = transfer(function, h[i]);
      }
    }
    double lowest = std::numeric_limits<double>::infinity();
#pragma omp simd reduction(min : lowest)
    for (std::int64_t i = 0; i < kNeuronBlock; ++i) {
      h[i] = decay * h[i] + shift_of[i];
      const double rate_end = transfer(function, h[i]);
      const double r = remaining[i] - half_step * (rate[i] + rate_end);
      rate[i] = rate_end;
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

}  // namespace detail

MESOPOP_INLINE RangeFired lnp_neurons_body(const LnpNeuronsStep& s) {
  if (const auto* softplus = std::get_if<Softplus>(s.transfer)) return detail::step_lnp_neurons(s, *softplus);
  return detail::step_lnp_neurons(s, std::get<ExponentialEscape>(*s.transfer));
}

}  // namespace mesopop
