// Neurons that fire at a given rate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "engine/state.hpp"
#include "micro/common_hazard.hpp"
#include "micro/neuron_context.hpp"
#include "model/synaptic_input.hpp"

namespace mesopop {

class PoissonNeurons {
 public:
  explicit PoissonNeurons(const NeuronContext& context) : dt_(context.dt), spikes_(context) {}

  std::int64_t step(std::int64_t, const MembraneStep&, double rate, std::int64_t* fired) {
    return spikes_.step(rate * dt_, fired);
  }
  double mean_potential() const { return std::numeric_limits<double>::quiet_NaN(); }
  double potential(std::size_t) const { return std::numeric_limits<double>::quiet_NaN(); }
  void visit(StateVisitor& visitor, const std::string& prefix) { spikes_.visit(visitor, prefix); }

 private:
  double dt_;
  CommonHazard spikes_;
};

}  // namespace mesopop
