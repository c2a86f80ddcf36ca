#include "meso/synapses.hpp"

#include "random/distributions.hpp"

namespace mesopop {

PopulationSynapses::PopulationSynapses(const StpSpec& spec, std::int64_t size, double dt, Closure closure, Noise noise)
    : plasticity_(spec, dt),
      size_(static_cast<double>(size)),
      closure_(closure),
      noise_(noise),
      moments_(initial_moments(spec)) {}

double PopulationSynapses::release(double count, Stream& draws) {
  const double fraction = count / size_;
  if (closure_ == Closure::first_order) {
    const double mean_release = moments_.u * moments_.x;
    moments_.u += fraction * plasticity_.U * (1.0 - moments_.u);
    moments_.x -= fraction * plasticity_.depletion * mean_release;
    return count * mean_release;
  }
  // Without noise the neurons that fire are the average of the population.
  Sample sample{moments_, moments_};
  if (noise_ != Noise::none) {
    const double zu = draw_normal(draws);
    const double zx = draw_normal(draws);
    sample = sampled(moments_, size_, count, zu, zx);
  }
  moments_ = mixed(sample.remaining, after_spike(sample.drawn, plasticity_), fraction);
  return count * sample.drawn.release();
}

void PopulationSynapses::visit(StateVisitor& visitor, const std::string& prefix) {
  visitor.field(prefix + "/u", moments_.u);
  visitor.field(prefix + "/x", moments_.x);
  visitor.field(prefix + "/var_u", moments_.vu);
  visitor.field(prefix + "/var_x", moments_.vx);
  visitor.field(prefix + "/cov_ux", moments_.c);
}

}  // namespace mesopop
