#include "model/renewal.hpp"

#include <algorithm>
#include <cmath>

#include "model/hazard.hpp"

namespace mesopop {

namespace {

constexpr double kSettlingTime = 15.0;  // in tau_m, beyond the history
constexpr double kRateTolerance = 1e-12;
constexpr int kIterations = 40;

}  // namespace

StationaryAges::StationaryAges(const LifNeuron& neuron, double dt, double mu) {
  const std::vector<AdaptationTrace> traces = quasi_renewal_traces(neuron, dt);
  survive(neuron, traces, dt, mu, 0.0);
  if (neuron.adaptation.empty()) return;
  // The rate that reproduces itself, by regula falsi (Illinois). Nothing fires more than once per step.
  double low = 0.0, excess_low = rate, high = 1.0, excess_high = -1.0;
  int side = 0;  // the one that moved last: if it moves again, the other is given less weight
  for (int i = 0; i < kIterations; ++i) {
    const double assumed = (low * excess_high - high * excess_low) / (excess_high - excess_low);
    survive(neuron, traces, dt, mu, assumed);
    const double excess = rate - assumed;
    if (std::fabs(excess) <= kRateTolerance * assumed) break;
    if (excess > 0.0) {
      low = assumed;
      excess_low = excess;
      if (side == -1) excess_high *= 0.5;
      side = -1;
    } else {
      high = assumed;
      excess_high = excess;
      if (side == 1) excess_low *= 0.5;
      side = 1;
    }
  }
}

void StationaryAges::survive(const LifNeuron& neuron, const std::vector<AdaptationTrace>& traces, double dt, double mu,
                             double assumed) {
  weight.clear();
  potential.clear();
  const HalfStepHazard hazard(neuron.escape, dt);
  const double decay = exp(-dt / neuron.tau_m);
  const double shift = mu * event_probability(dt / neuron.tau_m);
  std::vector<double> value;
  for (const AdaptationTrace& t : traces) value.push_back(t.own + t.stationary_older(assumed));
  const auto threshold = [&] {
    double sum = 0.0;
    for (std::size_t i = 0; i < traces.size(); ++i) sum += traces[i].threshold_weight * value[i];
    return sum;
  };
  // Older neurons are followed until their potential has settled; then they die out geometrically.
  const auto settled = neuron.history_steps + static_cast<std::int64_t>(kSettlingTime * neuron.tau_m / dt);
  double v = neuron.v_reset, survivors = 1.0, intervals = 0.0, old = 0.0, old_potential = 0.0;
  double hazard_start = 0.0;
  for (std::int64_t age = 0; age < settled; ++age) {
    intervals += survivors;
    if (age < neuron.history_steps) {
      weight.push_back(survivors);
      potential.push_back(v);
    } else {
      old += survivors;
      old_potential += survivors * v;
    }
    const bool active = age >= neuron.refractory_steps;
    if (age == neuron.refractory_steps) hazard_start = hazard(v - threshold());
    if (active) v = decay * v + shift;
    for (std::size_t i = 0; i < traces.size(); ++i) {
      if (active) v -= traces[i].current_gain * value[i];
      value[i] *= traces[i].decay;
    }
    if (!active) continue;
    const double hazard_end = hazard(v - threshold());
    survivors -= survivors * event_probability(hazard_start + hazard_end);
    hazard_start = hazard_end;
  }
  const double fires = event_probability(2.0 * hazard_start);
  if (fires < 1e-300) {
    // A neuron that never fires is infinitely old.
    std::fill(weight.begin(), weight.end(), 0.0);
    weight.push_back(1.0);
    potential.push_back(v);
    rate = 0.0;
  } else {
    const double rest = survivors / fires;
    weight.push_back(old + rest);
    potential.push_back(old + rest > 0.0 ? (old_potential + rest * v) / (old + rest) : v);
    rate = 1.0 / (intervals + rest);
  }
}

}  // namespace mesopop
