// The neurons of one population, one by one. Every kind has the same members, used through std::visit:
//
//   std::int64_t step(step, membrane, drive, fired)   the neurons that fire, in ascending order; returns how many
//   double mean_potential() const                     population mean after resets, mV (NaN: none)
//   double input_check() const                        NaN if a neuron received a non-finite input of its own, else 0
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
#include "micro/neuron_input.hpp"
#include "micro/neuron_slices.hpp"
#include "micro/thresholds.hpp"
#include "model/adaptation.hpp"
#include "model/hazard.hpp"
#include "model/network.hpp"
#include "model/renewal.hpp"
#include "model/synaptic_input.hpp"

namespace mesopop {

// What all neurons are built from.
struct NeuronContext {
  const PopulationSpec& population;
  std::uint64_t index;  // of the population
  double dt;
  double initial_drive;
  Realisation realisation;
  const Kernels& kernels;
  StationaryStates& stationary;
  NeuronInput* input;  // null: all neurons receive the same
  const Team& team;

  double initial_drive_of(std::size_t neuron) const {
    const std::vector<double>& own = population.drive.per_neuron;
    return own.empty() ? initial_drive : initial_drive + own[neuron];
  }
};

// Neurons that receive the same input, or none, and so have the same hazard.
class AlikeNeurons {
 public:
  static constexpr double input_check() { return 0.0; }
};

class PoissonNeurons : public AlikeNeurons {
 public:
  explicit PoissonNeurons(const NeuronContext& context);
  std::int64_t step(std::int64_t step, const MembraneStep& membrane, double rate, std::int64_t* fired);
  double mean_potential() const { return std::numeric_limits<double>::quiet_NaN(); }
  void visit(StateVisitor& visitor, const std::string& prefix) { thresholds_.visit(visitor, prefix); }

 private:
  const Kernels& kernels_;
  double dt_;
  Thresholds thresholds_;
};

class LnpNeurons : public AlikeNeurons {
 public:
  explicit LnpNeurons(const NeuronContext& context);
  std::int64_t step(std::int64_t step, const MembraneStep& membrane, double drive, std::int64_t* fired);
  double mean_potential() const { return h_; }
  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  const Kernels& kernels_;
  const LnpNeuron& neuron_;
  double dt_;
  double h_;  // shared by all neurons
  Thresholds thresholds_;
};

// LNP neurons with input of their own.
class SingleLnpNeurons {
 public:
  explicit SingleLnpNeurons(const NeuronContext& context);
  std::int64_t step(std::int64_t step, const MembraneStep& membrane, double drive, std::int64_t* fired);
  double mean_potential() const;
  double input_check() const { return input_check_; }
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
  double input_check_ = 0.0;
};

class LifNeurons {
 public:
  explicit LifNeurons(const NeuronContext& context);
  std::int64_t step(std::int64_t step, const MembraneStep& membrane, double drive, std::int64_t* fired);
  double mean_potential() const;
  double input_check() const { return input_check_; }
  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  void start_stationary(const NeuronContext& context, std::size_t first, std::size_t last, const StationaryAges& ages);
  void start_at_age(std::size_t neuron, std::int64_t age, double potential, double past_rate);
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
  double input_check_ = 0.0;
};

class GivenNeurons : public AlikeNeurons {
 public:
  explicit GivenNeurons(const NeuronContext& context);
  std::int64_t step(std::int64_t step, const MembraneStep& membrane, double drive, std::int64_t* fired);
  double mean_potential() const { return std::numeric_limits<double>::quiet_NaN(); }
  void visit(StateVisitor&, const std::string&) {}

 private:
  const GivenSpikes& spikes_;
};

using Neurons = std::variant<PoissonNeurons, LnpNeurons, SingleLnpNeurons, LifNeurons, GivenNeurons>;

Neurons make_neurons(const NeuronContext& context);

}  // namespace mesopop
