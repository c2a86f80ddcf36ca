// What the neurons of a population are built from.
#pragma once

#include <cstdint>

#include "engine/kernels.hpp"
#include "model/network.hpp"
#include "model/renewal.hpp"
#include "random/stream.hpp"

namespace mesopop {

struct NeuronContext {
  const PopulationSpec& population;
  std::uint64_t index;  // of the population
  double dt;
  double initial_drive;
  Realisation realisation;
  const Kernels& kernels;
  StationaryStates& stationary;
  bool cohorts;             // neurons in equal states are simulated together
  double cohort_tolerance;  // of their potentials, in units of delta_u
};

}  // namespace mesopop
