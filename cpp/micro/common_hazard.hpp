// Spikes of neurons that all have the same hazard (Poisson, LNP): a threshold per neuron, or all of them as one cohort.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "micro/neuron_context.hpp"
#include "micro/next_spike.hpp"
#include "micro/thresholds.hpp"

namespace mesopop {

class CommonHazard {
 public:
  explicit CommonHazard(const NeuronContext& context)
      : kernels_(context.kernels), size_(context.population.size), spikes_(make(context)) {}

  // The neurons that fire in a step with that integrated hazard, in ascending order; returns how many.
  std::int64_t step(double integrated_hazard, std::int64_t* fired) {
    return std::visit([&](auto& spikes) { return step(spikes, integrated_hazard, fired); }, spikes_);
  }

  void visit(StateVisitor& visitor, const std::string& prefix) {
    std::visit([&](auto& spikes) { spikes.visit(visitor, prefix); }, spikes_);
  }

 private:
  using Spikes = std::variant<Thresholds, NextSpike>;

  static Spikes make(const NeuronContext& context) {
    if (context.cohorts) return NextSpike(context.realisation, context.index);
    return Thresholds(context.realisation, context.index, context.population.size);
  }

  std::int64_t step(Thresholds& thresholds, double integrated_hazard, std::int64_t* fired) const {
    const std::int64_t count = kernels_.thresholds({size_, thresholds.remaining(), integrated_hazard, fired});
    for (std::int64_t i = 0; i < count; ++i) thresholds.renew(static_cast<std::size_t>(fired[i]));
    return count;
  }

  std::int64_t step(NextSpike& next, double integrated_hazard, std::int64_t* fired) const {
    std::int64_t count = 0;
    for (std::int64_t i = 0; (i = next.find(integrated_hazard, i, size_)) < size_; ++i) fired[count++] = i;
    return count;
  }

  const Kernels& kernels_;
  std::int64_t size_;
  Spikes spikes_;
};

}  // namespace mesopop
