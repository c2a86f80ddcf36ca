// Where an engine writes what it records: one value per bin, spikes as they occur.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mesopop {

struct Spike {
  double time;  // ms
  std::int64_t neuron;
};

// Pointers to the first bin of each quantity for one trial; null where a quantity is not recorded.
struct Recording {
  std::int64_t steps_per_bin = 1;
  std::vector<double*> rate;                // per population, Hz
  std::vector<double*> potential;           // per population, mV, at the end of the bin
  std::vector<double*> release;             // per STP set, Hz
  std::vector<double*> u, x;                // per STP set, at the end of the bin
  std::vector<std::vector<Spike>*> spikes;  // per population
};

// A state that became non-finite.
struct NonFiniteState {
  std::int64_t step = -1;
  std::string population;
  std::string variable;
};

}  // namespace mesopop
