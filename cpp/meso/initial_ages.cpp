#include "meso/initial_ages.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "model/renewal.hpp"

namespace mesopop {

namespace {

std::vector<AgeGroup> given_groups(const InitialSpec& initial, const LifNeuron& neuron) {
  const std::int64_t old = neuron.history_steps;
  // Those that never fired are like those whose spike is forgotten, unless it left adaptation.
  std::map<std::pair<std::int64_t, bool>, AgeGroup, std::greater<>> by_age;
  for (std::size_t i = 0; i < initial.age.size(); ++i) {
    const std::int64_t age = initial.age[i] >= 0 ? std::min(initial.age[i], old) : old;
    const bool fired = initial.age[i] >= 0 || neuron.adaptation.empty();
    AgeGroup& group = by_age.try_emplace({age, fired}, AgeGroup{age, 0.0, 0.0, fired, {}}).first->second;
    group.count += 1.0;
    group.potential += initial.potential[i];
    group.members.push_back(i);
  }
  std::vector<AgeGroup> groups;
  for (auto& [key, group] : by_age) {
    group.potential /= group.count;
    groups.push_back(std::move(group));
  }
  return groups;
}

InitialAges stationary_groups(const LevelContext& context, const LifNeuron& neuron) {
  const StationaryAges ages(neuron, context.network.dt, context.initial_drive);
  const std::vector<double> counts = context.draw_counts(ages.weight);
  InitialAges initial{{}, ages.rate};
  for (std::size_t age = counts.size(); age-- > 0;) {
    if (counts[age] == 0.0) continue;
    initial.groups.push_back({static_cast<std::int64_t>(age), counts[age], ages.potential[age], true, {}});
  }
  return initial;
}

}  // namespace

InitialAges initial_ages(const LevelContext& context) {
  const InitialSpec& initial = context.population().initial;
  const auto& neuron = std::get<LifNeuron>(context.population().neuron);
  const auto size = static_cast<double>(context.population().size);
  switch (initial.kind) {
    case InitialKind::stationary:
      return stationary_groups(context, neuron);
    case InitialKind::synchronous:
      return {{{0, size, neuron.v_reset, true, {}}}, 0.0};
    case InitialKind::given:
      return {given_groups(initial, neuron), 0.0};
    case InitialKind::rest:
      break;
  }
  return {{{neuron.history_steps, size, neuron.v_reset, false, {}}}, 0.0};
}

}  // namespace mesopop
