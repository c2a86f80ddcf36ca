// Neurons without memory of their spikes: all with the same input, or each with its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/kernels.hpp"
#include "engine/state.hpp"
#include "engine/team.hpp"
#include "micro/common_hazard.hpp"
#include "micro/neuron_context.hpp"
#include "micro/neuron_input.hpp"
#include "micro/neuron_slices.hpp"
#include "micro/thresholds.hpp"
#include "model/network.hpp"
#include "model/synaptic_input.hpp"

namespace mesopop {

class LnpNeurons {
 public:
  explicit LnpNeurons(const NeuronContext& context);
  std::int64_t step(std::int64_t step, const MembraneStep& membrane, double drive, std::int64_t* fired);
  double mean_potential() const { return h_; }
  double potential(std::size_t) const { return h_; }
  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  const LnpNeuron& neuron_;
  double dt_;
  double h_;  // shared by all neurons
  CommonHazard spikes_;
};

// LNP neurons with input of their own.
class SingleLnpNeurons {
 public:
  explicit SingleLnpNeurons(const NeuronContext& context);
  std::int64_t step(std::int64_t step, const MembraneStep& membrane, double drive, std::int64_t* fired);
  double mean_potential() const;
  double potential(std::size_t neuron) const { return potential_[neuron]; }
  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  const Kernels& kernels_;
  const LnpNeuron& neuron_;
  NeuronInput& input_;
  const Team& team_;
  double dt_;
  NeuronSlices slices_;
  Thresholds thresholds_;
  std::vector<double> potential_, rate_;  // padded to whole blocks
};

}  // namespace mesopop
