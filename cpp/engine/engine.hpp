// One trial of one network at one level.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/recording.hpp"
#include "level/level.hpp"
#include "model/network.hpp"
#include "model/state.hpp"

namespace mesopop {

enum class Level { micro, meso };

struct EngineSettings {
  Level level = Level::micro;
  Closure closure = Closure::second_order;  // meso only
  Noise noise = Noise::binomial;            // meso only
  double bin_tolerance = 0.0;               // meso only, in units of delta_u
  std::vector<bool> cohorts;                // micro only, per population
  double cohort_tolerance = 0.0;            // micro only, in units of delta_u
  std::string instruction_set = "auto";
};

class Engine {
 public:
  virtual ~Engine() = default;

  // Advances by `bins` recording bins and writes them from position `first_bin` on. Returns the number of complete
  // bins: fewer if the state became non-finite, which is then described in `failure`.
  virtual std::int64_t advance(std::int64_t first_bin, std::int64_t bins, const Recording& recording, const Team& team,
                               NonFiniteState& failure) = 0;
  virtual std::int64_t step() const = 0;  // steps made so far
  virtual void visit(StateVisitor& visitor) = 0;
};

// `network` must outlive the engine. `stationary` and `connections` keep what several trials have in common.
std::unique_ptr<Engine> make_engine(const NetworkSpec& network, const EngineSettings& settings,
                                    const Realisation& realisation, StationaryStates& stationary,
                                    ConnectionStore& connections, const Team& team);

}  // namespace mesopop
