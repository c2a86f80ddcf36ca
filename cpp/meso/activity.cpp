#include "meso/activity.hpp"

#include <algorithm>
#include <cmath>

#include "model/lnp.hpp"
#include "meso/initial_ages.hpp"
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

void LnpActivity::visit(StateVisitor& visitor, const std::string& prefix) {
  visitor.field(prefix + "/potential", h_);
}

// --- LIF --------------------------------------------------------------------------------------------------------

LifActivity::LifActivity(const LevelContext& context)
    : kernels_(context.kernels),
      neuron_(std::get<LifNeuron>(context.population().neuron)),
      escape_(neuron_.escape, context.network.dt),
      reset_hazard_(escape_(neuron_.v_reset)),
      spikes_(context),
      tolerance_(context.bin_tolerance * neuron_.escape.delta_u),
      bins_(kColumns),
      refractory_(neuron_.refractory_steps, 0) {
  const std::vector<AgeGroup> groups = initial_age_groups(context);
  for (const AgeGroup& group : groups) {
    if (group.age >= 0 && group.age <= neuron_.refractory_steps) {
      refractory_.add(refractory_.entry(-1 - group.age), group.count);
    } else {
      append(static_cast<double>(-1 - group.age), group.count, group.potential);
    }
  }
}

void LifActivity::append(double birth, double count, double potential) {
  const std::size_t bin = bins_.append();
  bins_.column(kPotential)[bin] = potential;
  bins_.column(kHazard)[bin] = escape_(potential);
  bins_.column(kBirth)[bin] = birth;
  bins_.column(kCount)[bin] = count;
}

void LifActivity::absorb(std::size_t into, std::size_t from) {
  double* const count = bins_.column(kCount);
  const double total = count[into] + count[from];
  const double share = total > 0.0 ? count[from] / total : 0.5;
  for (const Column c : {kPotential, kHazard}) {
    double* const value = bins_.column(c);
    value[into] += share * (value[from] - value[into]);
  }
  count[into] = total;
  bins_.column(kVariance)[into] += bins_.column(kVariance)[from];
}

void LifActivity::merge(std::int64_t step) {
  if (tolerance_ > 0.0) {
    if (step % kMergeInterval != 0) return;
    const double* const v = bins_.column(kPotential);
    bins_.reduce([](std::size_t) { return false; },
                 [&](std::size_t a, std::size_t b) { return std::fabs(v[a] - v[b]) <= tolerance_; },
                 [&](std::size_t a, std::size_t b) { absorb(a, b); });
    return;
  }
  // Without merging by potential, bins that have forgotten their reset join the oldest one.
  const double horizon = static_cast<double>(step - 1 - neuron_.history_steps);
  while (bins_.size() >= 2 && bins_.column(kBirth)[1] <= horizon) {
    absorb(1, 0);
    bins_.drop_front();
  }
}

double LifActivity::step(std::int64_t step, const MembraneStep& membrane, double) {
  // The slot of the spikes whose refractoriness ends now takes the spikes of this step.
  double* const slot = refractory_.entry(step);
  if (slot[0] != 0.0) append(static_cast<double>(step - 1 - neuron_.refractory_steps), slot[0], neuron_.v_reset);
  refractory_.clear(slot);
  merge(step);

  const AgeBinSums sums = kernels_.age_bins(
      {static_cast<std::int64_t>(bins_.size()), bins_.column(kPotential), bins_.column(kHazard),
       bins_.column(kCount), bins_.column(kVariance), membrane, escape_, escape_.factor(membrane.jump)});
  // What the expected survivors miss or exceed of the population fires with the effective probability P_Lambda.
  const double effective = sums.variance > 0.0 ? sums.variance_spikes / sums.variance : 0.0;
  const double missing = spikes_.size() - (sums.count + refractory_.total());
  const double count = spikes_.draw(step, sums.expected_spikes + effective * missing);
  refractory_.add(slot, count);
  return count;
}

double LifActivity::mean_potential() const {
  const double* const v = bins_.column(kPotential);
  const double* const count = bins_.column(kCount);
  double sum = neuron_.v_reset * refractory_.total(), total = refractory_.total();
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    sum += v[i] * count[i];
    total += count[i];
  }
  return sum / total;
}

void LifActivity::visit(StateVisitor& visitor, const std::string& prefix) {
  bins_.visit(visitor, prefix);
  refractory_.visit(visitor, prefix);
}

// --- Given spikes -----------------------------------------------------------------------------------------------

GivenActivity::GivenActivity(const LevelContext& context)
    : spikes_(std::get<GivenSpikes>(context.population().neuron)) {}

double GivenActivity::step(std::int64_t step, const MembraneStep&, double) {
  const std::int64_t first = next_;
  const auto total = static_cast<std::int64_t>(spikes_.step.size());
  while (next_ < total && spikes_.step[static_cast<std::size_t>(next_)] == step) ++next_;
  return static_cast<double>(next_ - first);
}

void GivenActivity::visit(StateVisitor& visitor, const std::string& prefix) {
  visitor.field(prefix + "/next_spike", next_);
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
