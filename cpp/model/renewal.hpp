// Stationary ages of an uncoupled LIF neuron with escape noise at constant drive: the renewal process from which
// initial states are drawn.
#pragma once

#include <cstdint>
#include <vector>

#include "model/network.hpp"

namespace mesopop {

// Age a = steps since the time stamp of the last spike. weight[a] is proportional to the probability of age a for
// a < history; weight[history] to that of all older neurons, which share potential[history].
struct StationaryAges {
  std::vector<double> weight;
  std::vector<double> potential;

  StationaryAges(const LifNeuron& neuron, double dt, double mu);
};

}  // namespace mesopop
