// Short-term plasticity neuron by neuron: one (u, x) per presynaptic neuron and STP set, touched only when the neuron
// fires.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/state.hpp"
#include "model/tsodyks_markram.hpp"

namespace mesopop {

class NeuronSynapses {
 public:
  NeuronSynapses(const StpSpec& spec, std::int64_t size, double dt)
      : plasticity_(spec, dt),
        u_(spec.u.empty() ? std::vector<double>(static_cast<std::size_t>(size), spec.U0) : spec.u),
        x_(spec.x.empty() ? std::vector<double>(static_cast<std::size_t>(size), 1.0) : spec.x),
        last_(static_cast<std::size_t>(size), 0) {
    for (std::size_t i = 0; i < u_.size(); ++i) {
      excess_u_ += u_[i] - plasticity_.U0;
      deficit_x_ += 1.0 - x_[i];
    }
  }

  // The neurons `fired` spike at time `now` (in steps): returns their total release.
  double release(const std::int64_t* fired, std::int64_t count, std::int64_t now) {
    double total = 0.0;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto neuron = static_cast<std::size_t>(fired[i]);
      const double elapsed = static_cast<double>(now - last_[neuron]) * plasticity_.dt;
      const SynapseState before{plasticity_.U0 + (u_[neuron] - plasticity_.U0) * relaxation(elapsed, plasticity_.tau_f),
                                1.0 - (1.0 - x_[neuron]) * relaxation(elapsed, plasticity_.tau_d)};
      const SynapseState after = plasticity_.after_spike(before);
      u_[neuron] = after.u;
      x_[neuron] = after.x;
      last_[neuron] = now;
      excess_u_ += after.u - before.u;
      deficit_x_ += before.x - after.x;
      total += before.release();
    }
    return total;
  }

  // The deviations of all neurons decay alike, so that their sums can be followed without touching the neurons.
  void relax_means() {
    excess_u_ *= plasticity_.decay_u;
    deficit_x_ *= plasticity_.decay_x;
  }

  double mean_u() const { return plasticity_.U0 + excess_u_ / static_cast<double>(u_.size()); }
  double mean_x() const { return 1.0 - deficit_x_ / static_cast<double>(x_.size()); }

  void visit(StateVisitor& visitor, const std::string& prefix) {
    visitor.field(prefix + "/u", u_);
    visitor.field(prefix + "/x", x_);
    visitor.field(prefix + "/last_spike", last_);
    visitor.field(prefix + "/excess_u", excess_u_);
    visitor.field(prefix + "/deficit_x", deficit_x_);
  }

 private:
  Plasticity plasticity_;
  std::vector<double> u_, x_;       // just after the last spike
  std::vector<std::int64_t> last_;  // its time in steps
  double excess_u_ = 0.0;           // sum of u - U0
  double deficit_x_ = 0.0;          // sum of 1 - x
};

}  // namespace mesopop
