#include "model/renewal.hpp"

#include <algorithm>

#include "model/hazard.hpp"

namespace mesopop {

StationaryAges::StationaryAges(const LifNeuron& neuron, double dt, double mu) {
  const HalfStepHazard hazard(neuron.escape, dt);
  const double decay = exp(-dt / neuron.tau_m);
  const double shift = mu * event_probability(dt / neuron.tau_m);
  double v = neuron.v_reset;
  double survivors = 1.0;
  for (std::int64_t age = 0; age < neuron.history_steps; ++age) {
    weight.push_back(survivors);
    potential.push_back(v);
    if (age < neuron.refractory_steps) continue;
    const double start = hazard(v);
    v = decay * v + shift;
    survivors -= survivors * event_probability(start + hazard(v));
  }
  const double fires = event_probability(2.0 * hazard(v));
  potential.push_back(v);
  // A neuron that never fires is infinitely old.
  if (fires < 1e-300) {
    std::fill(weight.begin(), weight.end(), 0.0);
    weight.push_back(1.0);
  } else {
    weight.push_back(survivors / fires);
  }
}

}  // namespace mesopop
