#include "meso/initial_ages.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "model/renewal.hpp"

namespace mesopop {

namespace {

std::vector<AgeGroup> given_groups(const InitialSpec& initial, std::int64_t old) {
  std::map<std::int64_t, AgeGroup, std::greater<>> by_age;
  for (std::size_t i = 0; i < initial.age.size(); ++i) {
    const std::int64_t age = initial.age[i] < 0 ? old : std::min(initial.age[i], old);
    AgeGroup& group = by_age.try_emplace(age, AgeGroup{age, 0.0, 0.0, {}}).first->second;
    group.count += 1.0;
    group.potential += initial.potential[i];
    group.members.push_back(i);
  }
  std::vector<AgeGroup> groups;
  for (auto& [age, group] : by_age) {
    group.potential /= group.count;
    groups.push_back(std::move(group));
  }
  return groups;
}

std::vector<AgeGroup> stationary_groups(const LevelContext& context, const LifNeuron& neuron) {
  const StationaryAges ages(neuron, context.network.dt, context.initial_drive);
  const std::vector<double> counts = context.draw_counts(ages.weight);
  std::vector<AgeGroup> groups;
  for (std::size_t age = counts.size(); age-- > 0;) {
    if (counts[age] != 0.0) groups.push_back({static_cast<std::int64_t>(age), counts[age], ages.potential[age], {}});
  }
  return groups;
}

}  // namespace

std::vector<AgeGroup> initial_age_groups(const LevelContext& context) {
  const InitialSpec& initial = context.population().initial;
  const auto& neuron = std::get<LifNeuron>(context.population().neuron);
  const auto size = static_cast<double>(context.population().size);
  switch (initial.kind) {
    case InitialKind::stationary:
      return stationary_groups(context, neuron);
    case InitialKind::synchronous:
      return {{0, size, neuron.v_reset, {}}};
    case InitialKind::given:
      return given_groups(initial, neuron.history_steps);
    case InitialKind::rest:
      break;
  }
  return {{neuron.history_steps, size, neuron.v_reset, {}}};
}

}  // namespace mesopop
