// Ages and potentials of the neurons of a population at t = 0.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/level.hpp"

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
  double rate;                   // of the past, spikes per neuron and step; 0: nothing but the last spikes is known
};

InitialAges initial_ages(const LevelContext& context);

}  // namespace mesopop
