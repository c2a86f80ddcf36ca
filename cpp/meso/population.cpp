#include "meso/population.hpp"

#include <algorithm>

namespace mesopop {

namespace {

// Where neurons do not remember their spikes there is one class of neurons, for which the renewal closure is the
// second-order one.
std::variant<AveragedPopulation, CohortPopulation> make_population(const LevelContext& context) {
  if (context.closure == Closure::renewal && std::holds_alternative<LifNeuron>(context.population().neuron)) {
    return CohortPopulation(context);
  }
  return AveragedPopulation(context);
}

}  // namespace

MesoPopulation::MesoPopulation(const LevelContext& context) : population_(make_population(context)) {}

AveragedPopulation::AveragedPopulation(const LevelContext& context)
    : size_(static_cast<double>(context.population().size)),
      index_(context.index),
      realisation_(context.realisation),
      activity_(make_activity(context)),
      synapses_(context) {}

double AveragedPopulation::step(std::int64_t step, const MembraneStep& membrane, double drive, double* release) {
  const double count = std::visit([&](auto& activity) { return activity.step(step, membrane, drive); }, activity_);
  synapses_.relax();
  release_all(count, step, release);
  return count;
}

void AveragedPopulation::fire_all(std::int64_t step, double* release) { release_all(size_, step, release); }

void AveragedPopulation::release_all(double count, std::int64_t step, double* release) {
  std::fill(release, release + synapses_.size(), 0.0);
  if (count == 0.0) return;
  Stream draws(realisation_, Purpose::release, index_, 0, static_cast<std::uint64_t>(step));
  synapses_.release(count, draws, release);
}

double AveragedPopulation::mean_potential() const {
  return std::visit([](const auto& activity) { return activity.mean_potential(); }, activity_);
}

void AveragedPopulation::visit(StateVisitor& visitor, const std::string& prefix) {
  std::visit([&](auto& activity) { activity.visit(visitor, prefix); }, activity_);
  synapses_.visit(visitor, prefix);
}

}  // namespace mesopop
