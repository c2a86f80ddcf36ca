// Stepping a population slice by slice, and means over its neurons.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/kernels.hpp"
#include "engine/team.hpp"
#include "micro/neuron_slices.hpp"
#include "numerics/simd.hpp"

namespace mesopop {

// Steps the slices of a population by `range(slice, fired)`, which writes the neurons of the slice that fire in
// ascending order, and brings them together.
template <class Range>
RangeFired step_slices(const NeuronSlices& slices, const Team& team, std::int64_t* fired, const Range& range) {
  if (slices.count() == 1) return range(0, fired);
  std::vector<RangeFired> found(static_cast<std::size_t>(slices.count()));
  team.each(slices.count(), [&](std::int64_t slice) {
    found[static_cast<std::size_t>(slice)] = range(slice, fired + slices.first(slice));
  });
  RangeFired all{0, 0.0};
  for (std::int64_t slice = 0; slice < slices.count(); ++slice) {
    const RangeFired& part = found[static_cast<std::size_t>(slice)];
    if (slice > 0) std::copy_n(fired + slices.first(slice), part.count, fired + all.count);
    all.count += part.count;
    all.input_check += part.input_check;
  }
  return all;
}

inline double mean_of(const std::vector<double>& values, std::size_t size) {
  double lane[kLanes] = {};
  const std::size_t whole = size - size % kLanes;
  for (std::size_t first = 0; first < whole; first += kLanes) {
    for (std::size_t i = 0; i < kLanes; ++i) lane[i] += values[first + i];
  }
  for (std::size_t i = whole; i < size; ++i) lane[i - whole] += values[i];
  return sum_lanes(lane) / static_cast<double>(size);
}

}  // namespace mesopop
