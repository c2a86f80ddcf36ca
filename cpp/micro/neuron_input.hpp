// Input that differs between the neurons of a population: connections drawn neuron by neuron, the delay lines and
// synaptic currents behind them, and drives per neuron. What all neurons share stays in SynapticInput.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/level.hpp"
#include "engine/state.hpp"
#include "micro/connections.hpp"
#include "micro/input_kernel.hpp"
#include "micro/neuron_slices.hpp"

namespace mesopop {

// The spikes that a population fired in a step.
struct FiredNeurons {
  const std::int64_t* neuron = nullptr;  // in any order
  std::int64_t count = 0;
  const std::vector<std::vector<double>>* released = nullptr;  // per STP set of the population, per spike
};

class NeuronInput {
 public:
  // Null if all neurons of the population receive the same.
  static std::unique_ptr<NeuronInput> of(const LevelContext& context);

  explicit NeuronInput(const LevelContext& context);

  const NeuronSlices& slices() const { return slices_; }

  // What arrives at the start of `step`; valid until the next call.
  NeuronInputStep arrivals(std::int64_t step);

  // Sends the spikes of `step` on their way; `fired` has one entry per population.
  void deliver(std::int64_t step, const std::vector<FiredNeurons>& fired, const Team& team);

  // Synaptic input of one neuron after its last step, as a drive: tau_m times its currents, mV.
  double current(std::size_t neuron) const;

  // What the neurons found in their input of the present step: 0, or NaN if it was not finite.
  void note(double check) { check_ = check; }
  double check() const { return check_; }

  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  struct Pathway {  // one projection
    std::shared_ptr<const Connections> connections;
    std::size_t source;
    std::int64_t set;  // STP set, counted within the source population; kStatic: none
    std::size_t port;
    double per_release;  // jump of the port
    std::vector<std::int64_t> delay_steps;
  };
  struct Port {  // as `input_ports` lists them
    double tau_s;
    double decay, gain;
    std::vector<double> current;
    std::int64_t slots;
    std::vector<double> pending;  // slots x neurons: what will arrive

    double* arriving(std::int64_t step, std::int64_t stride) { return pending.data() + step % slots * stride; }
  };

  NeuronSlices slices_;
  double tau_m_;
  std::int64_t stride_;  // neurons, padded to whole blocks
  std::vector<Port> ports_;
  std::vector<Pathway> pathways_;
  std::vector<double> constant_;
  double check_ = 0.0;
  // Scratch: the ports of currents as the kernel reads them.
  std::vector<double*> current_, arriving_;
  std::vector<double> gain_, decay_;
};

}  // namespace mesopop
