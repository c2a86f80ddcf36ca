// A stream is the sequence of words that belongs to one random event: what it is for (purpose, owner, index),
// which occurrence (event) and which trial.
//
// Counter words: (block, event, purpose << 56 | owner << 32 | index, trial).
#pragma once

#include <cstdint>

#include "random/philox.hpp"

namespace mesopop {

enum class Purpose : std::uint64_t {
  threshold = 1,  // owner population, index neuron, event spikes fired so far: one exponential
  initial = 2,    // owner population, index neuron (micro) or 0 (meso): age at t = 0
  count = 3,      // owner population, event step: number of spikes
  release = 4,    // owner population, event step: means of u and x over the neurons that fire, set by set
  drive = 5,      // owner population, index component, event step: Ornstein-Uhlenbeck increment
  // In lanes (random/lane_stream.hpp):
  cohort_count = 6,    // owner population, event step, lane cohort: its number of spikes
  cohort_release = 7,  // owner STP set, event step, lane cohort that fires: means of u and x over its neurons that fire
  // Cohorts of the microscopic level:
  next_spike = 8,  // owner population, event number drawn before / 4: four exponentials
  // Connections:
  connect = 9,  // owner projection, index neuron of the target: its presynaptic neurons
  delay = 10,   // owner projection, index neuron of the target: delays of its synapses
};

// Seed and trial: everything that distinguishes one realisation from another.
struct Realisation {
  PhiloxKey key{};
  std::uint64_t trial = 0;
};

class Stream {
 public:
  Stream(const Realisation& realisation, Purpose purpose, std::uint64_t owner, std::uint64_t index, std::uint64_t event)
      : key_(realisation.key),
        counter_{0, event, static_cast<std::uint64_t>(purpose) << 56 | owner << 32 | index, realisation.trial} {}

  std::uint64_t next() {
    if (used_ == 4) {
      words_ = philox4x64(counter_, key_);
      ++counter_[0];
      used_ = 0;
    }
    return words_[used_++];
  }

 private:
  PhiloxKey key_;
  PhiloxBlock counter_;
  PhiloxBlock words_{};
  unsigned used_ = 4;
};

}  // namespace mesopop
