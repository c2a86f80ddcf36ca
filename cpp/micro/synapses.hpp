// Short-term plasticity neuron by neuron: one (u, x) per presynaptic neuron and STP set, touched only when the neuron
// fires.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/kernels.hpp"
#include "engine/state.hpp"
#include "model/tsodyks_markram.hpp"
#include "numerics/prefetch.hpp"

namespace mesopop {

class NeuronSynapses {
 public:
  NeuronSynapses(const StpSpec& spec, std::int64_t size, double dt, const Kernels& kernels)
      : kernels_(kernels), plasticity_(spec, dt), neuron_(static_cast<std::size_t>(size)) {
    for (std::size_t i = 0; i < neuron_.size(); ++i) {
      neuron_[i] = {spec.u.empty() ? spec.U0 : spec.u[i], spec.x.empty() ? 1.0 : spec.x[i], 0};
      excess_u_ += neuron_[i].u - plasticity_.U0;
      deficit_x_ += 1.0 - neuron_[i].x;
    }
  }

  // The neurons `fired` spike at time `now` (in steps): returns their total release.
  double release(const std::int64_t* fired, std::int64_t count, std::int64_t now) {
    double total = 0.0;
    for (std::int64_t first = 0; first < count; first += kChunk) {
      const std::int64_t size = std::min(kChunk, count - first);
      total = release_chunk(fired + first, size, count - first, now, total);
    }
    return total;
  }

  // The deviations of all neurons decay alike, so that their sums can be followed without touching the neurons.
  void relax_means() {
    excess_u_ *= plasticity_.decay_u;
    deficit_x_ *= plasticity_.decay_x;
  }

  double mean_u() const { return plasticity_.U0 + excess_u_ / static_cast<double>(neuron_.size()); }
  double mean_x() const { return 1.0 - deficit_x_ / static_cast<double>(neuron_.size()); }

  // u and x of a neuron at a time (in steps) not before its last spike.
  SynapseState at(std::size_t neuron, std::int64_t time) const {
    const Neuron& n = neuron_[neuron];
    const double elapsed = static_cast<double>(time - n.last) * plasticity_.dt;
    if (elapsed == 0.0) return {n.u, n.x};
    return relaxed(n, relaxation(elapsed, plasticity_.tau_f), relaxation(elapsed, plasticity_.tau_d));
  }

  void visit(StateVisitor& visitor, const std::string& prefix) {
    visit_each(visitor, prefix + "/u", &Neuron::u);
    visit_each(visitor, prefix + "/x", &Neuron::x);
    visit_each(visitor, prefix + "/last_spike", &Neuron::last);
    visitor.field(prefix + "/excess_u", excess_u_);
    visitor.field(prefix + "/deficit_x", deficit_x_);
  }

 private:
  // Together, so that a spike touches one cache line.
  struct alignas(32) Neuron {
    double u, x;        // just after the last spike
    std::int64_t last;  // its time in steps
  };
  static constexpr std::int64_t kChunk = 64;
  static constexpr std::int64_t kAhead = 16;  // neurons on their way from memory

  double release_chunk(const std::int64_t* fired, std::int64_t count, std::int64_t listed, std::int64_t now,
                       double total) {
    double elapsed[kChunk], decay_u[kChunk], decay_x[kChunk];
    for (std::int64_t i = 0; i < count; ++i) {
      if (i + kAhead < listed) prefetch_for_writing(&neuron_[static_cast<std::size_t>(fired[i + kAhead])]);
      elapsed[i] = static_cast<double>(now - neuron_[static_cast<std::size_t>(fired[i])].last) * plasticity_.dt;
    }
    kernels_.relaxations({count, elapsed, plasticity_.tau_f, plasticity_.tau_d, decay_u, decay_x});
    for (std::int64_t i = 0; i < count; ++i) {
      Neuron& neuron = neuron_[static_cast<std::size_t>(fired[i])];
      const SynapseState before = relaxed(neuron, decay_u[i], decay_x[i]);
      const SynapseState after = plasticity_.after_spike(before);
      neuron = {after.u, after.x, now};
      excess_u_ += after.u - before.u;
      deficit_x_ += before.x - after.x;
      total += before.release();
    }
    return total;
  }

  SynapseState relaxed(const Neuron& neuron, double decay_u, double decay_x) const {
    return {plasticity_.U0 + (neuron.u - plasticity_.U0) * decay_u, 1.0 - (1.0 - neuron.x) * decay_x};
  }

  template <class T>
  void visit_each(StateVisitor& visitor, const std::string& name, T Neuron::* member) {
    std::vector<T> values(neuron_.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = neuron_[i].*member;
    visitor.field(name, values);
    for (std::size_t i = 0; i < values.size(); ++i) neuron_[i].*member = values[i];
  }

  const Kernels& kernels_;
  Plasticity plasticity_;
  std::vector<Neuron> neuron_;
  double excess_u_ = 0.0;   // sum of u - U0
  double deficit_x_ = 0.0;  // sum of 1 - x
};

}  // namespace mesopop
