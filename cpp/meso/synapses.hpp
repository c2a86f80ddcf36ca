// Short-term plasticity of a whole population through mean u and x (first order) or their means and covariance
// (second order).
#pragma once

#include <cstdint>
#include <string>

#include "level/level.hpp"
#include "model/moments.hpp"
#include "model/state.hpp"
#include "random/stream.hpp"

namespace mesopop {

class PopulationSynapses {
 public:
  PopulationSynapses(const StpSpec& spec, std::int64_t size, double dt, Closure closure, Noise noise);

  void relax() { moments_ = relaxed(moments_, plasticity_, plasticity_.decay_u, plasticity_.decay_x); }

  // `count` of the neurons spike: returns their total release. In second order with noise, takes two numbers from
  // `draws`.
  double release(double count, Stream& draws);

  double mean_u() const { return moments_.u; }
  double mean_x() const { return moments_.x; }

  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  Plasticity plasticity_;
  double size_;
  Closure closure_;
  Noise noise_;
  Moments moments_;
};

}  // namespace mesopop
