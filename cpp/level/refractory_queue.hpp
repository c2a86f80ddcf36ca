// Neurons in their refractory period, by the step of their spike: nothing happens to them but waiting.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "model/state.hpp"

namespace mesopop {

// A ring with one entry per step of the refractory period and one for the step at hand; an entry is a number of neurons
// and `extra` values that wait with them.
class RefractoryQueue {
 public:
  RefractoryQueue(std::int64_t refractory_steps, std::size_t extra)
      : width_(1 + extra), entries_(static_cast<std::size_t>(refractory_steps + 1) * width_, 0.0) {}

  // The entry of the spikes of `step`; the one that wakes in step k is that of k - 1 - refractory_steps, the same slot.
  double* entry(std::int64_t step) {
    const auto slots = static_cast<std::int64_t>(entries_.size() / width_);
    return entries_.data() + static_cast<std::size_t>(((step % slots) + slots) % slots) * width_;
  }

  void add(double* entry, double count) {
    entry[0] += count;
    total_ += count;
  }

  void clear(double* entry) {
    total_ -= entry[0];
    std::fill(entry, entry + width_, 0.0);
  }

  double total() const { return total_; }

  void visit(StateVisitor& visitor, const std::string& prefix) {
    visitor.field(prefix + "/refractory", entries_);
    visitor.field(prefix + "/refractory_total", total_);
  }

 private:
  std::size_t width_;
  std::vector<double> entries_;
  double total_ = 0.0;
};

}  // namespace mesopop
