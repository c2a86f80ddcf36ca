// Values of an external signal, step by step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/network.hpp"
#include "model/state.hpp"
#include "random/stream.hpp"

namespace mesopop {

class Signal {
 public:
  // `owner` is the population that the signal belongs to: it keys the random numbers.
  Signal(const DriveSpec& spec, const Realisation& realisation, std::uint64_t owner);

  // Value during `step`; steps must be asked for in ascending order without gaps.
  double at(std::int64_t step);

  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  struct Process {  // an Ornstein-Uhlenbeck component
    double mean, std, decay, increment, deviation;
    std::uint64_t component;
  };
  struct Table {                             // a step or sampled component
    const std::vector<std::int64_t>* onset;  // null: sampled
    const std::vector<double>* value;
    std::int64_t steps_per_sample;
  };

  double constant_;
  std::vector<Table> tables_;
  std::vector<SinusoidSignal> sinusoids_;
  std::vector<Process> processes_;
  Realisation realisation_;
  std::uint64_t owner_;
};

}  // namespace mesopop
