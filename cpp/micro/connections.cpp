#include "micro/connections.hpp"

#include <limits>
#include <stdexcept>

#include "micro/presynaptic.hpp"

namespace mesopop {

namespace {

// Of rows that are shorter on average, the synapses name their delay.
constexpr double kShortRow = 16.0;

double expected_synapses(const NetworkSpec& network, const ProjectionSpec& projection) {
  const auto sources = static_cast<double>(network.populations[projection.source].size);
  const auto targets = static_cast<double>(network.populations[projection.target].size);
  if (const auto* bernoulli = std::get_if<BernoulliConnections>(&projection.connectivity)) {
    return sources * targets * bernoulli->probability;
  }
  if (const auto* fixed = std::get_if<FixedInDegree>(&projection.connectivity)) {
    return targets * static_cast<double>(fixed->in_degree);
  }
  if (const auto* given = std::get_if<GivenConnections>(&projection.connectivity)) {
    return static_cast<double>(given->source.size());
  }
  return sources * targets;
}

std::size_t rows_per_source(const NetworkSpec& network, const ProjectionSpec& projection) {
  const std::size_t delays = projection.delay_steps.size();
  const NeuronSlices slices(network.populations[projection.target].size);
  const double rows = static_cast<double>(network.populations[projection.source].size) *
                      static_cast<double>(slices.count()) * static_cast<double>(delays);
  return expected_synapses(network, projection) < kShortRow * rows ? 1 : delays;
}

}  // namespace

Connections::Connections(const NetworkSpec& network, std::size_t projection, const Realisation& realisation,
                         const Team& team)
    : rows_(rows_per_source(network, network.projections[projection])) {
  const NeuronSlices slices(network.populations[network.projections[projection].target].size);
  slices_.resize(static_cast<std::size_t>(slices.count()));
  team.each(slices.count(), [&](std::int64_t slice) { build(network, projection, realisation, slices, slice); });
}

double Connections::expected_bytes(const NetworkSpec& network, const ProjectionSpec& projection) {
  const NeuronSlices slices(network.populations[projection.target].size);
  const std::size_t rows = rows_per_source(network, projection);
  std::size_t per_synapse = sizeof(std::uint16_t);
  if (rows < projection.delay_steps.size()) per_synapse += sizeof(std::uint8_t);
  if (std::holds_alternative<GivenConnections>(projection.connectivity)) per_synapse += sizeof(double);
  const double all_rows = static_cast<double>(network.populations[projection.source].size) *
                          static_cast<double>(slices.count()) * static_cast<double>(rows);
  return all_rows * sizeof(std::uint32_t) + expected_synapses(network, projection) * static_cast<double>(per_synapse);
}

void Connections::build(const NetworkSpec& network, std::size_t projection, const Realisation& realisation,
                        const NeuronSlices& slices, std::int64_t slice) {
  Slice& s = slices_[static_cast<std::size_t>(slice)];
  const bool named = rows_ < network.projections[projection].delay_steps.size();
  const auto sources = static_cast<std::size_t>(network.populations[network.projections[projection].source].size);
  PresynapticDraw draw(network, projection, realisation);
  Presynaptic found;
  const auto row = [&](std::size_t i) {
    return found.source[i] * rows_ + (found.delay.empty() || named ? 0 : std::size_t{found.delay[i]});
  };

  // Rows are counted one place late: the sums up to each are then where they begin, and filling them makes these the
  // ends, which are the beginnings of the next.
  s.first.assign(sources * rows_ + 2, 0);
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
  if (named) s.delay.resize(total);
  for (std::int64_t target = slices.first(slice); target < slices.last(slice); ++target) {
    draw(target, found);
    for (std::size_t i = 0; i < found.source.size(); ++i) {
      const std::uint32_t at = s.first[row(i) + 1]++;
      s.target[at] = static_cast<std::uint16_t>(target - slices.first(slice));
      if (weighted) s.weight[at] = found.weight[i];
      if (named) s.delay[at] = found.delay[i];
    }
  }
  s.first.pop_back();
}

void Connections::prefetch_row(std::int64_t slice, std::int64_t source) const {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(slices_[static_cast<std::size_t>(slice)].first.data() + static_cast<std::size_t>(source) * rows_);
#else
  static_cast<void>(slice), static_cast<void>(source);
#endif
}

void Connections::prefetch_synapses(std::int64_t slice, std::int64_t source) const {
#if defined(__GNUC__) || defined(__clang__)
  const Slice& s = slices_[static_cast<std::size_t>(slice)];
  const std::size_t row = static_cast<std::size_t>(source) * rows_;
  const std::uint16_t* const first = s.target.data() + s.first[row];
  const std::uint16_t* const last = s.target.data() + s.first[row + rows_];
  for (const std::uint16_t* line = first; line < last; line += 32) __builtin_prefetch(line);
#else
  static_cast<void>(slice), static_cast<void>(source);
#endif
}

}  // namespace mesopop
