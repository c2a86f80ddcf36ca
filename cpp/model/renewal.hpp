// Stationary ages of an uncoupled neuron with escape noise at constant drive: the renewal process from which initial
// states are drawn (with adaptation: the quasi-renewal process).
#pragma once

#include <cstdint>
#include <map>
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
  void survive(const LifNeuron& neuron, const std::vector<AdaptationTrace>& traces, double dt, double mu,
               double assumed);
};

// The stationary ages of the populations of a network, computed once for all trials that start with the same drive.
class StationaryStates {
 public:
  const StationaryAges& of(std::size_t population, const LifNeuron& neuron, double dt, double mu) {
    const auto found = known_.find(population);
    if (found != known_.end() && found->second.mu == mu) return found->second.ages;
    return known_.insert_or_assign(population, Known{mu, StationaryAges(neuron, dt, mu)}).first->second.ages;
  }

 private:
  struct Known {
    double mu;
    StationaryAges ages;
  };
  std::map<std::size_t, Known> known_;  // the last one of each population
};

}  // namespace mesopop
