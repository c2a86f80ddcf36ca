// One step of the age bins of the population activity equation (SDG17): survivors expected and their variance.
#pragma once

#include <cstdint>

#include "kernels/bin_step.hpp"
#include "model/hazard.hpp"
#include "model/synaptic_input.hpp"
#include "numerics/simd.hpp"

namespace mesopop {

struct AgeBinStep {
  std::int64_t size;  // arrays extend to the next multiple of kLanes with zero count and variance
  double* potential;
  double* hazard;    // half-step hazard at the end of the previous step
  double* count;     // m: expected survivors, in neurons
  double* variance;  // z: their variance
  MembraneStep membrane;
  HalfStepHazard escape;
  double jump_factor;       // of the hazard, by the potential jump at the start of the step
  const double* threshold;  // rise of the threshold at the end of the step; null without adaptation
  const double* pull;       // what adaptation currents take from the potential
};

struct AgeBinSums {
  double expected_spikes;  // W = sum P m
  double count;            // sum m before the step
  double variance_spikes;  // Y = sum P z
  double variance;         // Z = sum z before the step
};

namespace detail {

template <bool adaptive, bool softplus>
MESOPOP_INLINE AgeBinSums step_age_bins(const AgeBinStep& s) {
  const MembraneStep membrane = s.membrane;
  const double factor = s.jump_factor;
  const HalfStepHazard escape = s.escape;
  double w[kLanes] = {}, x[kLanes] = {}, y[kLanes] = {}, z[kLanes] = {};
  // Two passes over a chunk: the chains of two exponentials in one pass leave the processor waiting.
  constexpr std::int64_t chunk = 8 * kLanes;
  double integrated[chunk];
  for (std::int64_t begin = 0; begin < s.size; begin += chunk) {
    const std::int64_t end = s.size - begin < chunk ? s.size - begin : chunk;
    for (std::int64_t first = 0; first < end; first += kLanes) {
      double* const potential = s.potential + begin + first;
      double* const hazard = s.hazard + begin + first;
      const double* const threshold = adaptive ? s.threshold + begin + first : nullptr;
      const double* const pull = adaptive ? s.pull + begin + first : nullptr;
#pragma omp simd
      for (int i = 0; i < kLanes; ++i) {
        integrated[first + i] =
            step_bin<adaptive, softplus>(membrane, escape, factor, threshold, pull, i, potential, hazard);
      }
    }
    for (std::int64_t first = 0; first < end; first += kLanes) {
      double* const count = s.count + begin + first;
      double* const variance = s.variance + begin + first;
#pragma omp simd
      for (int i = 0; i < kLanes; ++i) {
        const double p = event_probability(integrated[first + i]);
        const double spikes = p * count[i], survive = 1.0 - p;
        w[i] += spikes;
        x[i] += count[i];
        y[i] += p * variance[i];
        z[i] += variance[i];
        // Counts of the diffusion approximation can be negative, their variance cannot.
        const double magnitude = spikes < 0.0 ? -spikes : spikes;
        variance[i] = survive * survive * variance[i] + survive * magnitude;
        count[i] -= spikes;
      }
    }
  }
  return {sum_lanes(w), sum_lanes(x), sum_lanes(y), sum_lanes(z)};
}

template <bool softplus>
MESOPOP_INLINE AgeBinSums step_age_bins(const AgeBinStep& s) {
  return s.threshold ? step_age_bins<true, softplus>(s) : step_age_bins<false, softplus>(s);
}

}  // namespace detail

MESOPOP_INLINE AgeBinSums age_bins_body(const AgeBinStep& s) {
  return s.escape.softplus ? detail::step_age_bins<true>(s) : detail::step_age_bins<false>(s);
}

}  // namespace mesopop
