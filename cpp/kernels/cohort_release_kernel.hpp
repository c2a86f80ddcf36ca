// What the neurons that fire release, cohort by cohort, and the moments of (u, x) of those that remain and of the new
// cohort that those that fire become.
#pragma once

#include <cstdint>

#include "model/moments.hpp"
#include "model/tsodyks_markram.hpp"
#include "numerics/simd.hpp"
#include "random/lane_stream.hpp"

namespace mesopop {

struct CohortRelease {
  std::int64_t size;      // cohorts that fire; arrays extend to the next multiple of kLanes with zeros
  const double* count;    // M: neurons before
  const double* fired;    // k: those that fire
  MomentColumns moments;  // in: of the cohort; out: of the neurons that remain
  MomentColumns after;    // scratch
  Plasticity plasticity;
  bool sampled;  // false: those that fire are the average of their cohort
  LaneDraws draws;
};

struct CohortReleaseSums {
  double release;    // total
  double excess_u;   // change of the sum of u over all neurons
  double deficit_x;  // of 1 - x
  Moments born;      // of all that fired, after their spikes
};

namespace detail {

struct ReleaseLanes {
  double fired[kLanes] = {}, release[kLanes] = {}, excess_u[kLanes] = {}, deficit_x[kLanes] = {};
  double u[kLanes] = {}, x[kLanes] = {};
};

// The neurons of cohort `i` that are drawn, k = fired of them, fire.
MESOPOP_INLINE void fire_sample(const Sample& sample, double k, const Plasticity& plasticity, std::int64_t i, int lane,
                                const MomentColumns& moments, const MomentColumns& all_after, ReleaseLanes& sum) {
  const Moments after = after_spike(sample.drawn, plasticity);
  moments.set(i, sample.remaining);
  all_after.set(i, after);
  sum.fired[lane] += k;
  sum.release[lane] += k * sample.drawn.release();
  sum.excess_u[lane] += k * (after.u - sample.drawn.u);
  sum.deficit_x[lane] += k * (sample.drawn.x - after.x);
  sum.u[lane] += k * after.u;
  sum.x[lane] += k * after.x;
}

template <bool random>
MESOPOP_INLINE void release_cohort(const CohortRelease& s, std::int64_t i, int lane, ReleaseLanes& sum) {
  const double k = s.fired[i];
  const Moments before = s.moments.get(i);
  Sample sample{before, before};
  if (random) {
    const NumberPair z = normal_pair(s.draws.uniforms(static_cast<std::uint64_t>(i)));
    sample = sampled(before, s.count[i], k, z.first, z.second);
  }
  fire_sample(sample, k, s.plasticity, i, lane, s.moments, s.after, sum);
}

// Sums, and the mixture of all that fired.
MESOPOP_INLINE CohortReleaseSums summed(std::int64_t size, const double* fired, const MomentColumns& all_after,
                                        const ReleaseLanes& sum) {
  // One cohort alone is the most frequent case; the zeros of the other lanes would add nothing.
  if (size == 1) return {sum.release[0], sum.excess_u[0], sum.deficit_x[0], all_after.get(0)};
  const double weight = 1.0 / sum_lanes(sum.fired);
  Moments born;
  born.u = weight * sum_lanes(sum.u);
  born.x = weight * sum_lanes(sum.x);
  double vu[kLanes] = {}, vx[kLanes] = {}, c[kLanes] = {};
  for (std::int64_t first = 0; first < size; first += kLanes) {
#pragma omp simd
    for (int i = 0; i < kLanes; ++i) {
      const double k = fired[first + i];
      const Moments after = all_after.get(first + i);
      const double du = after.u - born.u, dx = after.x - born.x;
      vu[i] += k * (after.vu + du * du);
      vx[i] += k * (after.vx + dx * dx);
      c[i] += k * (after.c + du * dx);
    }
  }
  born.vu = weight * sum_lanes(vu);
  born.vx = weight * sum_lanes(vx);
  born.c = weight * sum_lanes(c);
  return {sum_lanes(sum.release), sum_lanes(sum.excess_u), sum_lanes(sum.deficit_x), born};
}

template <bool random>
MESOPOP_INLINE CohortReleaseSums release_cohorts(const CohortRelease& s) {
  ReleaseLanes sum;
  if (s.size == 1) {
    release_cohort<random>(s, 0, 0, sum);
  } else {
    for (std::int64_t first = 0; first < s.size; first += kLanes) {
#pragma omp simd
      for (int i = 0; i < kLanes; ++i) release_cohort<random>(s, first + i, i, sum);
    }
  }
  return summed(s.size, s.fired, s.after, sum);
}

}  // namespace detail

MESOPOP_INLINE CohortReleaseSums cohort_release_body(const CohortRelease& s) {
  return s.sampled ? detail::release_cohorts<true>(s) : detail::release_cohorts<false>(s);
}

}  // namespace mesopop
