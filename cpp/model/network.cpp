#include "model/network.hpp"

#include <algorithm>
#include <stdexcept>

namespace mesopop {

namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw std::invalid_argument(message);
}

void check(const DriveSpec& drive, const std::string& where) {
  for (const SignalSpec& component : drive.components) {
    if (const auto* steps = std::get_if<StepSignal>(&component)) {
      require(!steps->onset.empty() && steps->onset.size() == steps->value.size() && steps->onset.front() == 0 &&
                  std::is_sorted(steps->onset.begin(), steps->onset.end()),
              where + ": step signal must have ascending onsets from 0, one per value");
    } else if (const auto* sampled = std::get_if<SampledSignal>(&component)) {
      require(!sampled->value.empty() && sampled->steps_per_sample >= 1,
              where + ": sampled signal must have values and an interval of at least one step");
    }
  }
}

void check(const PopulationSpec& population) {
  const std::string where = "population '" + population.name + "'";
  require(population.size >= 1, where + ": size must be at least 1");
  check(population.drive, where);
  const auto size = static_cast<std::size_t>(population.size);
  if (population.initial.kind == InitialKind::given) {
    require(population.initial.potential.size() == size && population.initial.age.size() == size,
            where + ": a given state must have one potential and one age per neuron");
  }
  if (const auto* given = std::get_if<GivenSpikes>(&population.neuron)) {
    require(given->step.size() == given->neuron.size(), where + ": one neuron per given spike");
    for (std::size_t i = 0; i < given->step.size(); ++i) {
      require(given->step[i] >= 0 && given->neuron[i] >= 0 && given->neuron[i] < population.size,
              where + ": given spike of an unknown neuron or before the start");
      require(i == 0 || given->step[i] > given->step[i - 1] ||
                  (given->step[i] == given->step[i - 1] && given->neuron[i] > given->neuron[i - 1]),
              where + ": given spikes must ascend by step and neuron, one per step and neuron");
    }
  }
  if (const auto* lif = std::get_if<LifNeuron>(&population.neuron)) {
    require(lif->refractory_steps >= 0 && lif->history_steps > lif->refractory_steps,
            where + ": history must be longer than the refractory period");
  }
}

bool receives_input(const PopulationSpec& population) {
  return std::holds_alternative<LnpNeuron>(population.neuron) || std::holds_alternative<LifNeuron>(population.neuron);
}

}  // namespace

void NetworkSpec::check() const {
  require(dt > 0.0, "dt must be positive");
  for (const PopulationSpec& population : populations) mesopop::check(population);
  for (const StpSpec& set : stp) {
    require(set.source < populations.size(), "STP set of an unknown population");
    const auto size = static_cast<std::size_t>(populations[set.source].size);
    require(set.u.size() == set.x.size() && (set.u.empty() || set.u.size() == size),
            "given u and x must have one value per neuron");
  }
  for (const ProjectionSpec& projection : projections) {
    require(projection.source < populations.size() && projection.target < populations.size(),
            "projection of an unknown population");
    require(receives_input(populations[projection.target]), "projection onto a population without potential");
    require(projection.delay_steps >= 0, "delay must not be negative");
    require(
        projection.stp == kStatic || (projection.stp >= 0 && static_cast<std::size_t>(projection.stp) < stp.size() &&
                                      stp[static_cast<std::size_t>(projection.stp)].source == projection.source),
        "projection with an STP set of another population");
  }
}

}  // namespace mesopop
