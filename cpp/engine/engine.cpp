#include "engine/engine.hpp"

#include "engine/network_engine.hpp"
#include "meso/population.hpp"
#include "micro/population.hpp"

namespace mesopop {

std::unique_ptr<Engine> make_engine(const NetworkSpec& network, const EngineSettings& settings,
                                    const Realisation& realisation, StationaryStates& stationary,
                                    ConnectionStore& connections, const Team& team) {
  if (settings.level == Level::micro) {
    return std::make_unique<NetworkEngine<MicroPopulation>>(network, settings, realisation, stationary, connections,
                                                            team);
  }
  return std::make_unique<NetworkEngine<MesoPopulation>>(network, settings, realisation, stationary, connections, team);
}

}  // namespace mesopop
