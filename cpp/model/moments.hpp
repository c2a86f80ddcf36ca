// Means and covariance of (u, x) over a group of presynaptic neurons, and what happens to them: relaxation, the jump
// at a spike, sampling the neurons that fire, mixing groups.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/tsodyks_markram.hpp"
#include "numerics/simd.hpp"

namespace mesopop {

struct Moments {
  double u = 0.0, x = 0.0;             // means
  double vu = 0.0, vx = 0.0, c = 0.0;  // variances and covariance over the group

  // Mean release of a spike, <u x>.
  double release() const { return u * x + c; }
};

// Moments of many groups, column by column.
struct MomentColumns {
  double *u, *x, *vu, *vx, *c;

  MESOPOP_INLINE Moments get(std::int64_t i) const { return {u[i], x[i], vu[i], vx[i], c[i]}; }
  MESOPOP_INLINE void set(std::int64_t i, const Moments& m) const {
    u[i] = m.u;
    x[i] = m.x;
    vu[i] = m.vu;
    vx[i] = m.vx;
    c[i] = m.c;
  }
};

// Moments of a given initial state over the neurons `members`, or over all neurons if there are none listed.
inline Moments initial_moments(const StpSpec& spec, const std::vector<std::size_t>& members = {}) {
  if (spec.u.empty()) return {spec.U0, 1.0, 0.0, 0.0, 0.0};
  const std::size_t count = members.empty() ? spec.u.size() : members.size();
  const auto weight = 1.0 / static_cast<double>(count);
  const auto neuron = [&](std::size_t i) { return members.empty() ? i : members[i]; };
  Moments m;
  for (std::size_t i = 0; i < count; ++i) {
    m.u += weight * spec.u[neuron(i)];
    m.x += weight * spec.x[neuron(i)];
  }
  for (std::size_t i = 0; i < count; ++i) {
    const double du = spec.u[neuron(i)] - m.u, dx = spec.x[neuron(i)] - m.x;
    m.vu += weight * du * du;
    m.vx += weight * dx * dx;
    m.c += weight * du * dx;
  }
  return m;
}

// Exact: the deviations of u and x from rest decay linearly.
MESOPOP_INLINE Moments relaxed(const Moments& m, const Plasticity& p, double decay_u, double decay_x) {
  return {p.U0 + (m.u - p.U0) * decay_u, 1.0 - (1.0 - m.x) * decay_x, m.vu * decay_u * decay_u,
          m.vx * decay_x * decay_x, m.c * decay_u * decay_x};
}

// All neurons of the group fire: u -> U + (1 - U) u, x -> x (1 - u). The first is affine; the moments of the product
// are those of jointly Gaussian u and x, which is the closure.
MESOPOP_INLINE Moments after_spike(const Moments& m, const Plasticity& p) {
  const double a = 1.0 - p.U, d = p.depletion;  // d = 0: x = 1 throughout
  const double w = 1.0 - d * m.u;
  return {p.U + a * m.u, m.x * w - d * m.c, a * a * m.vu,
          d * (m.x * m.x * m.vu - 2.0 * m.x * w * m.c + m.vx * m.vu + m.c * m.c) + w * w * m.vx,
          a * (w * m.c - d * m.x * m.vu)};
}

// Mixture of two groups with weights 1 - f and f, including the variance between their means.
MESOPOP_INLINE Moments mixed(const Moments& a, const Moments& b, double f) {
  const double du = b.u - a.u, dx = b.x - a.x;
  const double g = 1.0 - f, between = f * g;
  return {a.u + f * du, a.x + f * dx, g * a.vu + f * b.vu + between * du * du, g * a.vx + f * b.vx + between * dx * dx,
          g * a.c + f * b.c + between * du * dx};
}

// What drawing k neurons out of a group of n, without replacement, makes of its moments.
//
// In the diffusion approximation k is real and may be negative. Sums over the spikes then keep the variance |k| Sigma
// if the mean is taken to be that of max(|k|, 1) neurons; the mean of fewer than one would have unbounded variance.
struct Division {
  double spread;  // covariance of the mean of those drawn, in units of the group's
  double within;  // covariance that is left inside the drawn group: the total less that of its mean
  double shift;   // deviation of the mean of those that remain, in units of that of those drawn
  double kept;    // covariance inside those that remain
};

MESOPOP_INLINE Division divided(double n, double k) {
  const double magnitude = k < 0.0 ? -k : k;
  const double drawn = magnitude < 1.0 ? 1.0 : magnitude;
  const double spread = drawn < n ? (n - drawn) / ((n - 1.0) * drawn) : 0.0;
  // Those that remain; if nobody does, their moments do not matter.
  const double rest = n - k;
  const double shift = rest > 0.0 ? -k / rest : 0.0;
  const double between = spread * shift * shift;
  return {spread, 1.0 - spread, shift, between < 1.0 ? 1.0 - between : 0.0};
}

// k neurons drawn without replacement from a group of n, and the n - k that remain: the means are conserved exactly and
// the covariance in expectation.
struct Sample {
  Moments drawn, remaining;
};

// Given by how much the mean of those drawn deviates.
MESOPOP_INLINE Sample parted(const Moments& m, const Division& by, double du, double dx) {
  const double within = by.within, shift = by.shift, kept = by.kept;
  return {{m.u + du, m.x + dx, m.vu * within, m.vx * within, m.c * within},
          {m.u + shift * du, m.x + shift * dx, m.vu * kept, m.vx * kept, m.c * kept}};
}

// The Cholesky factor of a covariance of u and x, as a variance of u, a slope, and the variance of x given u.
struct Factor {
  double vu, slope, vx_given_u;
};

inline constexpr double kRounding = 1e-12;  // a part of a variance below is taken for rounding error

// Of the covariance (vu, vx, c), which is what is left of variances all_u and all_x.
MESOPOP_INLINE Factor factored(double vu, double vx, double c, double all_u, double all_x, double rounding) {
  const bool varies = vu > rounding * all_u;
  const double slope = varies ? c / vu : 0.0;
  // What u does not explain of the variance of x; where u and x are in lockstep the difference is rounding error.
  const double unexplained = vx - slope * c;
  return {varies ? vu : 0.0, slope, unexplained > rounding * all_x ? unexplained : 0.0};
}

// The mean of those drawn in a normal approximation (zu, zx standard normal).
MESOPOP_INLINE Sample sampled(const Moments& m, double n, double k, double zu, double zx) {
  const Division by = divided(n, k);
  const Factor f = factored(m.vu, m.vx, m.c, m.vu, m.vx, kRounding);
  const double du = std::sqrt(f.vu * by.spread) * zu;
  const double dx = f.slope * du + std::sqrt(f.vx_given_u * by.spread) * zx;
  return parted(m, by, du, dx);
}

}  // namespace mesopop
