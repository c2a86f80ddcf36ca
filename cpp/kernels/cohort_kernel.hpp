// One step of the cohorts of the renewal closure: potentials and integrated hazards.
#pragma once

#include <cstdint>

#include "kernels/bin_step.hpp"
#include "model/cross_moments.hpp"
#include "model/hazard.hpp"
#include "model/moments.hpp"
#include "model/synaptic_input.hpp"
#include "numerics/simd.hpp"

namespace mesopop {

struct CohortStep {
  std::int64_t size;  // arrays extend to the next multiple of kLanes with zero count
  double* potential;
  double* hazard;       // half-step hazard at the end of the previous step
  const double* count;  // M: neurons
  double* integrated;   // out: hazard of the step, per neuron
  MembraneStep membrane;
  HalfStepHazard escape;
  double jump_factor;       // of the hazard, by the potential jump at the start of the step
  const double* threshold;  // rise of the threshold at the end of the step; null without adaptation
  const double* pull;       // what adaptation currents take from the potential
};

namespace detail {

template <bool adaptive, bool softplus>
MESOPOP_INLINE double step_cohorts(const CohortStep& s) {
  const MembraneStep membrane = s.membrane;
  const double factor = s.jump_factor;
  const HalfStepHazard escape = s.escape;
  double total[kLanes] = {};
  for (std::int64_t first = 0; first < s.size; first += kLanes) {
    double* const potential = s.potential + first;
    double* const hazard = s.hazard + first;
    double* const integrated = s.integrated + first;
    const double* const count = s.count + first;
    const double* const threshold = adaptive ? s.threshold + first : nullptr;
    const double* const pull = adaptive ? s.pull + first : nullptr;
#pragma omp simd
    for (int i = 0; i < kLanes; ++i) {
      integrated[i] = step_bin<adaptive, softplus>(membrane, escape, factor, threshold, pull, i, potential, hazard);
      total[i] += count[i] * integrated[i];
    }
  }
  return sum_lanes(total);
}

template <bool softplus>
MESOPOP_INLINE double step_cohorts(const CohortStep& s) {
  return s.threshold ? step_cohorts<true, softplus>(s) : step_cohorts<false, softplus>(s);
}

}  // namespace detail

// Returns the integrated hazard of all neurons together.
MESOPOP_INLINE double cohorts_body(const CohortStep& s) {
  return s.escape.softplus ? detail::step_cohorts<true>(s) : detail::step_cohorts<false>(s);
}

// Relaxation by one step of the moments of (u, x) in every cohort.
struct CohortRelaxation {
  std::int64_t size;
  MomentColumns moments;
  Plasticity plasticity;
};

MESOPOP_INLINE void relax_cohorts_body(const CohortRelaxation& s) {
  const double decay_u = s.plasticity.decay_u, decay_x = s.plasticity.decay_x;
  for (std::int64_t first = 0; first < s.size; first += kLanes) {
#pragma omp simd
    for (int i = 0; i < kLanes; ++i) {
      s.moments.set(first + i, relaxed(s.moments.get(first + i), s.plasticity, decay_u, decay_x));
    }
  }
}

// And of the covariances between two sets.
struct CohortPairRelaxation {
  std::int64_t size;
  CrossColumns cross;
  Decays a, b;
};

MESOPOP_INLINE void relax_cohort_pairs_body(const CohortPairRelaxation& s) {
  const Decays a = s.a, b = s.b;
  for (std::int64_t first = 0; first < s.size; first += kLanes) {
#pragma omp simd
    for (int i = 0; i < kLanes; ++i) s.cross.set(first + i, relaxed(s.cross.get(first + i), a, b));
  }
}

}  // namespace mesopop
