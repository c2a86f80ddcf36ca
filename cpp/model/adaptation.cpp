#include "model/adaptation.hpp"

#include <cmath>
#include <functional>
#include <stdexcept>

#include "model/membrane.hpp"
#include "numerics/elementary.hpp"

namespace mesopop {

namespace {

// Error allowed in the exponent of the hazard, and highest degree that is tried to get there.
constexpr double kTolerance = 2e-4;
constexpr int kHighestDegree = 24;
// Terms that cannot contribute more than this to the exponent are left out.
constexpr double kNegligible = 1e-7;

// (1 - e^-x)/x
double mean_exponential(double x) {
  if (x == 0.0) return 1.0;
  const double magnitude = std::fabs(x);
  const double value = event_probability(magnitude) / magnitude;
  return x > 0.0 ? value : value * exp(magnitude);
}

double evaluate(const std::vector<double>& coefficient, double x) {
  double value = 0.0;
  for (std::size_t i = coefficient.size(); i-- > 0;) value = value * x + coefficient[i];
  return value;
}

// Polynomial through (1 - e^-x)/x at the Chebyshev nodes of [low, high]: Newton's form, then powers of x.
std::vector<double> interpolate(double low, double high, int degree) {
  const int n = degree + 1;
  std::vector<double> node, difference;
  for (int i = 0; i < n; ++i) {
    const double cosine = sin_turns(0.25 + (2.0 * i + 1.0) / (4.0 * n));
    node.push_back(0.5 * (low + high) + 0.5 * (high - low) * cosine);
    difference.push_back(mean_exponential(node.back()));
  }
  for (int order = 1; order < n; ++order) {
    for (int i = n - 1; i >= order; --i) {
      difference[i] = (difference[i] - difference[i - 1]) / (node[i] - node[i - order]);
    }
  }
  std::vector<double> coefficient(n, 0.0);
  for (int i = n - 1; i >= 0; --i) {
    for (int k = n - 1; k >= 1; --k) coefficient[k] = coefficient[k - 1] - node[i] * coefficient[k];
    coefficient[0] = difference[i] - node[i] * coefficient[0];
  }
  return coefficient;
}

// Coefficients of x, x^2, ... of a polynomial close to 1 - e^-x on [low, high], which contains 0.
std::vector<double> expand_saturation(double low, double high) {
  for (int degree = 0; degree < kHighestDegree; ++degree) {
    std::vector<double> coefficient = interpolate(low, high, degree);
    double worst = 0.0;
    constexpr int points = 400;
    for (int i = 0; i <= points; ++i) {
      const double x = low + (high - low) * i / points;
      worst = std::fmax(worst, std::fabs(x * (evaluate(coefficient, x) - mean_exponential(x))));
    }
    if (worst < kTolerance) return coefficient;
  }
  throw std::invalid_argument(
      "threshold kernels are too large for the quasi-renewal approximation: the sum of their "
      "amplitudes must be a smaller multiple of delta_u");
}

AdaptationTrace trace(const LifNeuron& neuron, double dt, double tau) {
  AdaptationTrace t;
  t.tau = tau;
  t.decay = exp(-dt / tau);
  t.current_gain = current_gain(dt, neuron.tau_m, tau) / neuron.tau_m;
  return t;
}

AdaptationTrace current_trace(const LifNeuron& neuron, double dt, const AdaptationKernel& kernel) {
  AdaptationTrace t = trace(neuron, dt, kernel.tau);
  t.own = t.older = kernel.current;
  return t;
}

AdaptationTrace threshold_trace(const LifNeuron& neuron, double dt, double tau, double own, double older) {
  AdaptationTrace t = trace(neuron, dt, tau);
  t.own = own;
  t.older = older;
  t.threshold_weight = 1.0;
  t.current_gain = 0.0;
  return t;
}

}  // namespace

std::vector<AdaptationTrace> neuron_traces(const LifNeuron& neuron, double dt) {
  std::vector<AdaptationTrace> traces;
  for (const AdaptationKernel& k : neuron.adaptation) {
    if (k.current != 0.0) traces.push_back(current_trace(neuron, dt, k));
    if (k.threshold != 0.0) traces.push_back(threshold_trace(neuron, dt, k.tau, k.threshold, k.threshold));
  }
  return traces;
}

std::vector<AdaptationTrace> quasi_renewal_traces(const LifNeuron& neuron, double dt) {
  std::vector<AdaptationTrace> traces;
  std::vector<double> tau, x;  // of the threshold kernels; x in units of delta_u
  double low = 0.0, high = 0.0;
  const double delta_u = neuron.escape.delta_u;
  for (const AdaptationKernel& k : neuron.adaptation) {
    if (k.current != 0.0) traces.push_back(current_trace(neuron, dt, k));
    if (k.threshold == 0.0) continue;
    tau.push_back(k.tau);
    x.push_back(k.threshold / delta_u);
    (x.back() > 0.0 ? high : low) += x.back();
  }
  if (tau.empty()) return traces;

  // (x_1 e^-s/tau_1 + x_2 e^-s/tau_2 + ...)^m, multiplied out: one trace per combination of exponents.
  const std::vector<double> coefficient = expand_saturation(low, high);
  const int degree = static_cast<int>(coefficient.size());
  std::vector<int> exponent(tau.size(), 0);
  const std::function<void(std::size_t, int, double, double)> visit = [&](std::size_t kernel, int total, double product,
                                                                          double rate) {
    if (kernel == tau.size()) {
      if (total == 0) return;
      // product = prod x_i^m_i / m_i!; the multinomial coefficient is total! times that.
      double factorial = 1.0;
      for (int i = 2; i <= total; ++i) factorial *= i;
      const double older = coefficient[static_cast<std::size_t>(total - 1)] * factorial * product;
      // Of the neuron's own last spike the threshold is known, not averaged.
      double own = 0.0;
      for (std::size_t i = 0; i < tau.size(); ++i) {
        if (total == 1 && exponent[i] == 1) own = x[i];
      }
      if (own == 0.0 && std::fabs(older) < kNegligible) return;
      traces.push_back(threshold_trace(neuron, dt, 1.0 / rate, delta_u * own, delta_u * older));
      return;
    }
    double power = 1.0;
    for (int m = 0; total + m <= degree; ++m) {
      exponent[kernel] = m;
      visit(kernel + 1, total + m, product * power, rate + m / tau[kernel]);
      power *= x[kernel] / (m + 1);
    }
    exponent[kernel] = 0;
  };
  visit(0, 0, 1.0, 0.0);
  return traces;
}

}  // namespace mesopop
