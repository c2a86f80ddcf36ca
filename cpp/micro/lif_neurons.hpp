// LIF and GIF neurons, one by one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/kernels.hpp"
#include "engine/state.hpp"
#include "engine/team.hpp"
#include "micro/neuron_context.hpp"
#include "micro/neuron_input.hpp"
#include "micro/neuron_slices.hpp"
#include "micro/thresholds.hpp"
#include "model/adaptation.hpp"
#include "model/hazard.hpp"
#include "model/network.hpp"
#include "model/synaptic_input.hpp"

namespace mesopop {

class LifNeurons {
 public:
  explicit LifNeurons(const NeuronContext& context);
  std::int64_t step(std::int64_t step, const MembraneStep& membrane, double drive, std::int64_t* fired);
  double mean_potential() const;
  double potential(std::size_t neuron) const { return potential_[neuron]; }
  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  // `at_spike`: per trace, its value just after the last spike.
  void start_at_age(std::size_t neuron, std::int64_t age, double potential, const double* at_spike);
  double threshold(std::size_t neuron) const;
  double jump_factor(double jump, double now);
  void step_adaptation(bool input_jumps);

  const Kernels& kernels_;
  const LifNeuron& neuron_;
  NeuronInput* input_;  // null: all neurons receive the same
  const Team& team_;
  NeuronSlices slices_;
  HalfStepHazard escape_;
  double dt_;
  std::size_t size_;
  Thresholds thresholds_;
  std::vector<double> potential_, hazard_, wake_;  // padded to whole blocks
  // Adaptation: per trace, its value for every neuron.
  std::vector<AdaptationTrace> traces_;
  std::vector<std::vector<double>> trace_;
  std::vector<double*> trace_pointer_;  // scratch
  std::vector<double> trace_decay_, trace_weight_, trace_gain_;
  std::vector<double> threshold_, pull_, start_threshold_;  // scratch
};

}  // namespace mesopop
