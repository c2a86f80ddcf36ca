// Age and potential of every neuron of a LIF population at t = 0.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "micro/neuron_context.hpp"
#include "random/distributions.hpp"

namespace mesopop {

// Calls place(neuron, age, potential, traces) for each neuron: age in steps since its last spike, negative if it never
// fired; traces of adaptation just after that spike, null if it was the first.
template <class Place>
void place_neurons(const NeuronContext& context, const LifNeuron& neuron, Place place) {
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
    case InitialKind::stationary: {
      const StationaryAges& ages =
          context.stationary.of(context.index, neuron, context.dt, context.initial_drive, Memory::average);
      std::vector<double> cumulative(ages.weight.size());
      std::partial_sum(ages.weight.begin(), ages.weight.end(), cumulative.begin());
      for (std::size_t i = 0; i < size; ++i) {
        Stream stream(context.realisation, Purpose::initial, context.index, i, 0);
        const double target = draw_uniform(stream) * cumulative.back();
        const auto found = std::upper_bound(cumulative.begin(), cumulative.end() - 1, target);
        const auto age = static_cast<std::int64_t>(found - cumulative.begin());
        place(i, age, ages.potential[static_cast<std::size_t>(age)], ages.at_spike.data());
      }
    }
  }
}

}  // namespace mesopop
