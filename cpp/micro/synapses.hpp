// Short-term plasticity neuron by neuron: one (u, x) per presynaptic neuron and STP set, touched only when the neuron
// fires.
#pragma once

#include <algorithm>
#include <cstddef>
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
    for (const TsodyksMarkram& parameters : spec.per_neuron) of_neuron_.emplace_back(parameters, dt);
    for (std::size_t i = 0; i < neuron_.size(); ++i) {
      const double U0 = of_neuron_.empty() ? spec.U0 : of_neuron_[i].U0;
      neuron_[i] = {spec.u.empty() ? U0 : spec.u[i], spec.x.empty() ? 1.0 : spec.x[i], 0};
      excess_u_ += neuron_[i].u - plasticity_.U0;
      deficit_x_ += 1.0 - neuron_[i].x;
    }
  }

  static std::size_t bytes_per_neuron(const StpSpec& spec) {
    return sizeof(Neuron) + sizeof(double) + (spec.per_neuron.empty() ? 0 : sizeof(Plasticity));  // double: its release
  }

  // The neurons `fired` spike at time `now` (in steps): returns their total release, and that of each in `released`.
  double release(const std::int64_t* fired, std::int64_t count, std::int64_t now, double* released) {
    double total = 0.0;
    for (std::int64_t first = 0; first < count; first += kChunk) {
      const std::int64_t size = std::min(kChunk, count - first);
      total = release_chunk(fired + first, size, count - first, now, released + first, total);
    }
    now_ = now;
    return total;
  }

  // The deviations of neurons with equal parameters decay alike, so that their sums can be followed without touching
  // the neurons.
  void relax_means() {
    excess_u_ *= plasticity_.decay_u;
    deficit_x_ *= plasticity_.decay_x;
  }

  double mean_u() const {
    const auto size = static_cast<double>(neuron_.size());
    if (of_neuron_.empty()) return plasticity_.U0 + excess_u_ / size;
    double sum = 0.0;
    for (std::size_t i = 0; i < neuron_.size(); ++i) sum += at(i, now_).u;
    return sum / size;
  }

  double mean_x() const {
    const auto size = static_cast<double>(neuron_.size());
    if (of_neuron_.empty()) return 1.0 - deficit_x_ / size;
    double sum = 0.0;
    for (std::size_t i = 0; i < neuron_.size(); ++i) sum += at(i, now_).x;
    return sum / size;
  }

  // u and x of a neuron at a time (in steps) not before its last spike.
  SynapseState at(std::size_t neuron, std::int64_t time) const {
    const double since = elapsed(neuron, time);
    if (since == 0.0) return {neuron_[neuron].u, neuron_[neuron].x};
    return relaxed(neuron, relaxation(since, of(neuron).tau_f), relaxation(since, of(neuron).tau_d));
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

  const Plasticity& of(std::size_t neuron) const { return of_neuron_.empty() ? plasticity_ : of_neuron_[neuron]; }

  double elapsed(std::size_t neuron, std::int64_t now) const {
    return static_cast<double>(now - neuron_[neuron].last) * plasticity_.dt;
  }

  double release_chunk(const std::int64_t* fired, std::int64_t count, std::int64_t listed, std::int64_t now,
                       double* released, double total) {
    double elapsed_of[kChunk], decay_u[kChunk], decay_x[kChunk];
    for (std::int64_t i = 0; i < count; ++i) {
      if (i + kAhead < listed) prefetch_for_writing(&neuron_[static_cast<std::size_t>(fired[i + kAhead])]);
      elapsed_of[i] = elapsed(static_cast<std::size_t>(fired[i]), now);
    }
    if (of_neuron_.empty()) {
      kernels_.relaxations({count, elapsed_of, plasticity_.tau_f, plasticity_.tau_d, decay_u, decay_x});
    } else {
      for (std::int64_t i = 0; i < count; ++i) {
        const Plasticity& p = of_neuron_[static_cast<std::size_t>(fired[i])];
        decay_u[i] = relaxation(elapsed_of[i], p.tau_f);
        decay_x[i] = relaxation(elapsed_of[i], p.tau_d);
      }
    }
    for (std::int64_t i = 0; i < count; ++i) {
      const auto index = static_cast<std::size_t>(fired[i]);
      Neuron& neuron = neuron_[index];
      const SynapseState before = relaxed(index, decay_u[i], decay_x[i]);
      const SynapseState after = of(index).after_spike(before);
      neuron = {after.u, after.x, now};
      excess_u_ += after.u - before.u;
      deficit_x_ += before.x - after.x;
      released[i] = before.release();
      total += released[i];
    }
    return total;
  }

  SynapseState relaxed(std::size_t neuron, double decay_u, double decay_x) const {
    const double U0 = of(neuron).U0;
    return {U0 + (neuron_[neuron].u - U0) * decay_u, 1.0 - (1.0 - neuron_[neuron].x) * decay_x};
  }

  template <class T>
  void visit_each(StateVisitor& visitor, const std::string& name, T Neuron::* member) {
    std::vector<T> values(neuron_.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = neuron_[i].*member;
    visitor.field(name, values);
    for (std::size_t i = 0; i < values.size(); ++i) neuron_[i].*member = values[i];
  }

  const Kernels& kernels_;
  Plasticity plasticity_;              // common to all neurons
  std::vector<Plasticity> of_neuron_;  // in its place, if parameters differ; then the sums mean nothing
  std::vector<Neuron> neuron_;
  std::int64_t now_ = 0;    // time of the last release, whoever fired
  double excess_u_ = 0.0;   // sum of u - U0
  double deficit_x_ = 0.0;  // sum of 1 - x
};

}  // namespace mesopop
