// Ages and potentials of the neurons of a LIF population at t = 0.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/level.hpp"

namespace mesopop {

struct AgeGroup {
  std::int64_t age;  // steps since the time stamp of the last spike; neurons that never fired count as old
  double count;
  double potential;  // mean
  std::vector<std::size_t> members;  // of a given state
};

// Nonempty groups, oldest first.
std::vector<AgeGroup> initial_age_groups(const LevelContext& context);

}  // namespace mesopop
