#include "micro/presynaptic.hpp"

#include <algorithm>
#include <numeric>

#include "random/distributions.hpp"

namespace mesopop {

PresynapticDraw::PresynapticDraw(const NetworkSpec& network, std::size_t projection, const Realisation& realisation)
    : projection_(network.projections[projection]),
      index_(projection),
      sources_(network.populations[projection_.source].size),
      recurrent_(projection_.source == projection_.target),
      realisation_(realisation),
      delay_cumulative_(projection_.delay_share.size()) {
  std::partial_sum(projection_.delay_share.begin(), projection_.delay_share.end(), delay_cumulative_.begin());
  const auto* fixed = std::get_if<FixedInDegree>(&projection_.connectivity);
  if (fixed && !fixed->multapses) taken_.assign(static_cast<std::size_t>(sources_), false);
}

void PresynapticDraw::operator()(std::int64_t target, Presynaptic& found) {
  found.source.clear();
  found.weight = nullptr;
  if (const auto* bernoulli = std::get_if<BernoulliConnections>(&projection_.connectivity)) {
    draw(*bernoulli, target, found.source);
  } else if (const auto* fixed = std::get_if<FixedInDegree>(&projection_.connectivity)) {
    draw(*fixed, target, found.source);
  } else if (const auto* given = std::get_if<GivenConnections>(&projection_.connectivity)) {
    const auto first = given->first[static_cast<std::size_t>(target)];
    const auto last = given->first[static_cast<std::size_t>(target) + 1];
    found.source.assign(given->source.begin() + first, given->source.begin() + last);
    found.weight = given->weight.data() + first;
  } else {
    found.source.resize(static_cast<std::size_t>(sources_));
    std::iota(found.source.begin(), found.source.end(), std::uint32_t{0});
  }

  found.delay.clear();
  if (delay_cumulative_.size() == 1) return;
  Stream stream(realisation_, Purpose::delay, index_, static_cast<std::uint64_t>(target), 0);
  for (std::size_t i = 0; i < found.source.size(); ++i) {
    const double at = draw_uniform(stream) * delay_cumulative_.back();
    const auto delay = std::upper_bound(delay_cumulative_.begin(), delay_cumulative_.end() - 1, at);
    found.delay.push_back(static_cast<std::uint8_t>(delay - delay_cumulative_.begin()));
  }
}

// Candidates are all sources, or all but the neuron itself, which then is left out of the count.
void PresynapticDraw::draw(const BernoulliConnections& rule, std::int64_t target, std::vector<std::uint32_t>& source) {
  const bool excludes = recurrent_ && !rule.self_connections;
  const std::int64_t candidates = sources_ - (excludes ? 1 : 0);
  const auto connect = [&](std::int64_t candidate) {
    source.push_back(static_cast<std::uint32_t>(candidate + (excludes && candidate >= target ? 1 : 0)));
  };
  if (rule.probability >= 1.0) {
    for (std::int64_t candidate = 0; candidate < candidates; ++candidate) connect(candidate);
    return;
  }
  if (rule.probability <= 0.0) return;
  // The candidates passed over before the next connection have a geometric distribution.
  Stream stream(realisation_, Purpose::connect, index_, static_cast<std::uint64_t>(target), 0);
  const double scale = -1.0 / log1p(-rule.probability);
  for (std::int64_t candidate = 0;; ++candidate) {
    const double skipped = draw_exponential(stream) * scale;
    if (!(skipped < static_cast<double>(candidates - candidate))) return;
    candidate += static_cast<std::int64_t>(skipped);
    connect(candidate);
  }
}

void PresynapticDraw::draw(const FixedInDegree& rule, std::int64_t target, std::vector<std::uint32_t>& source) {
  const bool excludes = recurrent_ && !rule.self_connections;
  const std::int64_t candidates = sources_ - (excludes ? 1 : 0);
  Stream stream(realisation_, Purpose::connect, index_, static_cast<std::uint64_t>(target), 0);
  const auto draw_below = [&](std::int64_t end) {
    return static_cast<std::int64_t>(draw_uniform(stream) * static_cast<double>(end));
  };
  if (rule.multapses) {
    for (std::int64_t i = 0; i < rule.in_degree; ++i)
      source.push_back(static_cast<std::uint32_t>(draw_below(candidates)));
  } else {
    // A random subset (Floyd): every round adds a candidate below `end`, or `end - 1` if that one is there already.
    for (std::int64_t end = candidates - rule.in_degree + 1; end <= candidates; ++end) {
      auto candidate = static_cast<std::size_t>(draw_below(end));
      if (taken_[candidate]) candidate = static_cast<std::size_t>(end - 1);
      taken_[candidate] = true;
      source.push_back(static_cast<std::uint32_t>(candidate));
    }
    for (const std::uint32_t candidate : source) taken_[candidate] = false;
  }
  if (!excludes) return;
  for (std::uint32_t& candidate : source) candidate += candidate >= target ? 1 : 0;
}

}  // namespace mesopop
