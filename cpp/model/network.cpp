#include "model/network.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace mesopop {

namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw std::invalid_argument(message);
}

void check(const DriveSpec& drive, std::size_t size, const std::string& where) {
  require(drive.per_neuron.empty() || drive.per_neuron.size() == size, where + ": one drive per neuron");
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
  const auto size = static_cast<std::size_t>(population.size);
  check(population.drive, size, where);
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

void check(const StpSpec& set, std::size_t size) {
  require(set.per_neuron.empty() || set.per_neuron.size() == size, "STP parameters must be given for every neuron");
  require(set.u.size() == set.x.size() && (set.u.empty() || set.u.size() == size),
          "given u and x must have one value per neuron");
}

void check(const ProjectionSpec& projection, std::int64_t sources, std::int64_t targets) {
  require(!projection.delay_steps.empty() && projection.delay_steps.size() == projection.delay_share.size() &&
              projection.delay_steps.front() >= 0 &&
              std::is_sorted(projection.delay_steps.begin(), projection.delay_steps.end()),
          "delays must not be negative and ascend, one share for each");
  // Connections remember which of the delays is theirs in a byte.
  require(projection.delay_steps.size() <= 256, "there must be at most 256 delays");
  double shares = 0.0;
  for (const double share : projection.delay_share) {
    require(std::isfinite(share) && share >= 0.0, "shares of delays must be finite and not negative");
    shares += share;
  }
  require(shares > 0.0 && std::isfinite(shares), "shares of delays must have a positive sum");
  if (const auto* fixed = std::get_if<FixedInDegree>(&projection.connectivity)) {
    const bool excludes = projection.source == projection.target && !fixed->self_connections;
    const std::int64_t candidates = sources - (excludes ? 1 : 0);
    require(fixed->in_degree >= 0 && (fixed->in_degree == 0 || candidates > 0) &&
                (fixed->multapses || fixed->in_degree <= candidates),
            "in-degree out of range");
  } else if (const auto* given = std::get_if<GivenConnections>(&projection.connectivity)) {
    require(given->first.size() == static_cast<std::size_t>(targets) + 1 && given->first.front() == 0 &&
                std::is_sorted(given->first.begin(), given->first.end()) &&
                given->first.back() == static_cast<std::int64_t>(given->source.size()) &&
                given->source.size() == given->weight.size(),
            "given connections must have one range of sources per target, and a weight each");
    for (const std::uint32_t source : given->source) require(source < sources, "connection from an unknown neuron");
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
    mesopop::check(set, static_cast<std::size_t>(populations[set.source].size));
  }
  for (const ProjectionSpec& projection : projections) {
    require(projection.source < populations.size() && projection.target < populations.size(),
            "projection of an unknown population");
    require(receives_input(populations[projection.target]), "projection onto a population without potential");
    mesopop::check(projection, populations[projection.source].size, populations[projection.target].size);
    require(
        projection.stp == kStatic || (projection.stp >= 0 && static_cast<std::size_t>(projection.stp) < stp.size() &&
                                      stp[static_cast<std::size_t>(projection.stp)].source == projection.source),
        "projection with an STP set of another population");
  }
}

}  // namespace mesopop
