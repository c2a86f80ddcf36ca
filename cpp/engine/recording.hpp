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

// Variables of chosen neurons of one population: rows of `stride` bins, one per neuron; null where not recorded.
struct NeuronRecording {
  std::vector<std::int64_t> neurons;
  std::int64_t stride = 0;
  double* potential = nullptr;  // mV, at the end of the bin
  double* input = nullptr;      // synaptic input, mV, at the end of the bin
  std::vector<double*> u, x;    // per STP set of the population, at the end of the bin
  std::vector<Spike>* spikes = nullptr;
};

// Pointers to the first bin of each quantity for one trial; null where a quantity is not recorded.
struct Recording {
  std::int64_t steps_per_bin = 1;
  std::vector<double*> rate;                // per population, Hz
  std::vector<double*> potential;           // per population, mV, at the end of the bin
  std::vector<double*> release;             // per STP set, Hz
  std::vector<double*> u, x;                // per STP set, at the end of the bin
  std::vector<std::vector<Spike>*> spikes;  // per population
  std::vector<NeuronRecording> chosen;      // per population
  std::int64_t most_spikes = 0;             // that may be recorded

  bool too_many_spikes() const {
    std::size_t count = 0;
    for (const auto* train : spikes) count += train ? train->size() : 0;
    for (const NeuronRecording& r : chosen) count += r.spikes ? r.spikes->size() : 0;
    return count > static_cast<std::size_t>(most_spikes);
  }
};

// A state that became non-finite; or the variable "spikes", if more were recorded than may be.
struct NonFiniteState {
  std::int64_t step = -1;
  std::string population;
  std::string variable;
};

}  // namespace mesopop
