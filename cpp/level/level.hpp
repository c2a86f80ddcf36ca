// What a population of any level is built from.
#pragma once

#include <cstdint>
#include <vector>

#include "level/team.hpp"
#include "model/network.hpp"
#include "random/stream.hpp"

namespace mesopop {

struct Kernels;
class ConnectionStore;
class StationaryStates;

enum class Closure { first_order, second_order, renewal };
enum class Noise { binomial, gaussian, none };

struct LevelContext {
  const NetworkSpec& network;
  std::size_t index;  // of the population
  std::vector<std::size_t> stp_sets;
  double initial_drive;
  Realisation realisation;
  const Kernels& kernels;
  StationaryStates& stationary;
  ConnectionStore& connections;
  const Team& team;
  Closure closure;
  Noise noise;
  double bin_tolerance;     // bins whose potentials differ by less, in units of delta_u, are merged; 0: none
  bool cohorts;             // micro: neurons in equal states are simulated together
  double cohort_tolerance;  // of their potentials, in units of delta_u

  const PopulationSpec& population() const { return network.populations[index]; }

  // Distributes the neurons over classes with the given weights: multinomial, or expected numbers without noise.
  std::vector<double> draw_counts(const std::vector<double>& weight) const;
};

}  // namespace mesopop
