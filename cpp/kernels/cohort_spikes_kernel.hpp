// Numbers of spikes of the cohorts of the renewal closure in one step: Binomial(M, P) for each.
#pragma once

#include <cmath>
#include <cstdint>

#include "numerics/elementary.hpp"
#include "numerics/simd.hpp"
#include "random/lane_stream.hpp"

namespace mesopop {

// From this variance on a binomial number is a rounded normal number corrected for skewness and kurtosis; its
// distribution function is then off by at most 1.3e-4, its mean by 1e-8 standard deviations, its variance by 2.4e-5.
inline constexpr double kNormalVariance = 16.0;

struct CohortSpikes {
  std::int64_t size;         // arrays extend to the next multiple of kLanes with zero count
  const double* count;       // M: neurons
  const double* integrated;  // hazard of the step, per neuron
  LaneDraws draws;
  std::int64_t* cohort;  // out: the cohorts that fire, and their numbers of spikes
  double* fired;
};

namespace detail {

// Cornish-Fisher expansion of the quantile at the normal z, less the rounding (Sheppard's 1/12 of the variance).
MESOPOP_INLINE double binomial_quantile(double n, double p, double z) {
  const double q = 1.0 - p, skew = q - p, sd = std::sqrt(n * p * q);
  const double z2 = z * z;
  const double third = (z2 - 3.0) * (1.0 - 6.0 * p * q) / 24.0 - (2.0 * z2 - 5.0) * skew * skew / 36.0 - 1.0 / 24.0;
  const double k = n * p + sd * z + skew * (z2 - 1.0) / 6.0 + z * third / sd;
  const double whole = (k + kRound) - kRound;
  const double positive = whole > 0.0 ? whole : 0.0;
  return positive < n ? positive : n;
}

// Smallest k whose distribution function exceeds u, from 0 upwards; `mass` is the probability of 0.
inline double search_binomial(double n, double p, double mass, double u) {
  const double odds = p / (1.0 - p);
  double k = 0.0;
  // Where no mass is left, what remains of u is rounding error.
  while (u >= mass && k < n && mass > 1e-25) {
    u -= mass;
    mass *= (n - k) / (k + 1.0) * odds;
    k += 1.0;
  }
  return k;
}

// The same where more than half of the neurons fire: the search is for those that do not.
inline double search_frequent(double n, double p, double u) {
  return n - search_binomial(n, 1.0 - p, exp(n * log(p)), u);
}

}  // namespace detail

// Returns how many cohorts fire.
MESOPOP_INLINE std::int64_t cohort_spikes_body(const CohortSpikes& s) {
  std::int64_t firing = 0;
  for (std::int64_t first = 0; first < s.size; first += kLanes) {
    const double* const count = s.count + first;
    const double* const integrated = s.integrated + first;
    double p[kLanes], none[kLanes], variance[kLanes], normal[kLanes];
    NumberPair uniform[kLanes];
    double largest = 0.0;
#pragma omp simd reduction(max : largest)
    for (int i = 0; i < kLanes; ++i) {
      const double h = integrated[i], n = count[i];
      p[i] = event_probability(h);
      none[i] = exp(-n * h);
      variance[i] = n * p[i] * (1.0 - p[i]);
      largest = variance[i] > largest ? variance[i] : largest;
      uniform[i] = s.draws.uniforms(static_cast<std::uint64_t>(first + i));
    }
    if (largest >= kNormalVariance) {
#pragma omp simd
      for (int i = 0; i < kLanes; ++i) {
        normal[i] = detail::binomial_quantile(count[i], p[i], normal_pair(uniform[i]).first);
      }
    }
    for (int i = 0; i < kLanes; ++i) {
      const double n = count[i], u = uniform[i].first;
      double k = 0.0;
      if (variance[i] >= kNormalVariance) {
        k = normal[i];
      } else if (p[i] > 0.5) {
        k = detail::search_frequent(n, p[i], u);
      } else if (u >= none[i]) {
        k = detail::search_binomial(n, p[i], none[i], u);
      }
      if (k > 0.0) {
        s.cohort[firing] = first + i;
        s.fired[firing++] = k;
      }
    }
  }
  return firing;
}

}  // namespace mesopop
