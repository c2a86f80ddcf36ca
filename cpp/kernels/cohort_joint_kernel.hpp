// What the neurons that fire release, cohort by cohort, where their population has several STP sets: the means of all
// sets over these neurons are drawn together.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cohort_release_kernel.hpp"
#include "model/cross_moments.hpp"
#include "model/joint_sampling.hpp"
#include "model/moments.hpp"
#include "model/tsodyks_markram.hpp"
#include "numerics/simd.hpp"
#include "random/lane_stream.hpp"

namespace mesopop {

struct CohortJointSet {
  MomentColumns moments;  // in: of the cohort; out: of the neurons that remain
  MomentColumns after;    // scratch
  Plasticity plasticity;
  LaneDraws draws;
  CohortReleaseSums sums;       // out
  JointSetLanes<kLanes> lanes;  // scratch
  detail::ReleaseLanes lane;    // scratch
};

struct CohortJointPair {
  CrossColumns cross;            // in: of the cohort; out: of the neurons that remain
  CrossColumns after;            // scratch
  CrossMoments born;             // out: of all that fired, after their spikes
  JointPairLanes<kLanes> lanes;  // scratch
};

struct CohortJointRelease {
  std::int64_t size;    // cohorts that fire; arrays extend to the next multiple of kLanes with zeros
  const double* count;  // M: neurons before
  const double* fired;  // k: those that fire
  std::size_t sets;
  CohortJointSet* set;
  CohortJointPair* pair;  // by pair_number
};

namespace detail {

struct DivisionLanes {
  double spread[kLanes], within[kLanes], shift[kLanes], kept[kLanes];

  MESOPOP_INLINE Division get(int i) const { return {spread[i], within[i], shift[i], kept[i]}; }
};

template <int width>
MESOPOP_INLINE void draw_cohorts(const CohortJointRelease& s, std::int64_t first, const DivisionLanes& by) {
  for (std::size_t set = 0; set < s.sets; ++set) {
    CohortJointSet& of = s.set[set];
    JointSetLanes<kLanes>& lanes = of.lanes;
#pragma omp simd
    for (int i = 0; i < width; ++i) {
      const NumberPair z = normal_pair(of.draws.uniforms(static_cast<std::uint64_t>(first + i)));
      const Moments m = of.moments.get(first + i);
      lanes.zu[i] = z.first;
      lanes.zx[i] = z.second;
      lanes.vu[i] = m.vu;
      lanes.vx[i] = m.vx;
      lanes.c[i] = m.c;
    }
  }
  for (std::size_t p = 0; p < number_of_pairs(s.sets); ++p) {
    JointPairLanes<kLanes>& lanes = s.pair[p].lanes;
    const CrossColumns cross = s.pair[p].cross;
#pragma omp simd
    for (int i = 0; i < width; ++i) {
      const CrossMoments m = cross.get(first + i);
      lanes.uu[i] = m.uu;
      lanes.ux[i] = m.ux;
      lanes.xu[i] = m.xu;
      lanes.xx[i] = m.xx;
    }
  }
  draw_jointly<width>(
      s.sets, by.spread, [&](std::size_t set) -> JointSetLanes<kLanes>& { return s.set[set].lanes; },
      [&](std::size_t pair) -> JointPairLanes<kLanes>& { return s.pair[pair].lanes; });
}

template <int width>
MESOPOP_INLINE void release_cohorts_jointly(const CohortJointRelease& s, std::int64_t first) {
  DivisionLanes by;
#pragma omp simd
  for (int i = 0; i < width; ++i) {
    const Division division = divided(s.count[first + i], s.fired[first + i]);
    by.spread[i] = division.spread;
    by.within[i] = division.within;
    by.shift[i] = division.shift;
    by.kept[i] = division.kept;
  }
  draw_cohorts<width>(s, first, by);
  // Pairs first: they need the means of their sets before.
  for_each_pair(s.sets, [&](std::size_t a, std::size_t b, std::size_t number) {
    CohortJointPair& pair = s.pair[number];
    const CohortJointSet &of_a = s.set[a], &of_b = s.set[b];
#pragma omp simd
    for (int i = 0; i < width; ++i) {
      const CrossMoments cross = pair.cross.get(first + i);
      const Sample in_a = parted(of_a.moments.get(first + i), by.get(i), of_a.lanes.du[i], of_a.lanes.dx[i]);
      const Sample in_b = parted(of_b.moments.get(first + i), by.get(i), of_b.lanes.du[i], of_b.lanes.dx[i]);
      pair.after.set(first + i,
                     after_spike(cross * by.within[i], in_a.drawn, of_a.plasticity, in_b.drawn, of_b.plasticity));
      pair.cross.set(first + i, cross * by.kept[i]);
    }
  });
  for (std::size_t set = 0; set < s.sets; ++set) {
    CohortJointSet& of = s.set[set];
#pragma omp simd
    for (int i = 0; i < width; ++i) {
      const Sample sample = parted(of.moments.get(first + i), by.get(i), of.lanes.du[i], of.lanes.dx[i]);
      fire_sample(sample, s.fired[first + i], of.plasticity, first + i, i, of.moments, of.after, of.lane);
    }
  }
}

// Covariances over all that fired.
MESOPOP_INLINE CrossMoments born_together(const CohortJointRelease& s, const CohortJointSet& a, const CohortJointSet& b,
                                          const CrossColumns& after) {
  if (s.size == 1) return after.get(0);
  const PairMeans born = means(a.sums.born, b.sums.born);
  double uu[kLanes] = {}, ux[kLanes] = {}, xu[kLanes] = {}, xx[kLanes] = {};
  for (std::int64_t first = 0; first < s.size; first += kLanes) {
#pragma omp simd
    for (int i = 0; i < kLanes; ++i) {
      const double k = s.fired[first + i];
      const CrossMoments m = about(after.get(first + i), means(a.after.get(first + i), b.after.get(first + i)), born);
      uu[i] += k * m.uu;
      ux[i] += k * m.ux;
      xu[i] += k * m.xu;
      xx[i] += k * m.xx;
    }
  }
  return CrossMoments{sum_lanes(uu), sum_lanes(ux), sum_lanes(xu), sum_lanes(xx)} * (1.0 / sum_lanes(a.lane.fired));
}

}  // namespace detail

MESOPOP_INLINE void cohort_joint_release_body(const CohortJointRelease& s) {
  for (std::size_t set = 0; set < s.sets; ++set) s.set[set].lane = {};
  if (s.size == 1) {
    detail::release_cohorts_jointly<1>(s, 0);
  } else {
    for (std::int64_t first = 0; first < s.size; first += kLanes) {
      detail::release_cohorts_jointly<kLanes>(s, first);
    }
  }
  for (std::size_t set = 0; set < s.sets; ++set) {
    CohortJointSet& of = s.set[set];
    of.sums = detail::summed(s.size, s.fired, of.after, of.lane);
  }
  for_each_pair(s.sets, [&](std::size_t a, std::size_t b, std::size_t number) {
    s.pair[number].born = detail::born_together(s, s.set[a], s.set[b], s.pair[number].after);
  });
}

}  // namespace mesopop
