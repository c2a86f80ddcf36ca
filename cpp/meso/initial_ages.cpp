#include "meso/initial_ages.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>
#include <utility>

namespace mesopop {

namespace {

std::vector<AgeGroup> given_groups(const InitialSpec& initial, const LifNeuron& neuron) {
  const std::int64_t old = neuron.history_steps;
  // Apart by age and potential. Those that never fired are like those whose spike is forgotten, unless it left
  // adaptation.
  using Key = std::tuple<std::int64_t, bool, double>;
  std::map<Key, AgeGroup, std::greater<>> groups;
  for (std::size_t i = 0; i < initial.age.size(); ++i) {
    const std::int64_t age = initial.age[i] >= 0 ? std::min(initial.age[i], old) : old;
    const bool fired = initial.age[i] >= 0 || neuron.adaptation.empty();
    const double potential = initial.potential[i];
    const AgeGroup empty{age, -1, 0.0, potential, fired, {}};
    AgeGroup& group = groups.try_emplace({age, fired, potential}, empty).first->second;
    group.count += 1.0;
    group.members.push_back(i);
  }
  std::vector<AgeGroup> list;
  for (auto& [key, group] : groups) list.push_back(std::move(group));
  return list;
}

InitialAges stationary_groups(const LevelContext& context, const LifNeuron& neuron, Memory memory) {
  const StationaryAges& ages =
      context.stationary.of(context.index, neuron, context.network.dt, context.initial_drive, memory);
  const std::vector<double> counts = context.draw_counts(ages.weight);
  InitialAges initial{{}, ages.at_spike, ages.rate};
  for (std::size_t age = counts.size(); age-- > 0;) {
    if (counts[age] == 0.0) continue;
    const auto steps = static_cast<std::int64_t>(age);
    initial.groups.push_back({steps, -1 - steps, counts[age], ages.potential[age], true, {}});
  }
  return initial;
}

}  // namespace

InitialAges initial_ages(const LevelContext& context, Memory memory, const std::vector<AdaptationTrace>& traces) {
  const InitialSpec& initial = context.population().initial;
  const auto& neuron = std::get<LifNeuron>(context.population().neuron);
  const auto size = static_cast<double>(context.population().size);
  std::vector<double> own;
  for (const AdaptationTrace& t : traces) own.push_back(t.own);
  switch (initial.kind) {
    case InitialKind::stationary:
      return stationary_groups(context, neuron, memory);
    case InitialKind::synchronous:
      return {{{0, -1, size, neuron.v_reset, true, {}}}, own, 0.0};
    case InitialKind::given:
      return {given_groups(initial, neuron), own, 0.0};
    case InitialKind::rest:
      break;
  }
  return {{{neuron.history_steps, -1, size, neuron.v_reset, false, {}}}, own, 0.0};
}

}  // namespace mesopop
