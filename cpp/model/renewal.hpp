// Stationary ages of an uncoupled neuron with escape noise at constant drive: the renewal process from which initial
// states are drawn (with adaptation: the quasi-renewal process).
#pragma once

#include <cstdint>
#include <vector>

#include "model/adaptation.hpp"
#include "model/network.hpp"

namespace mesopop {

// Age a = steps since the time stamp of the last spike. weight[a] is proportional to the probability of age a for
// a < history; weight[history] to that of all older neurons, which share potential[history].
struct StationaryAges {
  std::vector<double> weight;
  std::vector<double> potential;
  double rate = 0.0;  // spikes per neuron and step

  StationaryAges(const LifNeuron& neuron, double dt, double mu);

 private:
  // Interval distribution if the rate has been `assumed` for ever; sets `rate` to the one that follows.
  void survive(const LifNeuron& neuron, const std::vector<AdaptationTrace>& traces, double dt, double mu, double assumed);
};

}  // namespace mesopop
