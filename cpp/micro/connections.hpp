// The synapses of one projection, ordered for delivery: slice of targets by slice, within a slice by source and target.
// A synapse takes two bytes, its target within the slice; weights are stored only where they are given. Where delays
// differ, the synapses of a source are ordered by delay first, with a row for each, or, if these rows would be short,
// name their delay in a third byte.
#pragma once

#include <cstdint>
#include <vector>

#include "level/team.hpp"
#include "micro/neuron_slices.hpp"
#include "model/network.hpp"
#include "random/stream.hpp"

namespace mesopop {

class Connections {
 public:
  // Connections are drawn twice, to count and to store them, so that there is never a second copy.
  Connections(const NetworkSpec& network, std::size_t projection, const Realisation& realisation, const Team& team);

  // Memory that the connections of `projection` will take, on average over random ones.
  static double expected_bytes(const NetworkSpec& network, const ProjectionSpec& projection);

  // Adds `amount` to what each target of `source` in `slice` receives; arriving[d] is what arrives with delay d, from
  // the first neuron of the slice on.
  void deliver(std::int64_t slice, std::int64_t source, double amount, double* const* arriving) const {
    const Slice& s = slices_[static_cast<std::size_t>(slice)];
    const std::uint32_t* const first = s.first.data() + static_cast<std::size_t>(source) * rows_;
    if (!s.delay.empty()) {
      for (std::uint32_t i = first[0]; i < first[1]; ++i) {
        arriving[s.delay[i]][s.target[i]] += s.weight.empty() ? amount : amount * s.weight[i];
      }
      return;
    }
    for (std::size_t row = 0; row < rows_; ++row) {
      double* const target = arriving[row];
      if (s.weight.empty()) {
        for (std::uint32_t i = first[row]; i < first[row + 1]; ++i) target[s.target[i]] += amount;
      } else {
        for (std::uint32_t i = first[row]; i < first[row + 1]; ++i) target[s.target[i]] += amount * s.weight[i];
      }
    }
  }

  // Announces that the synapses of `source` in `slice` will soon be delivered.
  void prefetch_row(std::int64_t slice, std::int64_t source) const;
  void prefetch_synapses(std::int64_t slice, std::int64_t source) const;

 private:
  struct Slice {
    std::vector<std::uint32_t> first;  // per source and row, and the end
    std::vector<std::uint16_t> target;
    std::vector<std::uint8_t> delay;  // empty: that of the row
    std::vector<double> weight;
  };

  void build(const NetworkSpec& network, std::size_t projection, const Realisation& realisation,
             const NeuronSlices& slices, std::int64_t slice);

  std::size_t rows_;  // per source: one, or one per delay
  std::vector<Slice> slices_;
};

}  // namespace mesopop
