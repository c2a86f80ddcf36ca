#include "level/level.hpp"

#include "random/distributions.hpp"

namespace mesopop {

std::vector<double> LevelContext::draw_counts(const std::vector<double>& weight) const {
  std::vector<double> counts(weight.size(), 0.0);
  // Sums from the end: a remainder by subtraction would be rounding error once little is left.
  std::vector<double> weight_left(weight);
  for (std::size_t i = weight.size() - 1; i-- > 0;) weight_left[i] += weight_left[i + 1];
  if (noise == Noise::none) {
    for (std::size_t i = 0; i < weight.size(); ++i) {
      counts[i] = static_cast<double>(population().size) * weight[i] / weight_left[0];
    }
    return counts;
  }
  Stream stream(realisation, Purpose::initial, index, 0, 0);
  std::int64_t left = population().size;
  for (std::size_t i = 0; i < weight.size() && left > 0; ++i) {
    const bool last = i + 1 == weight.size();
    const std::int64_t drawn = last ? left : draw_binomial(stream, left, weight[i] / weight_left[i]);
    counts[i] = static_cast<double>(drawn);
    left -= drawn;
  }
  return counts;
}

}  // namespace mesopop
