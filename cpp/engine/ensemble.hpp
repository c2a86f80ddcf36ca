// Independent trials of one network. Threads share the trials, or, if there are fewer trials than threads and many
// neurons, the neurons of one trial after the other. Each trial has its own engine and its own random numbers, so the
// number of threads cannot matter.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/engine.hpp"
#include "micro/connection_store.hpp"

namespace mesopop {

struct Failure {
  std::int64_t trial = -1;
  NonFiniteState state;
};

class Ensemble {
 public:
  // `previous`, if not null, is an ensemble of the same trials of a network that differs in nothing that connections
  // depend on: they are shared with it. Throws std::invalid_argument if the microscopic level needs more than
  // `memory_limit` bytes.
  Ensemble(std::shared_ptr<const NetworkSpec> network, const EngineSettings& settings, PhiloxKey key,
           std::int64_t trials, int threads, double memory_limit, const Ensemble* previous = nullptr);

  // Advances every trial by `bins`; `recordings` has one entry per trial. Returns the number of bins that all trials
  // completed; the first failure in order of trials is reported.
  std::int64_t advance(std::int64_t first_bin, std::int64_t bins, const std::vector<Recording>& recordings, int threads,
                       Failure& failure);

  std::int64_t trials() const { return static_cast<std::int64_t>(engines_.size()); }
  Engine& trial(std::int64_t index) { return *engines_.at(static_cast<std::size_t>(index)); }

 private:
  // Whether a trial has a population, simulated neuron by neuron, that is worth several threads.
  bool is_large() const;

  std::shared_ptr<const NetworkSpec> network_;
  EngineSettings settings_;
  ConnectionStore connections_;
  std::vector<std::unique_ptr<Engine>> engines_;
};

}  // namespace mesopop
