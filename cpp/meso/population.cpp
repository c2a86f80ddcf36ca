#include "meso/population.hpp"

namespace mesopop {

MesoPopulation::MesoPopulation(const LevelContext& context)
    : size_(static_cast<double>(context.population().size)), activity_(make_activity(context)) {
  for (const std::size_t set : context.stp_sets) {
    synapses_.emplace_back(context.network.stp[set], set, context.population().size, context.network.dt,
                           context.closure, context.noise, context.realisation);
  }
}

double MesoPopulation::step(std::int64_t step, const MembraneStep& membrane, double drive, double* release) {
  const double count =
      std::visit([&](auto& activity) { return activity.step(step, membrane, drive); }, activity_);
  for (std::size_t set = 0; set < synapses_.size(); ++set) {
    synapses_[set].relax();
    release[set] = synapses_[set].release(count, step);
  }
  return count;
}

void MesoPopulation::fire_all(std::int64_t step, double* release) {
  for (std::size_t set = 0; set < synapses_.size(); ++set) release[set] = synapses_[set].release(size_, step);
}

double MesoPopulation::mean_potential() const {
  return std::visit([](const auto& activity) { return activity.mean_potential(); }, activity_);
}

void MesoPopulation::visit(StateVisitor& visitor, const std::string& prefix) {
  std::visit([&](auto& activity) { activity.visit(visitor, prefix); }, activity_);
  for (std::size_t set = 0; set < synapses_.size(); ++set) {
    synapses_[set].visit(visitor, prefix + "/stp/" + std::to_string(set));
  }
}

}  // namespace mesopop
