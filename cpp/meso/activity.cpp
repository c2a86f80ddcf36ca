#include "meso/activity.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "model/lnp.hpp"
#include "model/renewal.hpp"
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
      bins_(kColumns),
      refractory_(static_cast<std::size_t>(neuron_.refractory_steps + 1), 0.0) {
  start(context);
}

void LifActivity::start(const LevelContext& context) {
  const InitialSpec& initial = context.population().initial;
  switch (initial.kind) {
    case InitialKind::rest:
      start_at_age(-1, spikes_.size(), neuron_.v_reset);
      break;
    case InitialKind::synchronous:
      start_at_age(0, spikes_.size(), neuron_.v_reset);
      break;
    case InitialKind::given: {
      struct Group {
        double count = 0.0, potential = 0.0;
      };
      std::map<std::int64_t, Group, std::greater<>> by_age;  // oldest first
      const std::int64_t old = neuron_.history_steps;
      for (std::size_t i = 0; i < initial.age.size(); ++i) {
        const std::int64_t age = initial.age[i] < 0 ? old : std::min(initial.age[i], old);
        Group& group = by_age[age];
        group.count += 1.0;
        group.potential += initial.potential[i];
      }
      for (const auto& [age, group] : by_age) start_at_age(age, group.count, group.potential / group.count);
      break;
    }
    case InitialKind::stationary: {
      const StationaryAges ages(neuron_, context.network.dt, context.initial_drive);
      const std::vector<double> counts = context.draw_counts(ages.weight);
      for (std::size_t age = counts.size(); age-- > 0;) {
        start_at_age(static_cast<std::int64_t>(age), counts[age], ages.potential[age]);
      }
    }
  }
}

void LifActivity::start_at_age(std::int64_t age, double count, double potential) {
  if (count == 0.0) return;
  const std::int64_t spike_step = -1 - (age < 0 ? neuron_.history_steps : age);
  if (age >= 0 && age <= neuron_.refractory_steps) {
    refractory(spike_step) += count;
    refractory_count_ += count;
  } else {
    append(static_cast<double>(spike_step), count, potential);
  }
}

void LifActivity::append(double birth, double count, double potential) {
  const std::size_t bin = bins_.append();
  bins_.column(kPotential)[bin] = potential;
  bins_.column(kHazard)[bin] = escape_(potential);
  bins_.column(kBirth)[bin] = birth;
  bins_.column(kCount)[bin] = count;
}

double& LifActivity::refractory(std::int64_t spike_step) {
  const auto slots = static_cast<std::int64_t>(refractory_.size());
  return refractory_[static_cast<std::size_t>(((spike_step % slots) + slots) % slots)];
}

// Bins whose potential has forgotten the reset join the oldest one.
void LifActivity::forget(std::int64_t step) {
  const double horizon = static_cast<double>(step - 1 - neuron_.history_steps);
  while (bins_.size() >= 2 && bins_.column(kBirth)[1] <= horizon) {
    double* const count = bins_.column(kCount);
    const double total = count[0] + count[1];
    const double share = total > 0.0 ? count[0] / total : 0.5;
    for (const Column c : {kPotential, kHazard}) {
      double* const value = bins_.column(c);
      value[1] += share * (value[0] - value[1]);
    }
    count[1] = total;
    bins_.column(kVariance)[1] += bins_.column(kVariance)[0];
    bins_.drop_front();
  }
}

double LifActivity::step(std::int64_t step, const MembraneStep& membrane, double) {
  const std::int64_t wakes = step - 1 - neuron_.refractory_steps;
  double& waking = refractory(wakes);
  if (waking != 0.0) append(static_cast<double>(wakes), waking, neuron_.v_reset);
  refractory_count_ -= waking;
  waking = 0.0;
  forget(step);

  const AgeBinSums sums = kernels_.age_bins(
      {static_cast<std::int64_t>(bins_.size()), bins_.column(kPotential), bins_.column(kHazard),
       bins_.column(kCount), bins_.column(kVariance), membrane, escape_, escape_.factor(membrane.jump)});
  // What the expected survivors miss or exceed of the population fires with the effective probability P_Lambda.
  const double effective = sums.variance > 0.0 ? sums.variance_spikes / sums.variance : 0.0;
  const double missing = spikes_.size() - (sums.count + refractory_count_);
  const double count = spikes_.draw(step, sums.expected_spikes + effective * missing);
  refractory(step) = count;
  refractory_count_ += count;
  return count;
}

double LifActivity::mean_potential() const {
  const double* const v = bins_.column(kPotential);
  const double* const count = bins_.column(kCount);
  double sum = neuron_.v_reset * refractory_count_, total = refractory_count_;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    sum += v[i] * count[i];
    total += count[i];
  }
  return sum / total;
}

void LifActivity::visit(StateVisitor& visitor, const std::string& prefix) {
  bins_.visit(visitor, prefix);
  visitor.field(prefix + "/refractory", refractory_);
  visitor.field(prefix + "/refractory_count", refractory_count_);
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
