// A population whose neurons are told apart, with the plasticity of its outgoing synapses.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "level/level.hpp"
#include "micro/neuron_input.hpp"
#include "micro/neurons.hpp"
#include "micro/synapses.hpp"

namespace mesopop {

class MicroPopulation {
 public:
  static constexpr bool kNamed = true;

  explicit MicroPopulation(const LevelContext& context);

  static bool is_shared(const ProjectionSpec& projection) { return projection.is_shared(); }
  static void exchange(std::vector<MicroPopulation>& populations, std::int64_t step, const Team& team);

  double step(std::int64_t step, const MembraneStep& membrane, double drive, double* release);
  void fire_all(std::int64_t step, double* release);

  double mean_potential() const;
  double mean_u(std::size_t set) const { return synapses_[set].mean_u(); }
  double mean_x(std::size_t set) const { return synapses_[set].mean_x(); }
  double input_check() const { return input_ ? input_->check() : 0.0; }
  const std::int64_t* fired() const { return fired_.data(); }

  // Of chosen neurons. `step`: the next one to be made.
  void watch(const std::vector<std::int64_t>& neurons, std::int64_t step);
  bool watches(std::int64_t neuron) const { return watched_[static_cast<std::size_t>(neuron)]; }
  double potential(std::int64_t neuron) const;
  double own_input(std::int64_t neuron) const {
    return input_ ? input_->current(static_cast<std::size_t>(neuron)) : 0.0;
  }
  SynapseState synapse(std::size_t set, std::int64_t neuron, std::int64_t time) const {
    return synapses_[set].at(static_cast<std::size_t>(neuron), time);
  }

  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  void release_spikes(std::int64_t step, double* release);

  std::unique_ptr<NeuronInput> input_;  // null: all neurons receive the same
  Neurons neurons_;
  std::vector<NeuronSynapses> synapses_;  // one per STP set of this population
  // The spikes of the last step.
  std::vector<std::int64_t> fired_;
  std::int64_t fired_count_ = 0;
  std::vector<std::vector<double>> released_;  // per STP set, per spike
  std::vector<bool> watched_;                  // empty: none
};

}  // namespace mesopop
