// Escape noise: the hazard as a function of the potential.
#pragma once

#include <cmath>
#include <variant>

#include "model/network.hpp"
#include "numerics/elementary.hpp"

namespace mesopop {

// Half a step's worth of an exponential hazard, lambda dt/2 with lambda = rate exp((V - v_th)/delta_u).
// The integrated hazard of a step is the sum of its values at both ends.
struct HalfStepHazard {
  double slope = 0.0;
  double offset = 0.0;

  HalfStepHazard() = default;
  HalfStepHazard(const ExponentialEscape& escape, double dt)
      : slope(1.0 / escape.delta_u), offset(log(0.5 * dt * escape.rate) - escape.v_th / escape.delta_u) {}

  // Far above threshold it saturates: a probability of 1 is reached long before, and sums stay finite.
  MESOPOP_INLINE double operator()(double potential) const {
    const double exponent = potential * slope + offset;
    return exp(exponent > kLargest ? kLargest : exponent);
  }

  // Factor by which a jump of the potential changes the hazard. Where either may have left the range of numbers, the
  // hazard has to be computed anew.
  bool has_factor(double jump) const { return std::fabs(jump * slope) <= kLargest; }
  double factor(double jump) const { return jump == 0.0 ? 1.0 : exp(jump * slope); }

 private:
  static constexpr double kLargest = 300.0;
};

// The rate of an LNP neuron, 1/ms.
MESOPOP_INLINE double transfer(const Softplus& softplus, double h) {
  // ln(1 + e^y) = max(y, 0) + ln(1 + e^-|y|) does not overflow.
  const double y = h / softplus.alpha;
  const double tail = log1p(exp(y > 0.0 ? -y : y));
  return softplus.gain * softplus.alpha * ((y > 0.0 ? y : 0.0) + tail);
}

MESOPOP_INLINE double transfer(const ExponentialEscape& escape, double h) {
  return escape.rate * exp((h - escape.v_th) / escape.delta_u);
}

inline double transfer(const std::variant<Softplus, ExponentialEscape>& function, double h) {
  if (const auto* softplus = std::get_if<Softplus>(&function)) return transfer(*softplus, h);
  return transfer(std::get<ExponentialEscape>(function), h);
}

}  // namespace mesopop
