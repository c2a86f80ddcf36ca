// Connections that are the same in every trial are built once for all of them.
#pragma once

#include <map>
#include <memory>

#include "micro/connections.hpp"

namespace mesopop {

class ConnectionStore {
 public:
  std::shared_ptr<const Connections> of(const NetworkSpec& network, std::size_t projection,
                                        const Realisation& realisation, const Team& team) {
    const ProjectionSpec& p = network.projections[projection];
    const bool same = std::holds_alternative<GivenConnections>(p.connectivity) && p.delay_steps.size() == 1;
    if (!same) return std::make_shared<const Connections>(network, projection, realisation, team);
    auto& known = known_[projection];
    if (!known) known = std::make_shared<const Connections>(network, projection, realisation, team);
    return known;
  }

 private:
  std::map<std::size_t, std::shared_ptr<const Connections>> known_;
};

}  // namespace mesopop
