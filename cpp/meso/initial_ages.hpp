// Ages and potentials of the neurons of a population at t = 0.
#pragma once

#include <cstdint>
#include <vector>

#include "level/level.hpp"
#include "model/renewal.hpp"

namespace mesopop {

struct AgeGroup {
  std::int64_t age;    // steps since the time stamp of the last spike; neurons that never fired are old
  std::int64_t birth;  // step since which the potential has been forgetting where it started
  double count;
  double potential;
  bool fired;                        // false: never
  std::vector<std::size_t> members;  // of a given state
};

struct InitialAges {
  std::vector<AgeGroup> groups;  // nonempty, oldest first
  std::vector<double> at_spike;  // per trace of adaptation: its value just after the last spike
  double rate;                   // of the past, spikes per neuron and step; 0: nothing but the last spikes is known
};

// `traces` are those of make_traces() for `memory`.
InitialAges initial_ages(const LevelContext& context, Memory memory, const std::vector<AdaptationTrace>& traces);

}  // namespace mesopop
