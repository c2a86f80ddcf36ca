// Covariances of (u, x) between two STP sets of one population: the neurons, and so their spikes, are the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/moments.hpp"
#include "model/tsodyks_markram.hpp"
#include "numerics/simd.hpp"

namespace mesopop {

// Of sets a < b, over the neurons of a group.
struct CrossMoments {
  double uu = 0.0, ux = 0.0, xu = 0.0, xx = 0.0;  // Cov(u_a, u_b), Cov(u_a, x_b), Cov(x_a, u_b), Cov(x_a, x_b)

  MESOPOP_INLINE CrossMoments operator*(double factor) const {
    return {uu * factor, ux * factor, xu * factor, xx * factor};
  }
};

// Of many groups, column by column.
struct CrossColumns {
  double *uu, *ux, *xu, *xx;

  MESOPOP_INLINE CrossMoments get(std::int64_t i) const { return {uu[i], ux[i], xu[i], xx[i]}; }
  MESOPOP_INLINE void set(std::int64_t i, const CrossMoments& m) const {
    uu[i] = m.uu;
    ux[i] = m.ux;
    xu[i] = m.xu;
    xx[i] = m.xx;
  }
};

// Pairs a < b of sets are numbered (0, 1), (0, 2), (1, 2), (0, 3), ...
inline std::size_t number_of_pairs(std::size_t sets) { return sets < 2 ? 0 : sets * (sets - 1) / 2; }
MESOPOP_INLINE std::size_t pair_number(std::size_t a, std::size_t b) { return b * (b - 1) / 2 + a; }

// Calls use(a, b, number) for every pair.
template <class Use>
MESOPOP_INLINE void for_each_pair(std::size_t sets, Use use) {
  for (std::size_t b = 1; b < sets; ++b) {
    for (std::size_t a = 0; a < b; ++a) use(a, b, pair_number(a, b));
  }
}

// Of a given initial state over the neurons `members`, or over all neurons if there are none listed.
inline CrossMoments initial_cross_moments(const StpSpec& a, const StpSpec& b,
                                          const std::vector<std::size_t>& members = {}) {
  if (a.u.empty() || b.u.empty()) return {};
  const Moments ma = initial_moments(a, members), mb = initial_moments(b, members);
  const std::size_t count = members.empty() ? a.u.size() : members.size();
  const auto weight = 1.0 / static_cast<double>(count);
  CrossMoments m;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t neuron = members.empty() ? i : members[i];
    const double ua = a.u[neuron] - ma.u, xa = a.x[neuron] - ma.x;
    const double ub = b.u[neuron] - mb.u, xb = b.x[neuron] - mb.x;
    m.uu += weight * ua * ub;
    m.ux += weight * ua * xb;
    m.xu += weight * xa * ub;
    m.xx += weight * xa * xb;
  }
  return m;
}

MESOPOP_INLINE CrossMoments relaxed(const CrossMoments& m, const Decays& a, const Decays& b) {
  return {m.uu * a.u * b.u, m.ux * a.u * b.x, m.xu * a.x * b.u, m.xx * a.x * b.x};
}

// All neurons of the group, of moments a and b, fire. With a = b these are the variances and the covariance that
// after_spike gives of one set; as there the moments of products are those of Gaussian numbers.
MESOPOP_INLINE CrossMoments after_spike(const CrossMoments& m, const Moments& a, const Plasticity& pa, const Moments& b,
                                        const Plasticity& pb) {
  const double sa = 1.0 - pa.U, da = pa.depletion, sb = 1.0 - pb.U, db = pb.depletion;
  const double wa = 1.0 - da * a.u, wb = 1.0 - db * b.u;
  const double ka = da * a.x, kb = db * b.x;  // what a deviation of u takes from x
  return {sa * sb * m.uu, sa * (wb * m.ux - kb * m.uu), sb * (wa * m.xu - ka * m.uu),
          ka * kb * m.uu - ka * wb * m.ux - wa * kb * m.xu + da * db * (m.uu * m.xx + m.ux * m.xu) + wa * wb * m.xx};
}

// Means of two sets over a group.
struct PairMeans {
  double ua, xa, ub, xb;
};

MESOPOP_INLINE PairMeans means(const Moments& a, const Moments& b) { return {a.u, a.x, b.u, b.x}; }

// Covariance about other means than those of the group.
MESOPOP_INLINE CrossMoments about(const CrossMoments& m, const PairMeans& own, const PairMeans& other) {
  const double ua = own.ua - other.ua, xa = own.xa - other.xa, ub = own.ub - other.ub, xb = own.xb - other.xb;
  return {m.uu + ua * ub, m.ux + ua * xb, m.xu + xa * ub, m.xx + xa * xb};
}

// Mixture of two groups with weights 1 - f and f, including the covariance between their means.
MESOPOP_INLINE CrossMoments mixed(const CrossMoments& m, const PairMeans& of_m, const CrossMoments& n,
                                  const PairMeans& of_n, double f) {
  const double ua = of_n.ua - of_m.ua, xa = of_n.xa - of_m.xa, ub = of_n.ub - of_m.ub, xb = of_n.xb - of_m.xb;
  const double g = 1.0 - f, between = f * g;
  return {g * m.uu + f * n.uu + between * ua * ub, g * m.ux + f * n.ux + between * ua * xb,
          g * m.xu + f * n.xu + between * xa * ub, g * m.xx + f * n.xx + between * xa * xb};
}

}  // namespace mesopop
