#include "meso/activity.hpp"

#include <algorithm>
#include <cmath>

#include "model/lnp.hpp"
#include "random/distributions.hpp"

namespace mesopop {

double SpikeCount::draw(std::int64_t step, double expected) const {
  const double size = this->size();
  if (!std::isfinite(expected)) return expected;  // reported by the engine
  const double p = std::clamp(expected / size, 0.0, 1.0);
  if (noise_ == Noise::none || p == 0.0) return size * p;
  Stream stream(realisation_, Purpose::count, population_, 0, static_cast<std::uint64_t>(step));
  if (noise_ == Noise::binomial) return static_cast<double>(draw_binomial(stream, size_, p));
  return size * p + std::sqrt(size * p) * draw_normal(stream);
}

// --- Poisson and LNP --------------------------------------------------------------------------------------------

double PoissonActivity::step(std::int64_t step, const MembraneStep&, double rate) {
  return spikes_.draw(step, spikes_.size() * event_probability(rate * dt_));
}

LnpActivity::LnpActivity(const LevelContext& context)
    : neuron_(std::get<LnpNeuron>(context.population().neuron)),
      dt_(context.network.dt),
      h_(initial_lnp_potential(context.population().initial, context.initial_drive)),
      spikes_(context) {}

double LnpActivity::step(std::int64_t step, const MembraneStep& membrane, double) {
  return spikes_.draw(step, spikes_.size() * event_probability(advance_lnp(neuron_, membrane, dt_, h_)));
}

void LnpActivity::visit(StateVisitor& visitor, const std::string& prefix) { visitor.field(prefix + "/potential", h_); }

// --- LIF --------------------------------------------------------------------------------------------------------

LifActivity::LifActivity(const LevelContext& context)
    : kernels_(context.kernels), spikes_(context), bins_(context, Memory::quasi_renewal, kExtras) {
  const double rate = bins_.initial_rate();
  for (const AdaptationTrace& t : bins_.traces()) {
    double earlier = t.stationary_older(rate) / t.decay;
    for (const AgeBins::Placed& placed : bins_.initial()) {
      // What a stationary past has not counted already.
      if (rate > 0.0 || !placed.group.fired) continue;
      const double elapsed = static_cast<double>(placed.group.age) * context.network.dt;
      earlier += t.older * placed.group.count / spikes_.size() * exp(-elapsed / t.tau);
    }
    earlier_.push_back(earlier);
  }
}

double LifActivity::step(std::int64_t step, const MembraneStep& membrane, double) {
  bins_.begin_step(step, false, [&](std::size_t into, std::size_t from, double) {
    bins_.extra(kVariance)[into] += bins_.extra(kVariance)[from];
  });
  const double jump_factor = bins_.jump_factor(membrane.jump);
  bins_.adapt();
  const AgeBinSums sums = kernels_.age_bins({static_cast<std::int64_t>(bins_.size()), bins_.potential(), bins_.hazard(),
                                             bins_.count(), bins_.extra(kVariance), membrane, bins_.escape(),
                                             jump_factor, bins_.threshold(), bins_.pull()});
  // What the expected survivors miss or exceed of the population fires with the effective probability P_Lambda: the
  // mean over the bins weighted with their variance, or, where all are certain, with their number. Where there are
  // none, the last one counts.
  if (sums.variance > 0.0) {
    effective_ = sums.variance_spikes / sums.variance;
  } else if (sums.count > 0.0) {
    effective_ = std::clamp(sums.expected_spikes / sums.count, 0.0, 1.0);
  }
  const double missing = spikes_.size() - (sums.count + bins_.refractory_count());
  const double count = spikes_.draw(step, sums.expected_spikes + effective_ * missing);
  const std::vector<AdaptationTrace>& traces = bins_.traces();
  for (std::size_t i = 0; i < traces.size(); ++i) earlier_[i] *= traces[i].decay;
  bins_.fire(step, count, earlier_.data());
  for (std::size_t i = 0; i < traces.size(); ++i) earlier_[i] += traces[i].older * count / spikes_.size();
  return count;
}

void LifActivity::visit(StateVisitor& visitor, const std::string& prefix) {
  bins_.visit(visitor, prefix);
  visitor.field(prefix + "/effective_probability", effective_);
  visitor.field(prefix + "/adaptation", earlier_);
}

// --- Given spikes -----------------------------------------------------------------------------------------------

GivenActivity::GivenActivity(const LevelContext& context)
    : spikes_(std::get<GivenSpikes>(context.population().neuron)) {}

double GivenActivity::step(std::int64_t step, const MembraneStep&, double) {
  const auto [first, last] = std::equal_range(spikes_.step.begin(), spikes_.step.end(), step);
  return static_cast<double>(last - first);
}

// ----------------------------------------------------------------------------------------------------------------

Activity make_activity(const LevelContext& context) {
  const NeuronSpec& neuron = context.population().neuron;
  if (std::holds_alternative<PoissonNeuron>(neuron)) return PoissonActivity(context);
  if (std::holds_alternative<LnpNeuron>(neuron)) return LnpActivity(context);
  if (std::holds_alternative<LifNeuron>(neuron)) return LifActivity(context);
  return GivenActivity(context);
}

}  // namespace mesopop
