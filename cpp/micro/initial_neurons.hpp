// Age and potential of every neuron of a LIF population at t = 0.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "micro/neuron_context.hpp"
#include "micro/neuron_slices.hpp"
#include "random/distributions.hpp"

namespace mesopop {

// Of the neurons first .. last - 1, which have the same drive.
template <class Place>
void place_stationary(const NeuronContext& context, std::int64_t first, std::int64_t last, const StationaryAges& ages,
                      const Place& place) {
  std::vector<double> cumulative(ages.weight.size());
  std::partial_sum(ages.weight.begin(), ages.weight.end(), cumulative.begin());
  for (std::int64_t i = first; i < last; ++i) {
    const auto index = static_cast<std::size_t>(i);
    Stream stream(context.realisation, Purpose::initial, context.index, index, 0);
    const double target = draw_uniform(stream) * cumulative.back();
    const auto found = std::upper_bound(cumulative.begin(), cumulative.end() - 1, target);
    const auto age = static_cast<std::int64_t>(found - cumulative.begin());
    place(index, age, ages.potential[static_cast<std::size_t>(age)], ages.at_spike.data());
  }
}

// Calls place(neuron, age, potential, traces) for each neuron: age in steps since its last spike, negative if it never
// fired; traces of adaptation just after that spike, null if it was the first. Calls for
// different neurons may be made at the same time.
template <class Place>
void place_neurons(const NeuronContext& context, const LifNeuron& neuron, const Place& place) {
  const InitialSpec& initial = context.population.initial;
  const auto size = static_cast<std::size_t>(context.population.size);
  switch (initial.kind) {
    case InitialKind::rest:
      for (std::size_t i = 0; i < size; ++i) place(i, std::int64_t{-1}, neuron.v_reset, nullptr);
      break;
    case InitialKind::synchronous:
      for (std::size_t i = 0; i < size; ++i) place(i, std::int64_t{0}, neuron.v_reset, nullptr);
      break;
    case InitialKind::given:
      for (std::size_t i = 0; i < size; ++i) place(i, initial.age[i], initial.potential[i], nullptr);
      break;
    case InitialKind::stationary:
      if (context.population.drive.per_neuron.empty()) {
        place_stationary(
            context, 0, context.population.size,
            context.stationary.of(context.index, neuron, context.dt, context.initial_drive, Memory::average), place);
      } else {
        const NeuronSlices slices(context.population.size);
        context.team.each(slices.count(), [&](std::int64_t slice) {
          // Neighbours often have the same drive.
          for (std::int64_t i = slices.first(slice), next; i < slices.last(slice); i = next) {
            const double drive = context.initial_drive_of(static_cast<std::size_t>(i));
            for (next = i + 1; next < slices.last(slice); ++next) {
              if (context.initial_drive_of(static_cast<std::size_t>(next)) != drive) break;
            }
            place_stationary(context, i, next, StationaryAges(neuron, context.dt, drive, Memory::average), place);
          }
        });
      }
  }
}

}  // namespace mesopop
