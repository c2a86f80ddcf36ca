// Exponential thresholds: a neuron fires when its integrated hazard since the last spike exceeds an Exp(1) number,
// which costs one random number per spike instead of one per step.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "kernels/neuron_block.hpp"
#include "model/state.hpp"
#include "random/distributions.hpp"

namespace mesopop {

class Thresholds {
 public:
  Thresholds(const Realisation& realisation, std::uint64_t population, std::int64_t size)
      : realisation_(realisation),
        population_(population),
        remaining_(static_cast<std::size_t>(padded_to_block(size)), std::numeric_limits<double>::infinity()),
        spikes_(static_cast<std::size_t>(size), 0) {
    for (std::size_t i = 0; i < spikes_.size(); ++i) remaining_[i] = draw(i);
  }

  // Integrated hazard left, padded to whole blocks.
  double* remaining() { return remaining_.data(); }
  std::int64_t size() const { return static_cast<std::int64_t>(spikes_.size()); }

  void renew(std::size_t neuron) {
    ++spikes_[neuron];
    remaining_[neuron] = draw(neuron);
  }

  void visit(StateVisitor& visitor, const std::string& prefix) {
    visitor.field(prefix + "/remaining_hazard", remaining_);
    visitor.field(prefix + "/spikes_fired", spikes_);
  }

 private:
  double draw(std::size_t neuron) const {
    Stream stream(realisation_, Purpose::threshold, population_, neuron, static_cast<std::uint64_t>(spikes_[neuron]));
    return draw_exponential(stream);
  }

  Realisation realisation_;
  std::uint64_t population_;
  std::vector<double> remaining_;
  std::vector<std::int64_t> spikes_;
};

}  // namespace mesopop
