// Independent trials of one network. Threads share the trials, or, if there are fewer trials than threads and many
// neurons, the neurons of one trial after the other. Each trial has its own engine and its own random numbers, so the
// number of threads cannot matter.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/engine.hpp"

namespace mesopop {

struct Failure {
  std::int64_t trial = -1;
  NonFiniteState state;
};

class Ensemble {
 public:
  // Throws std::invalid_argument if the connections of the microscopic level need more than `memory_limit` bytes.
  Ensemble(std::shared_ptr<const NetworkSpec> network, const EngineSettings& settings, PhiloxKey key,
           std::int64_t trials, int threads, double memory_limit);

  // Advances every trial by `bins`; `recordings` has one entry per trial. Returns the number of bins that all trials
  // completed; the first failure in order of trials is reported.
  std::int64_t advance(std::int64_t first_bin, std::int64_t bins, const std::vector<Recording>& recordings, int threads,
                       Failure& failure);

  std::int64_t trials() const { return static_cast<std::int64_t>(engines_.size()); }
  Engine& trial(std::int64_t index) { return *engines_.at(static_cast<std::size_t>(index)); }

 private:
  // Whether a trial of the microscopic level is worth several threads.
  bool is_large() const;

  std::shared_ptr<const NetworkSpec> network_;
  Level level_;
  std::vector<std::unique_ptr<Engine>> engines_;
};

}  // namespace mesopop
