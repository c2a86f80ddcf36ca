// A mesoscopic population: its activity and the plasticity of its outgoing synapses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/level.hpp"
#include "meso/activity.hpp"
#include "meso/synapses.hpp"

namespace mesopop {

class MesoPopulation {
 public:
  explicit MesoPopulation(const LevelContext& context);

  double step(std::int64_t step, const MembraneStep& membrane, double drive, double* release);
  void fire_all(std::int64_t step, double* release);

  double mean_potential() const;
  double mean_u(std::size_t set) const { return synapses_[set].mean_u(); }
  double mean_x(std::size_t set) const { return synapses_[set].mean_x(); }
  const std::int64_t* fired() const { return nullptr; }  // neurons have no names at this level

  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  double size_;
  Activity activity_;
  std::vector<PopulationSynapses> synapses_;  // one per STP set of this population
};

}  // namespace mesopop
