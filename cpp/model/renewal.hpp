// Stationary ages of an uncoupled neuron with escape noise at constant drive: the renewal process from which initial
// states are drawn.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "model/adaptation.hpp"
#include "model/network.hpp"

namespace mesopop {

// What is known of the spikes before the last one of a neuron that adapts.
enum class Memory {
  average,       // what they leave behind is its mean over the neurons that fire together
  quasi_renewal  // they are those of the population
};

std::vector<AdaptationTrace> make_traces(const LifNeuron& neuron, double dt, Memory memory);

// Age a = steps since the time stamp of the last spike. weight[a] is proportional to the probability of age a for
// a < history; weight[history] to that of all older neurons, which share potential[history].
struct StationaryAges {
  std::vector<double> weight;
  std::vector<double> potential;
  std::vector<double> at_spike;  // per trace: its value just after a spike
  double rate = 0.0;             // spikes per neuron and step

  StationaryAges(const LifNeuron& neuron, double dt, double mu, Memory memory);

 private:
  // Interval distribution of neurons whose traces are `at_spike` after a spike. Sets the rate, and `left` to the
  // expected factor by which each trace has decayed at the next spike.
  void survive(const LifNeuron& neuron, const std::vector<AdaptationTrace>& traces, double dt, double mu,
               std::vector<double>& left);

  // The rate that reproduces itself if it determines what is found at a spike; the lowest one if there are several.
  void find_rate(const std::function<void(double)>& survive_at_rate);
};

// The stationary ages of the populations of a network, computed once for all trials that start with the same drive.
class StationaryStates {
 public:
  const StationaryAges& of(std::size_t population, const LifNeuron& neuron, double dt, double mu, Memory memory) {
    // Without adaptation there is nothing to remember.
    const Memory needed = neuron.adaptation.empty() ? Memory::average : memory;
    const auto key = std::pair{population, needed};
    const auto found = known_.find(key);
    if (found != known_.end() && found->second.mu == mu) return found->second.ages;
    return known_.insert_or_assign(key, Known{mu, StationaryAges(neuron, dt, mu, needed)}).first->second.ages;
  }

 private:
  struct Known {
    double mu;
    StationaryAges ages;
  };
  std::map<std::pair<std::size_t, Memory>, Known> known_;  // the last one of each population
};

}  // namespace mesopop
