// A mesoscopic population: its activity and the plasticity of its outgoing synapses.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "level/level.hpp"
#include "meso/activity.hpp"
#include "meso/cohorts.hpp"
#include "meso/synapses.hpp"

namespace mesopop {

// Activity and synapses follow separate equations: neurons that fire are a random sample of the population.
class AveragedPopulation {
 public:
  explicit AveragedPopulation(const LevelContext& context);

  double step(std::int64_t step, const MembraneStep& membrane, double drive, double* release);
  void fire_all(std::int64_t step, double* release);

  double mean_potential() const;
  double mean_u(std::size_t set) const { return synapses_.mean_u(set); }
  double mean_x(std::size_t set) const { return synapses_.mean_x(set); }

  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  void release_all(double count, std::int64_t step, double* release);

  double size_;
  std::uint64_t index_;
  Realisation realisation_;
  Activity activity_;
  PopulationSynapses synapses_;
};

class MesoPopulation {
 public:
  static constexpr bool kNamed = false;

  explicit MesoPopulation(const LevelContext& context);

  // All neurons receive the mean.
  static bool is_shared(const ProjectionSpec&) { return true; }
  static void exchange(std::vector<MesoPopulation>&, std::int64_t, const Team&) {}
  static double input_check() { return 0.0; }

  double step(std::int64_t step, const MembraneStep& membrane, double drive, double* release) {
    return std::visit([&](auto& p) { return p.step(step, membrane, drive, release); }, population_);
  }
  void fire_all(std::int64_t step, double* release) {
    std::visit([&](auto& p) { p.fire_all(step, release); }, population_);
  }
  double mean_potential() const {
    return std::visit([](const auto& p) { return p.mean_potential(); }, population_);
  }
  double mean_u(std::size_t set) const {
    return std::visit([&](const auto& p) { return p.mean_u(set); }, population_);
  }
  double mean_x(std::size_t set) const {
    return std::visit([&](const auto& p) { return p.mean_x(set); }, population_);
  }
  void visit(StateVisitor& visitor, const std::string& prefix) {
    std::visit([&](auto& p) { p.visit(visitor, prefix); }, population_);
  }

 private:
  std::variant<AveragedPopulation, CohortPopulation> population_;
};

}  // namespace mesopop
