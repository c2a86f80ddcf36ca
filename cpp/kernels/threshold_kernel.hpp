// One step of a population whose neurons all have the same hazard (Poisson, LNP).
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/neuron_block.hpp"
#include "numerics/simd.hpp"

namespace mesopop {

struct ThresholdStep {
  std::int64_t size;         // arrays are padded to a multiple of kNeuronBlock
  double* remaining;         // integrated hazard left until the next spike
  double integrated_hazard;  // of the step
  std::int64_t* fired;       // out: indices in ascending order
};

// Returns the number of neurons that fired.
MESOPOP_INLINE std::int64_t thresholds_body(const ThresholdStep& s) {
  const double hazard = s.integrated_hazard;
  std::int64_t count = 0;
  for (std::int64_t block = 0; block < s.size; block += kNeuronBlock) {
    double* const remaining = s.remaining + block;
    double lowest = std::numeric_limits<double>::infinity();
#pragma omp simd reduction(min : lowest)
    for (std::int64_t i = 0; i < kNeuronBlock; ++i) {
      const double r = remaining[i] - hazard;
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

}  // namespace mesopop
