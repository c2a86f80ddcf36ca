// LIF neurons simulated in groups. Neurons that last fired in the same step have the same potential, so that a step
// costs as much as there are groups and spikes, whatever the number of neurons.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "level/bin_table.hpp"
#include "level/refractory_queue.hpp"
#include "micro/neuron_context.hpp"
#include "micro/next_spike.hpp"
#include "model/hazard.hpp"
#include "model/state.hpp"
#include "model/synaptic_input.hpp"

namespace mesopop {

class LifCohorts {
 public:
  explicit LifCohorts(const NeuronContext& context);
  // The order of the neurons that fire is arbitrary.
  std::int64_t step(std::int64_t step, const MembraneStep& membrane, double drive, std::int64_t* fired);
  double mean_potential() const;
  // Follows to which groups these neurons belong, from `step` on, the next one to be made.
  void watch(const std::vector<std::int64_t>& neurons, std::int64_t step);
  double potential(std::size_t neuron) const;  // of a watched neuron
  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  // Members of a group are member_[first] .. member_[first + count - 1]. Groups lie one behind the other, the latest
  // last, those that are refractory included, with gaps where neurons have left. `latest` is the step of the last spike
  // of its youngest members; before the start, an ascending number.
  enum Column : std::size_t { kPotential, kHazard, kCount, kFirst, kLatest, kColumns };

  void wake(std::int64_t step);
  void merge();
  std::int64_t fire(std::int64_t* fired);
  void append_members(const std::int64_t* neurons, std::int64_t count);
  void close_gaps();
  void check(const std::vector<std::int64_t>& members);
  double jump_factor(double jump);

  const Kernels& kernels_;
  const LifNeuron& neuron_;
  HalfStepHazard escape_;
  std::size_t size_;
  double tolerance_;  // mV
  NextSpike next_;
  BinTable groups_;
  RefractoryQueue refractory_;  // with the first member of each entry
  std::vector<std::uint32_t> member_;
  std::size_t end_ = 0;             // of the members
  std::vector<double> integrated_;  // hazard of the step per neuron of each group
  std::vector<std::int64_t> last_;  // step of the last spike of watched neurons; empty: none
};

}  // namespace mesopop
