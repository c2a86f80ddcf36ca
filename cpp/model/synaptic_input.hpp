// What arrives at populations whose neurons all receive the same input: delay lines, synaptic currents and the
// exact step of the membrane between arrivals. The same code serves every level.
//
//   tau_m dV/dt = -V + mu + tau_m I,   I = sum over tau_s of exponential currents (mV/ms)
//
// so that over one step V -> a (V + jump) + b, with a and b equal for all neurons of the population.
#pragma once

#include <cstdint>
#include <vector>

#include "model/membrane.hpp"
#include "model/network.hpp"
#include "model/state.hpp"

namespace mesopop {

// Sources of release: channel p < populations is the spike count of population p, channel populations + s the
// release of STP set s.
class SynapticInput {
 public:
  // `projections`: those whose targets all receive the mean of what is released.
  SynapticInput(const NetworkSpec& network, const std::vector<const ProjectionSpec*>& projections);

  // Takes up what arrives at the start of `step`.
  void arrive(std::int64_t step);

  // The step of the membrane of `population` under external drive `mu` (mV); its currents then decay by one step.
  MembraneStep advance(std::size_t population, double mu);

  // Synaptic input of `population` after its last step, as a drive: tau_m times its currents, mV.
  double current(std::size_t population) const;

  // Sends the release of the spikes of `step` on its way: it arrives `delay` after the end of the step.
  void send(std::int64_t step, std::size_t channel, double amount);

  void visit(StateVisitor& visitor);

 private:
  struct Term {  // one projection and delay
    std::size_t port;
    double weight;  // jump of the port per unit of release
    std::int64_t delay;
  };
  // A population has one port per synaptic time constant; tau_s = 0 is the port of potential jumps.
  struct Target {
    double tau_m = 0.0;
    double decay = 0.0, drive_gain = 0.0;  // a, 1 - a
    std::size_t jump_port = kNoPort;
    std::size_t first = 0, last = 0;  // ports of its currents
  };
  static constexpr std::size_t kNoPort = static_cast<std::size_t>(-1);

  double* arrivals(std::int64_t step) { return pending_.data() + (step & slot_mask_) * port_count_; }

  std::vector<Target> targets_;
  std::vector<double> current_decay_, current_gain_;  // per port
  std::vector<Term> terms_;                           // by channel
  std::vector<std::size_t> first_term_;
  std::int64_t port_count_ = 0;
  std::int64_t slot_mask_ = 0;

  std::vector<double> current_;  // per port: mV/ms, or the jump of the present step in mV
  std::vector<double> pending_;  // slots x ports: what will arrive
};

}  // namespace mesopop
