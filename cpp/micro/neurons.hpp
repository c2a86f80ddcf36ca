// The neurons of one population, one by one or, if they share their state, together. Every kind has the same members,
// used through std::visit:
//
//   std::int64_t step(step, membrane, drive, fired)   the neurons that fire, each once; returns how many
//   double mean_potential() const                     population mean after resets, mV (NaN: none)
//   double potential(neuron) const                     of one neuron, mV (NaN: none)
//   void visit(visitor, prefix)                        its state
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "engine/kernels.hpp"
#include "engine/state.hpp"
#include "engine/team.hpp"
#include "micro/common_hazard.hpp"
#include "micro/lif_cohorts.hpp"
#include "micro/neuron_context.hpp"
#include "micro/neuron_input.hpp"
#include "micro/neuron_slices.hpp"
#include "micro/thresholds.hpp"
#include "model/adaptation.hpp"
#include "model/hazard.hpp"
#include "model/network.hpp"
#include "model/synaptic_input.hpp"

namespace mesopop {

class PoissonNeurons {
 public:
  explicit PoissonNeurons(const NeuronContext& context);
  std::int64_t step(std::int64_t step, const MembraneStep& membrane, double rate, std::int64_t* fired);
  double mean_potential() const { return std::numeric_limits<double>::quiet_NaN(); }
  double potential(std::size_t) const { return std::numeric_limits<double>::quiet_NaN(); }
  void visit(StateVisitor& visitor, const std::string& prefix) { spikes_.visit(visitor, prefix); }

 private:
  double dt_;
  CommonHazard spikes_;
};

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

class GivenNeurons {
 public:
  explicit GivenNeurons(const NeuronContext& context);
  std::int64_t step(std::int64_t step, const MembraneStep& membrane, double drive, std::int64_t* fired);
  double mean_potential() const { return std::numeric_limits<double>::quiet_NaN(); }
  double potential(std::size_t) const { return std::numeric_limits<double>::quiet_NaN(); }
  void visit(StateVisitor&, const std::string&) {}

 private:
  const GivenSpikes& spikes_;
};

using Neurons = std::variant<PoissonNeurons, LnpNeurons, SingleLnpNeurons, LifNeurons, LifCohorts, GivenNeurons>;

Neurons make_neurons(const NeuronContext& context);

}  // namespace mesopop
