// What the neurons of a population are built from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/kernels.hpp"
#include "level/team.hpp"
#include "model/network.hpp"
#include "model/renewal.hpp"
#include "random/stream.hpp"

namespace mesopop {

class NeuronInput;

struct NeuronContext {
  const PopulationSpec& population;
  std::uint64_t index;  // of the population
  double dt;
  double initial_drive;
  Realisation realisation;
  const Kernels& kernels;
  StationaryStates& stationary;
  NeuronInput* input;  // null: all neurons receive the same
  const Team& team;
  bool cohorts;             // neurons in equal states are simulated together
  double cohort_tolerance;  // of their potentials, in units of delta_u

  double initial_drive_of(std::size_t neuron) const {
    const std::vector<double>& own = population.drive.per_neuron;
    return own.empty() ? initial_drive : initial_drive + own[neuron];
  }
};

}  // namespace mesopop
