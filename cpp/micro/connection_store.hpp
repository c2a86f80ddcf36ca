// The connections of all trials. Those that are the same in every trial are built once; those of a store that was
// copied are shared with the original, so that a network can be built anew with other weights.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "micro/connections.hpp"

namespace mesopop {

class ConnectionStore {
 public:
  static bool is_same_in_all_trials(const ProjectionSpec& projection) {
    return std::holds_alternative<GivenConnections>(projection.connectivity) && projection.delay_steps.size() == 1;
  }

  std::shared_ptr<const Connections> of(const NetworkSpec& network, std::size_t projection,
                                        const Realisation& realisation, const Team& team) {
    const std::uint64_t trial = is_same_in_all_trials(network.projections[projection]) ? 0 : realisation.trial;
    auto& known = known_[{projection, trial}];
    if (!known) known = std::make_shared<const Connections>(network, projection, realisation, team);
    return known;
  }

 private:
  std::map<std::pair<std::size_t, std::uint64_t>, std::shared_ptr<const Connections>> known_;
};

}  // namespace mesopop
