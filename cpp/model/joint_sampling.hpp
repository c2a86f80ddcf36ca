// The mean (u, x) of all STP sets of a population over the neurons that are drawn from a group: one normal vector, with
// the covariance of the group times the spread. Set after set is drawn given those before, by a Cholesky factorisation,
// in lanes of several groups.
#pragma once

#include <cmath>
#include <cstddef>

#include "model/cross_moments.hpp"
#include "model/moments.hpp"
#include "numerics/simd.hpp"

namespace mesopop {

// Of up to `room` groups.
template <int room>
struct JointSetLanes {
  double zu[room], zx[room];             // in: standard normal
  double vu[room], vx[room], c[room];    // in: covariance of the group; then what is left of it
  double du[room], dx[room];             // out: deviation of the mean
  double all_u[room], all_x[room];       // scratch: variances of the group
  double fu[room], fxu[room], fx[room];  // scratch: Cholesky factor of the covariance that is left
  // Scratch: loadings of u and x on the two numbers of the set drawn last.
  double uu[room], ux[room], xu[room], xx[room];
};

template <int room>
struct JointPairLanes {
  double uu[room], ux[room], xu[room], xx[room];  // in: of the group; then what is left of it
};

namespace detail {

// A part of a variance below is neglected between sets: dividing by it would make large errors of rounding errors.
inline constexpr double kNegligible = 1e-6;

// What is left of a variance `all`.
MESOPOP_INLINE double rest(double left, double all) { return left > kNegligible * all ? left : 0.0; }

// At most the root of `square` in magnitude. A root that is rarely needed does not delay what follows.
MESOPOP_INLINE double limited(double value, double square) {
  if (value * value <= square) return value;
  return value > 0.0 ? std::sqrt(square) : -std::sqrt(square);
}

// Covariance / root, and 0 where there is no root; never more than explains the whole of the variance that is left,
// which rounding or the negative numbers of spikes of the diffusion approximation would otherwise make of it.
MESOPOP_INLINE double loading(double covariance, double root, double variance) {
  return root > 0.0 ? limited(covariance / root, variance) : 0.0;
}

// The set's own two numbers, given those of the sets before.
template <int width, int room>
MESOPOP_INLINE void draw_set(JointSetLanes<room>& s, const double* spread, double rounding) {
#pragma omp simd
  for (int i = 0; i < width; ++i) {
    const Factor f = factored(s.vu[i], s.vx[i], s.c[i], s.all_u[i], s.all_x[i], rounding);
    const double own = std::sqrt(f.vu * spread[i]) * s.zu[i];
    const double root = std::sqrt(spread[i]);
    s.du[i] = root * s.du[i] + own;
    s.dx[i] = root * s.dx[i] + (f.slope * own + std::sqrt(f.vx_given_u * spread[i]) * s.zx[i]);
    s.fu[i] = std::sqrt(f.vu);
    s.fxu[i] = f.slope * s.fu[i];
    s.fx[i] = std::sqrt(rest(f.vx_given_u, s.all_x[i]));
  }
}

// What the numbers of set `a` imply for the later set `b`, and what they leave open.
template <int width, int room>
MESOPOP_INLINE void condition_set(const JointSetLanes<room>& a, const JointPairLanes<room>& cross,
                                  JointSetLanes<room>& b) {
#pragma omp simd
  for (int i = 0; i < width; ++i) {
    double vu = b.vu[i], vx = b.vx[i];
    const double uu = loading(cross.uu[i], a.fu[i], vu);
    vu = rest(vu - uu * uu, b.all_u[i]);
    const double ux = loading(cross.xu[i] - a.fxu[i] * uu, a.fx[i], vu);
    vu = rest(vu - ux * ux, b.all_u[i]);
    const double xu = loading(cross.ux[i], a.fu[i], vx);
    vx = rest(vx - xu * xu, b.all_x[i]);
    const double xx = loading(cross.xx[i] - a.fxu[i] * xu, a.fx[i], vx);
    vx = rest(vx - xx * xx, b.all_x[i]);
    b.du[i] += uu * a.zu[i] + ux * a.zx[i];
    b.dx[i] += xu * a.zu[i] + xx * a.zx[i];
    b.vu[i] = vu;
    b.vx[i] = vx;
    b.c[i] = limited(b.c[i] - uu * xu - ux * xx, vu * vx);
    b.uu[i] = uu;
    b.ux[i] = ux;
    b.xu[i] = xu;
    b.xx[i] = xx;
  }
}

// What is left of the covariance of two sets that are both conditioned.
template <int width, int room>
MESOPOP_INLINE void condition_pair(const JointSetLanes<room>& a, const JointSetLanes<room>& b,
                                   JointPairLanes<room>& cross) {
#pragma omp simd
  for (int i = 0; i < width; ++i) {
    cross.uu[i] -= a.uu[i] * b.uu[i] + a.ux[i] * b.ux[i];
    cross.ux[i] -= a.uu[i] * b.xu[i] + a.ux[i] * b.xx[i];
    cross.xu[i] -= a.xu[i] * b.uu[i] + a.xx[i] * b.ux[i];
    cross.xx[i] -= a.xu[i] * b.xu[i] + a.xx[i] * b.xx[i];
  }
}

}  // namespace detail

// For `width` groups; set(s) and pair(pair_number) give their lanes. The first set is drawn as it is alone.
template <int width, class Set, class Pair>
MESOPOP_INLINE void draw_jointly(std::size_t sets, const double* spread, Set set, Pair pair) {
  for (std::size_t s = 0; s < sets; ++s) {
    auto& lanes = set(s);
#pragma omp simd
    for (int i = 0; i < width; ++i) {
      lanes.all_u[i] = lanes.vu[i] = detail::rest(lanes.vu[i], 0.0);
      lanes.all_x[i] = lanes.vx[i] = detail::rest(lanes.vx[i], 0.0);
      lanes.du[i] = lanes.dx[i] = 0.0;
    }
  }
  for (std::size_t a = 0; a < sets; ++a) {
    detail::draw_set<width>(set(a), spread, a == 0 ? kRounding : detail::kNegligible);
    for (std::size_t b = a + 1; b < sets; ++b) {
      detail::condition_set<width>(set(a), pair(pair_number(a, b)), set(b));
      for (std::size_t c = a + 1; c < b; ++c) {
        detail::condition_pair<width>(set(c), set(b), pair(pair_number(c, b)));
      }
    }
  }
}

}  // namespace mesopop
