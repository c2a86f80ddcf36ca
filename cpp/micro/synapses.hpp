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
      : u_(spec.u), x_(spec.x), last_(static_cast<std::size_t>(size), 0) {
    if (spec.per_neuron.empty()) {
      plasticity_.emplace_back(spec, dt);
    } else {
      for (const TsodyksMarkram& parameters : spec.per_neuron) plasticity_.emplace_back(parameters, dt);
    }
    if (u_.empty()) {
      for (std::size_t i = 0; i < last_.size(); ++i) u_.push_back(of(i).U0);
      x_.assign(last_.size(), 1.0);
    }
    for (std::size_t i = 0; i < u_.size(); ++i) {
      excess_u_ += u_[i] - of(i).U0;
      deficit_x_ += 1.0 - x_[i];
    }
  }

  // The neurons `fired` spike at time `now` (in steps): returns their total release, and each in `released`.
  double release(const std::int64_t* fired, std::int64_t count, std::int64_t now, double* released) {
    double total = 0.0;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto neuron = static_cast<std::size_t>(fired[i]);
      const SynapseState before = at(neuron, now);
      const SynapseState after = of(neuron).after_spike(before);
      u_[neuron] = after.u;
      x_[neuron] = after.x;
      last_[neuron] = now;
      excess_u_ += after.u - before.u;
      deficit_x_ += before.x - after.x;
      released[i] = before.release();
      total += released[i];
    }
    now_ = now;
    return total;
  }

  // The deviations of neurons with equal parameters decay alike, so that their sums can be followed without touching
  // the neurons.
  void relax_means() {
    excess_u_ *= plasticity_.front().decay_u;
    deficit_x_ *= plasticity_.front().decay_x;
  }

  double mean_u() const {
    const auto size = static_cast<double>(u_.size());
    if (plasticity_.size() == 1) return plasticity_.front().U0 + excess_u_ / size;
    double sum = 0.0;
    for (std::size_t i = 0; i < u_.size(); ++i) sum += at(i, now_).u;
    return sum / size;
  }

  double mean_x() const {
    const auto size = static_cast<double>(x_.size());
    if (plasticity_.size() == 1) return 1.0 - deficit_x_ / size;
    double sum = 0.0;
    for (std::size_t i = 0; i < x_.size(); ++i) sum += at(i, now_).x;
    return sum / size;
  }

  void visit(StateVisitor& visitor, const std::string& prefix) {
    visitor.field(prefix + "/u", u_);
    visitor.field(prefix + "/x", x_);
    visitor.field(prefix + "/last_spike", last_);
    visitor.field(prefix + "/excess_u", excess_u_);
    visitor.field(prefix + "/deficit_x", deficit_x_);
  }

 private:
  const Plasticity& of(std::size_t neuron) const { return plasticity_[plasticity_.size() == 1 ? 0 : neuron]; }

  SynapseState at(std::size_t neuron, std::int64_t now) const {
    const Plasticity& p = of(neuron);
    const double elapsed = static_cast<double>(now - last_[neuron]) * p.dt;
    return {p.U0 + (u_[neuron] - p.U0) * relaxation(elapsed, p.tau_f),
            1.0 - (1.0 - x_[neuron]) * relaxation(elapsed, p.tau_d)};
  }

  std::vector<Plasticity> plasticity_;  // one for all neurons, or one per neuron
  std::vector<double> u_, x_;           // just after the last spike
  std::vector<std::int64_t> last_;      // its time in steps
  std::int64_t now_ = 0;                // time of the last release, whoever fired
  // Without meaning if parameters differ between neurons.
  double excess_u_ = 0.0;   // sum of u - U0
  double deficit_x_ = 0.0;  // sum of 1 - x
};

}  // namespace mesopop
