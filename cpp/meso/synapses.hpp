// Short-term plasticity of a whole population through mean u and x (first order) or their means and covariance
// (second order).
#pragma once

#include <cstdint>
#include <string>

#include "engine/level.hpp"
#include "engine/state.hpp"
#include "meso/moments.hpp"
#include "random/stream.hpp"

namespace mesopop {

class PopulationSynapses {
 public:
  PopulationSynapses(const StpSpec& spec, std::uint64_t set, std::int64_t size, double dt, Closure closure, Noise noise,
                     const Realisation& realisation);

  void relax() { moments_ = relaxed(moments_, plasticity_, plasticity_.decay_u, plasticity_.decay_x); }

  // `count` of the neurons spike in `step`: returns their total release.
  double release(double count, std::int64_t step);

  double mean_u() const { return moments_.u; }
  double mean_x() const { return moments_.x; }

  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  Plasticity plasticity_;
  std::uint64_t set_;
  double size_;
  Closure closure_;
  Noise noise_;
  Realisation realisation_;
  Moments moments_;
};

}  // namespace mesopop
