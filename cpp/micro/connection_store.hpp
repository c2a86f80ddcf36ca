// Connections that are the same in every trial are built once for all of them.
#pragma once

#include <map>
#include <memory>

#include "micro/connections.hpp"

namespace mesopop {

class ConnectionStore {
 public:
  static bool is_same_in_all_trials(const ProjectionSpec& projection) {
    return std::holds_alternative<GivenConnections>(projection.connectivity) && projection.delay_steps.size() == 1;
  }

  std::shared_ptr<const Connections> of(const NetworkSpec& network, std::size_t projection,
                                        const Realisation& realisation, const Team& team) {
    if (!is_same_in_all_trials(network.projections[projection]))
      return std::make_shared<const Connections>(network, projection, realisation, team);
    auto& known = known_[projection];
    if (!known) known = std::make_shared<const Connections>(network, projection, realisation, team);
    return known;
  }

 private:
  std::map<std::size_t, std::shared_ptr<const Connections>> known_;
};

}  // namespace mesopop
