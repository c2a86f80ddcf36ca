// The synapses of one projection, ordered for delivery: slice of targets by slice, within a slice by source, delay and
// target. A synapse takes two bytes, its target within the slice; weights are stored only where they are given.
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

  // Adds `amount` to what each target of `source` in `slice` receives with a delay; `arriving` is that of the first
  // neuron of the slice.
  void deliver(std::int64_t slice, std::int64_t source, std::size_t delay, double amount, double* arriving) const {
    const Slice& s = slices_[static_cast<std::size_t>(slice)];
    const std::size_t row = static_cast<std::size_t>(source) * delays_ + delay;
    const std::uint32_t first = s.first[row], last = s.first[row + 1];
    if (s.weight.empty()) {
      for (std::uint32_t i = first; i < last; ++i) arriving[s.target[i]] += amount;
    } else {
      for (std::uint32_t i = first; i < last; ++i) arriving[s.target[i]] += amount * s.weight[i];
    }
  }

  // Announces that the synapses of `source` in `slice` will soon be delivered.
  void prefetch_row(std::int64_t slice, std::int64_t source) const;
  void prefetch_synapses(std::int64_t slice, std::int64_t source) const;

 private:
  struct Slice {
    std::vector<std::uint32_t> first;  // per source and delay, and the end
    std::vector<std::uint16_t> target;
    std::vector<double> weight;
  };

  void build(const NetworkSpec& network, std::size_t projection, const Realisation& realisation,
             const NeuronSlices& slices, std::int64_t slice);

  std::size_t delays_;
  std::vector<Slice> slices_;
};

}  // namespace mesopop
