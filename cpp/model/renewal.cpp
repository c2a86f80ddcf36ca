#include "model/renewal.hpp"

#include <algorithm>

#include "model/hazard.hpp"

namespace mesopop {

namespace {

constexpr double kSettlingTime = 15.0;  // in tau_m, beyond the history

}  // namespace

StationaryAges::StationaryAges(const LifNeuron& neuron, double dt, double mu) {
  const std::vector<AdaptationTrace> traces = quasi_renewal_traces(neuron, dt);
  survive(neuron, traces, dt, mu, 0.0);
  if (neuron.adaptation.empty()) return;
  // The rate that reproduces itself lies between 0 and the one per refractory period that nothing can exceed.
  double low = 0.0, high = 1.0;
  for (int i = 0; i < 40; ++i) {
    const double middle = 0.5 * (low + high);
    survive(neuron, traces, dt, mu, middle);
    (rate > middle ? low : high) = middle;
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
    const double start = active ? hazard(v - threshold()) : 0.0;
    if (active) v = decay * v + shift;
    for (std::size_t i = 0; i < traces.size(); ++i) {
      if (active) v -= traces[i].current_gain * value[i];
      value[i] *= traces[i].decay;
    }
    if (active) survivors -= survivors * event_probability(start + hazard(v - threshold()));
  }
  const double fires = event_probability(2.0 * hazard(v - threshold()));
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
