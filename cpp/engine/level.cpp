#include "engine/level.hpp"

#include "random/distributions.hpp"

namespace mesopop {

std::vector<double> LevelContext::draw_counts(const std::vector<double>& weight) const {
  std::vector<double> counts(weight.size(), 0.0);
  double weight_left = 0.0;
  for (const double w : weight) weight_left += w;
  if (noise == Noise::none) {
    for (std::size_t i = 0; i < weight.size(); ++i) {
      counts[i] = static_cast<double>(population().size) * weight[i] / weight_left;
    }
    return counts;
  }
  Stream stream(realisation, Purpose::initial, index, 0, 0);
  std::int64_t left = population().size;
  for (std::size_t i = 0; i < weight.size() && left > 0; ++i) {
    const bool last = i + 1 == weight.size();
    const std::int64_t drawn = last ? left : draw_binomial(stream, left, weight[i] / weight_left);
    counts[i] = static_cast<double>(drawn);
    left -= drawn;
    weight_left -= weight[i];
  }
  return counts;
}

}  // namespace mesopop
