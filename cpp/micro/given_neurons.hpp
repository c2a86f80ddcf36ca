// Neurons whose spikes are given.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <variant>

#include "engine/state.hpp"
#include "micro/neuron_context.hpp"
#include "model/network.hpp"
#include "model/synaptic_input.hpp"

namespace mesopop {

class GivenNeurons {
 public:
  explicit GivenNeurons(const NeuronContext& context) : spikes_(std::get<GivenSpikes>(context.population.neuron)) {}

  std::int64_t step(std::int64_t step, const MembraneStep&, double, std::int64_t* fired) const {
    const auto [first, last] = std::equal_range(spikes_.step.begin(), spikes_.step.end(), step);
    const auto* const neuron = spikes_.neuron.data() + (first - spikes_.step.begin());
    std::copy(neuron, neuron + (last - first), fired);
    return last - first;
  }
  double mean_potential() const { return std::numeric_limits<double>::quiet_NaN(); }
  double potential(std::size_t) const { return std::numeric_limits<double>::quiet_NaN(); }
  void visit(StateVisitor&, const std::string&) {}

 private:
  const GivenSpikes& spikes_;
};

}  // namespace mesopop
