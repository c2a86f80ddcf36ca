#include "micro/connections.hpp"

#include <limits>
#include <stdexcept>

#include "micro/presynaptic.hpp"

namespace mesopop {

Connections::Connections(const NetworkSpec& network, std::size_t projection, const Realisation& realisation,
                         const Team& team)
    : delays_(network.projections[projection].delay_steps.size()) {
  const NeuronSlices slices(network.populations[network.projections[projection].target].size);
  slices_.resize(static_cast<std::size_t>(slices.count()));
  team.each(slices.count(), [&](std::int64_t slice) { build(network, projection, realisation, slices, slice); });
}

double Connections::expected_bytes(const NetworkSpec& network, const ProjectionSpec& projection) {
  const NeuronSlices slices(network.populations[projection.target].size);
  const auto sources = static_cast<double>(network.populations[projection.source].size);
  const auto targets = static_cast<double>(slices.size());
  const double rows =
      sources * static_cast<double>(projection.delay_steps.size() * static_cast<std::size_t>(slices.count()));
  double synapses = sources * targets;
  double per_synapse = sizeof(std::uint16_t);
  if (const auto* bernoulli = std::get_if<BernoulliConnections>(&projection.connectivity)) {
    synapses *= bernoulli->probability;
  } else if (const auto* fixed = std::get_if<FixedInDegree>(&projection.connectivity)) {
    synapses = targets * static_cast<double>(fixed->in_degree);
  } else if (const auto* given = std::get_if<GivenConnections>(&projection.connectivity)) {
    synapses = static_cast<double>(given->source.size());
    per_synapse += sizeof(double);
  }
  return rows * sizeof(std::uint32_t) + synapses * per_synapse;
}

void Connections::build(const NetworkSpec& network, std::size_t projection, const Realisation& realisation,
                        const NeuronSlices& slices, std::int64_t slice) {
  Slice& s = slices_[static_cast<std::size_t>(slice)];
  const std::size_t delays = delays_;
  const auto sources = static_cast<std::size_t>(network.populations[network.projections[projection].source].size);
  PresynapticDraw draw(network, projection, realisation);
  Presynaptic found;
  const auto row = [&](std::size_t i) {
    return found.source[i] * delays + (found.delay.empty() ? 0 : std::size_t{found.delay[i]});
  };

  // Rows are counted one place late: the sums up to each are then where they begin, and filling them makes these the
  // ends, which are the beginnings of the next.
  s.first.assign(sources * delays + 2, 0);
  std::uint64_t total = 0;
  bool weighted = false;
  for (std::int64_t target = slices.first(slice); target < slices.last(slice); ++target) {
    draw(target, found);
    for (std::size_t i = 0; i < found.source.size(); ++i) ++s.first[row(i) + 2];
    total += found.source.size();
    weighted = weighted || found.weight;
  }
  if (total > std::numeric_limits<std::uint32_t>::max()) {
    throw std::invalid_argument("more than 2^32 - 1 connections onto " + std::to_string(slices.width()) + " neurons");
  }
  for (std::size_t i = 2; i < s.first.size(); ++i) s.first[i] += s.first[i - 1];
  s.target.resize(total);
  if (weighted) s.weight.resize(total);
  for (std::int64_t target = slices.first(slice); target < slices.last(slice); ++target) {
    draw(target, found);
    for (std::size_t i = 0; i < found.source.size(); ++i) {
      const std::uint32_t at = s.first[row(i) + 1]++;
      s.target[at] = static_cast<std::uint16_t>(target - slices.first(slice));
      if (weighted) s.weight[at] = found.weight[i];
    }
  }
  s.first.pop_back();
}

void Connections::prefetch_row(std::int64_t slice, std::int64_t source) const {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(slices_[static_cast<std::size_t>(slice)].first.data() +
                     static_cast<std::size_t>(source) * delays_);
#else
  static_cast<void>(slice), static_cast<void>(source);
#endif
}

void Connections::prefetch_synapses(std::int64_t slice, std::int64_t source) const {
#if defined(__GNUC__) || defined(__clang__)
  const Slice& s = slices_[static_cast<std::size_t>(slice)];
  const std::size_t row = static_cast<std::size_t>(source) * delays_;
  const std::uint16_t* const first = s.target.data() + s.first[row];
  const std::uint16_t* const last = s.target.data() + s.first[row + delays_];
  for (const std::uint16_t* line = first; line < last; line += 32) __builtin_prefetch(line);
#else
  static_cast<void>(slice), static_cast<void>(source);
#endif
}

}  // namespace mesopop
