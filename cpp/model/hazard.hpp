// Escape noise: the hazard as a function of the potential.
#pragma once

#include <cmath>
#include <variant>

#include "model/network.hpp"
#include "numerics/elementary.hpp"

namespace mesopop {

// Half a step's worth of a hazard, lambda dt/2. The integrated hazard of a step is the sum of its values at both ends.
// With the exponent y = (V - v_th)/delta_u, lambda is rate e^y, or rate log2(1 + e^y) if `softplus`.
struct HalfStepHazard {
  bool softplus = false;
  double slope = 0.0;
  double offset = 0.0;  // exponential: with the logarithm of the scale
  double scale = 1.0;   // softplus

  HalfStepHazard() = default;
  HalfStepHazard(const EscapeSpec& escape, double dt)
      : softplus(escape.softplus),
        slope(1.0 / escape.delta_u),
        offset((softplus ? 0.0 : log(0.5 * dt * escape.rate)) - escape.v_th / escape.delta_u),
        scale(0.5 * dt * escape.rate / kLn2) {}

  // Kernels are compiled for each of both functions.
  template <bool is_softplus>
  MESOPOP_INLINE double at(double potential) const {
    const double exponent = potential * slope + offset;
    if (is_softplus) return scale * log1pexp(exponent);
    // Far above threshold it saturates: a probability of 1 is reached long before, and sums stay finite.
    return exp(exponent > kLargest ? kLargest : exponent);
  }

  double operator()(double potential) const { return softplus ? at<true>(potential) : at<false>(potential); }

  // Factor by which a jump of the potential changes the hazard. Where there is none, or it may leave the range of
  // numbers, the hazard has to be computed anew.
  bool has_factor(double jump) const { return jump == 0.0 || (!softplus && std::fabs(jump * slope) <= kLargest); }
  double factor(double jump) const { return jump == 0.0 ? 1.0 : exp(jump * slope); }

 private:
  static constexpr double kLargest = 300.0;
  static constexpr double kLn2 = 0.6931471805599453;
};

// The rate of an LNP neuron, 1/ms.
MESOPOP_INLINE double transfer(const Softplus& softplus, double h) {
  return softplus.gain * softplus.alpha * log1pexp(h / softplus.alpha);
}

MESOPOP_INLINE double transfer(const ExponentialEscape& escape, double h) {
  return escape.rate * exp((h - escape.v_th) / escape.delta_u);
}

inline double transfer(const std::variant<Softplus, ExponentialEscape>& function, double h) {
  if (const auto* softplus = std::get_if<Softplus>(&function)) return transfer(*softplus, h);
  return transfer(std::get<ExponentialEscape>(function), h);
}

}  // namespace mesopop
