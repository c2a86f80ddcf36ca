// One step of adaptation: exponential traces of past spikes, of neurons or of age bins.
#pragma once

#include <cstdint>

#include "numerics/simd.hpp"

namespace mesopop {

struct AdaptationStep {
  std::int64_t first, last;  // arrays extend to the next multiple of kLanes, of which `first` is one
  std::int64_t traces;
  double* const* trace;            // per trace: its value for every element
  const double* decay;             // per trace: over one step
  const double* threshold_weight;  // per trace: contribution to the threshold
  const double* current_gain;      // per trace: what the current takes from the potential during the step
  double* threshold;               // out: rise of the threshold at the end of the step, mV
  double* pull;                    // out: what currents take from the potential, mV
};

MESOPOP_INLINE void adaptation_body(const AdaptationStep& s) {
  for (std::int64_t first = s.first; first < s.last; first += kLanes) {
    double threshold[kLanes] = {}, pull[kLanes] = {};
    for (std::int64_t k = 0; k < s.traces; ++k) {
      double* const trace = s.trace[k] + first;
      const double decay = s.decay[k], weight = s.threshold_weight[k], gain = s.current_gain[k];
#pragma omp simd
      for (int i = 0; i < kLanes; ++i) {
        pull[i] += gain * trace[i];
        trace[i] *= decay;
        threshold[i] += weight * trace[i];
      }
    }
    for (int i = 0; i < kLanes; ++i) {
      s.threshold[first + i] = threshold[i];
      s.pull[first + i] = pull[i];
    }
  }
}

}  // namespace mesopop
