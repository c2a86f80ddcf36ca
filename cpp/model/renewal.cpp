#include "model/renewal.hpp"

#include <algorithm>
#include <cmath>

#include "model/hazard.hpp"

namespace mesopop {

namespace {

// Neurons older than the history are followed until their potential and traces are this close to where they end, in
// units of delta_u, or so few are left.
constexpr double kSettled = 1e-11;
constexpr double kFew = 1e-18;
constexpr double kRateTolerance = 1e-12;
constexpr double kFactorTolerance = 1e-10;
constexpr int kIterations = 40;
constexpr int kSteps = 200;

}  // namespace

std::vector<AdaptationTrace> make_traces(const LifNeuron& neuron, double dt, Memory memory) {
  return memory == Memory::average ? neuron_traces(neuron, dt) : quasi_renewal_traces(neuron, dt);
}

StationaryAges::StationaryAges(const LifNeuron& neuron, double dt, double mu, Memory memory) {
  const std::vector<AdaptationTrace> traces = make_traces(neuron, dt, memory);
  std::vector<double> left(traces.size());
  for (const AdaptationTrace& t : traces) at_spike.push_back(t.own);
  if (traces.empty()) {
    survive(neuron, traces, dt, mu, left);
    return;
  }
  // Earlier spikes leave what Poisson spikes of the same rate would leave, times a factor that depends on how regular
  // firing is, hardly on the rate: found by iteration, at each of which the rate is found anew.
  std::vector<double> factor(traces.size(), 1.0);
  for (int i = 0; i < kIterations; ++i) {
    find_rate([&](double assumed) {
      for (std::size_t k = 0; k < traces.size(); ++k) {
        at_spike[k] = factor[k] * (traces[k].own + traces[k].stationary_older(assumed));
      }
      survive(neuron, traces, dt, mu, left);
    });
    if (memory == Memory::quasi_renewal) return;
    double change = 0.0;
    for (std::size_t k = 0; k < traces.size(); ++k) {
      const double ratio = traces[k].own / (1.0 - left[k]) / at_spike[k];
      factor[k] *= ratio;
      change = std::fmax(change, std::fabs(ratio - 1.0));
    }
    if (change <= kFactorTolerance) return;
  }
}

void StationaryAges::find_rate(const std::function<void(double)>& survive_at_rate) {
  survive_at_rate(0.0);
  double low = 0.0, excess_low = rate;
  survive_at_rate(excess_low);
  if (rate > excess_low) {
    // Spikes beget spikes: of several rates that reproduce themselves the lowest is approached from below.
    for (int i = 0; i < kSteps && rate - low > kRateTolerance * rate; ++i) {
      low = rate;
      survive_at_rate(low);
    }
    return;
  }
  // Regula falsi (Illinois). Nothing fires more than once per step.
  double high = 1.0, excess_high = -1.0;
  int side = 0;  // the one that moved last: if it moves again, the other is given less weight
  for (int i = 0; i < kSteps; ++i) {
    const double assumed = (low * excess_high - high * excess_low) / (excess_high - excess_low);
    survive_at_rate(assumed);
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
                             std::vector<double>& left) {
  weight.clear();
  potential.clear();
  std::fill(left.begin(), left.end(), 0.0);
  const HalfStepHazard hazard(neuron.escape, dt);
  const double decay = exp(-dt / neuron.tau_m);
  const double shift = mu * event_probability(dt / neuron.tau_m);
  std::vector<double> value(at_spike);
  std::vector<double> decayed(traces.size(), 1.0);  // since the spike
  const auto threshold = [&] {
    double sum = 0.0;
    for (std::size_t i = 0; i < traces.size(); ++i) sum += traces[i].threshold_weight * value[i];
    return sum;
  };
  const double rounding = 1e-13 * std::fabs(mu);
  const double tolerance = kSettled * neuron.escape.delta_u + rounding;
  const auto is_settled = [&](double v_now) {
    double rest = std::fabs(v_now - mu);
    for (const double trace : value) rest = std::fmax(rest, std::fabs(trace));
    return rest <= tolerance;
  };
  double v = neuron.v_reset, survivors = 1.0, intervals = 0.0, old = 0.0, old_potential = 0.0;
  double hazard_start = 0.0;
  for (std::int64_t age = 0; age < neuron.history_steps || !is_settled(v); ++age) {
    if (survivors < kFew * intervals) break;
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
      decayed[i] *= traces[i].decay;
    }
    if (!active) continue;
    const double hazard_end = hazard(v - threshold());
    const double spikes = survivors * event_probability(hazard_start + hazard_end);
    for (std::size_t i = 0; i < traces.size(); ++i) left[i] += spikes * decayed[i];
    survivors -= spikes;
    hazard_start = hazard_end;
  }
  const auto ages = static_cast<std::size_t>(neuron.history_steps);
  weight.resize(ages, 0.0);
  potential.resize(ages, v);
  // From here on they die out geometrically.
  const double fires = event_probability(2.0 * hazard_start);
  if (fires < 1e-300 && survivors >= kFew * intervals) {
    // A neuron that never fires is infinitely old.
    std::fill(weight.begin(), weight.end(), 0.0);
    weight.push_back(1.0);
    potential.push_back(v);
    rate = 0.0;
  } else {
    const double rest = fires > 0.0 ? survivors / fires : 0.0;
    for (std::size_t i = 0; i < traces.size(); ++i) {
      left[i] += survivors * decayed[i] * traces[i].decay * fires / (1.0 - (1.0 - fires) * traces[i].decay);
    }
    weight.push_back(old + rest);
    potential.push_back(old + rest > 0.0 ? (old_potential + rest * v) / (old + rest) : v);
    rate = 1.0 / (intervals + rest);
  }
}

}  // namespace mesopop
