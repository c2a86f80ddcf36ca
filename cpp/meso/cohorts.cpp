#include "meso/cohorts.hpp"

#include <cmath>

#include "meso/initial_ages.hpp"
#include "random/distributions.hpp"

namespace mesopop {

namespace {

constexpr std::size_t kMomentColumns = 5;

Moments load(const double* entry) { return {entry[0], entry[1], entry[2], entry[3], entry[4]}; }

void store(double* entry, const Moments& m) {
  entry[0] = m.u;
  entry[1] = m.x;
  entry[2] = m.vu;
  entry[3] = m.vx;
  entry[4] = m.c;
}

// Decay over an elapsed time; none elapsed means none, also where relaxation is immediate.
double elapsed_decay(double elapsed, double tau) { return elapsed > 0.0 ? relaxation(elapsed, tau) : 1.0; }

}  // namespace

CohortPopulation::CohortPopulation(const LevelContext& context)
    : kernels_(context.kernels),
      neuron_(std::get<LifNeuron>(context.population().neuron)),
      escape_(neuron_.escape, context.network.dt),
      reset_hazard_(escape_(neuron_.v_reset)),
      size_(static_cast<double>(context.population().size)),
      tolerance_(context.bin_tolerance * neuron_.escape.delta_u),
      noise_(context.noise),
      index_(context.index),
      realisation_(context.realisation),
      bins_(kMoments + kMomentColumns * context.stp_sets.size()),
      refractory_(neuron_.refractory_steps, kMomentColumns * context.stp_sets.size()) {
  const auto steps_to_ms = [&](std::int64_t steps) { return static_cast<double>(steps) * context.network.dt; };
  const double held = steps_to_ms(neuron_.refractory_steps);
  for (const std::size_t set : context.stp_sets) {
    const StpSpec& spec = context.network.stp[set];
    const Moments all = initial_moments(spec);
    const Plasticity plasticity(spec, context.network.dt);
    synapses_.push_back({set, &spec, plasticity, elapsed_decay(held, spec.tau_f), elapsed_decay(held, spec.tau_d),
                         size_ * (all.u - spec.U0), size_ * (1.0 - all.x)});
  }
  for (const AgeGroup& group : initial_age_groups(context)) {
    const bool waits = group.age >= 0 && group.age <= neuron_.refractory_steps;
    double* const entry = refractory_.entry(-1 - group.age);
    if (waits) {
      refractory_.add(entry, group.count);
    } else {
      append(static_cast<double>(-1 - group.age), group.count, group.potential);
    }
    for (std::size_t s = 0; s < synapses_.size(); ++s) {
      const StpSpec& spec = context.network.stp[context.stp_sets[s]];
      const Moments m = initial_moments(spec, group.members);
      if (waits) {
        const double left = steps_to_ms(neuron_.refractory_steps - group.age);
        store(entry + 1 + kMomentColumns * s, relaxed(m, synapses_[s].plasticity, elapsed_decay(left, spec.tau_f),
                                                      elapsed_decay(left, spec.tau_d)));
      } else {
        set_moments(s, bins_.size() - 1, m);
      }
    }
  }
  if (noise_ != Noise::none) threshold_ = next_threshold();
}

Moments CohortPopulation::moments(std::size_t set, std::size_t bin) const {
  const std::size_t c = kMoments + kMomentColumns * set;
  return {bins_.column(c)[bin], bins_.column(c + 1)[bin], bins_.column(c + 2)[bin], bins_.column(c + 3)[bin],
          bins_.column(c + 4)[bin]};
}

void CohortPopulation::set_moments(std::size_t set, std::size_t bin, const Moments& m) {
  const std::size_t c = kMoments + kMomentColumns * set;
  bins_.column(c)[bin] = m.u;
  bins_.column(c + 1)[bin] = m.x;
  bins_.column(c + 2)[bin] = m.vu;
  bins_.column(c + 3)[bin] = m.vx;
  bins_.column(c + 4)[bin] = m.c;
}

// --- Cohorts come and go ----------------------------------------------------------------------------------------

void CohortPopulation::append(double birth, double count, double potential) {
  const std::size_t bin = bins_.append();
  bins_.column(kPotential)[bin] = potential;
  bins_.column(kHazard)[bin] = escape_(potential);
  bins_.column(kBirth)[bin] = birth;
  bins_.column(kCount)[bin] = count;
}

void CohortPopulation::absorb(std::size_t into, std::size_t from) {
  double* const count = bins_.column(kCount);
  const double total = count[into] + count[from];
  const double share = total > 0.0 ? count[from] / total : 0.5;
  for (const Column c : {kPotential, kHazard}) {
    double* const value = bins_.column(c);
    value[into] += share * (value[from] - value[into]);
  }
  for (std::size_t s = 0; s < synapses_.size(); ++s) {
    set_moments(s, into, mixed(moments(s, into), moments(s, from), share));
  }
  count[into] = total;
}

void CohortPopulation::merge(std::int64_t step) {
  if (step % kMergeInterval == 0) {
    const double* const v = bins_.column(kPotential);
    const double* const count = bins_.column(kCount);
    bins_.reduce([&](std::size_t bin) { return count[bin] == 0.0; },
                 [&](std::size_t a, std::size_t b) {
                   return tolerance_ > 0.0 && std::fabs(v[a] - v[b]) <= tolerance_;
                 },
                 [&](std::size_t a, std::size_t b) { absorb(a, b); });
  }
  if (tolerance_ > 0.0) return;
  const double horizon = static_cast<double>(step - 1 - neuron_.history_steps);
  while (bins_.size() >= 2 && bins_.column(kBirth)[1] <= horizon) {
    absorb(1, 0);
    bins_.drop_front();
  }
}

// --- One step ---------------------------------------------------------------------------------------------------

double CohortPopulation::step(std::int64_t step, const MembraneStep& membrane, double, double* release) {
  // The slot of the spikes whose refractoriness ends now takes the spikes of this step.
  double* const entry = refractory_.entry(step);
  if (entry[0] != 0.0) {
    append(static_cast<double>(step - 1 - neuron_.refractory_steps), entry[0], neuron_.v_reset);
    for (std::size_t s = 0; s < synapses_.size(); ++s) {
      set_moments(s, bins_.size() - 1, load(entry + 1 + kMomentColumns * s));
    }
  }
  refractory_.clear(entry);
  merge(step);

  const auto bins = static_cast<std::int64_t>(bins_.size());
  const double total_hazard = kernels_.cohorts({bins, bins_.column(kPotential), bins_.column(kHazard),
                                                bins_.column(kCount), bins_.column(kIntegrated), membrane, escape_,
                                                escape_.factor(membrane.jump)});
  for (std::size_t s = 0; s < synapses_.size(); ++s) {
    const std::size_t c = kMoments + kMomentColumns * s;
    Synapses& synapses = synapses_[s];
    kernels_.relax_cohorts({bins, bins_.column(c), bins_.column(c + 1), bins_.column(c + 2), bins_.column(c + 3),
                            bins_.column(c + 4), synapses.plasticity.U0, synapses.plasticity.decay_u,
                            synapses.plasticity.decay_x});
    synapses.excess_u *= synapses.plasticity.decay_u;
    synapses.deficit_x *= synapses.plasticity.decay_x;
    release[s] = 0.0;
  }
  if (!std::isfinite(total_hazard)) return total_hazard;  // reported by the engine
  draw_spikes(total_hazard, step);
  return firing_.empty() ? 0.0 : fire(step, entry, release);
}

void CohortPopulation::draw_spikes(double total_hazard, std::int64_t step) {
  firing_.clear();
  if (noise_ == Noise::none) {
    const double* const count = bins_.column(kCount);
    const double* const integrated = bins_.column(kIntegrated);
    for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
      firing_.push_back({bin, count[bin] * event_probability(integrated[bin])});
    }
  } else if (total_hazard > 2.0 * static_cast<double>(bins_.size())) {
    draw_binomials(step);
  } else if (total_hazard < threshold_) {
    threshold_ -= total_hazard;
  } else {
    thin();
  }
}

double CohortPopulation::next_threshold() {
  Stream stream(realisation_, Purpose::threshold, index_, 0, static_cast<std::uint64_t>(thresholds_drawn_++));
  return draw_exponential(stream);
}

// The neurons of the population fire one after the other, each after an Exp(1) amount of the hazard of all that are left:
// the cost is one random number per spike, and the bins are gone through once.
void CohortPopulation::thin() {
  const double* const count = bins_.column(kCount);
  const double* const integrated = bins_.column(kIntegrated);
  for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
    double left = count[bin], hazard = integrated[bin], fired = 0.0;
    while (left > 0.0 && threshold_ <= left * hazard) {
      hazard -= threshold_ / left;
      left -= 1.0;
      fired += 1.0;
      threshold_ = next_threshold();
    }
    threshold_ -= left * hazard;
    if (fired > 0.0) firing_.push_back({bin, fired});
  }
}

// With many spikes per cohort one binomial number each costs less. The threshold, being memoryless, stays.
void CohortPopulation::draw_binomials(std::int64_t step) {
  const double* const count = bins_.column(kCount);
  const double* const integrated = bins_.column(kIntegrated);
  Stream stream(realisation_, Purpose::count, index_, 0, static_cast<std::uint64_t>(step));
  for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
    const std::int64_t fired =
        draw_binomial(stream, static_cast<std::int64_t>(count[bin]), event_probability(integrated[bin]));
    if (fired > 0) firing_.push_back({bin, static_cast<double>(fired)});
  }
}

double CohortPopulation::fire(std::int64_t step, double* entry, double* release) {
  double* const count = bins_.column(kCount);
  double fired = 0.0;
  for (const Firing& f : firing_) fired += f.count;
  for (std::size_t s = 0; s < synapses_.size(); ++s) {
    Synapses& synapses = synapses_[s];
    const Plasticity& plasticity = synapses.plasticity;
    Stream stream(realisation_, Purpose::release, synapses.set, 0, static_cast<std::uint64_t>(step));
    Moments born;
    double size = 0.0;
    for (const Firing& f : firing_) {
      const Moments before = moments(s, f.bin);
      Moments drawn = before;
      if (noise_ != Noise::none && f.count < count[f.bin]) {
        const double zu = draw_normal(stream);
        const double zx = draw_normal(stream);
        const Sample sample = sampled(before, count[f.bin], f.count, zu, zx);
        drawn = sample.drawn;
        set_moments(s, f.bin, sample.remaining);
      }
      const Moments after = after_spike(drawn, plasticity);
      release[s] += f.count * drawn.release();
      synapses.excess_u += f.count * (after.u - drawn.u);
      synapses.deficit_x += f.count * (drawn.x - after.x);
      size += f.count;
      if (size > 0.0) born = mixed(born, after, f.count / size);
    }
    store(entry + 1 + kMomentColumns * s,
          relaxed(born, plasticity, synapses.held_decay_u, synapses.held_decay_x));
  }
  for (const Firing& f : firing_) count[f.bin] -= f.count;
  refractory_.add(entry, fired);
  return fired;
}

void CohortPopulation::fire_all(std::int64_t, double* release) {
  // A synchronous start: everybody waits in one entry.
  double* const entry = refractory_.entry(-1);
  for (std::size_t s = 0; s < synapses_.size(); ++s) {
    Synapses& synapses = synapses_[s];
    const Moments before = initial_moments(*synapses.spec);
    const Moments after = after_spike(before, synapses.plasticity);
    release[s] = size_ * before.release();
    synapses.excess_u += size_ * (after.u - before.u);
    synapses.deficit_x += size_ * (before.x - after.x);
    store(entry + 1 + kMomentColumns * s,
          relaxed(after, synapses.plasticity, synapses.held_decay_u, synapses.held_decay_x));
  }
}

// --- Readings ---------------------------------------------------------------------------------------------------

double CohortPopulation::mean_potential() const {
  const double* const v = bins_.column(kPotential);
  const double* const count = bins_.column(kCount);
  double sum = neuron_.v_reset * refractory_.total();
  for (std::size_t i = 0; i < bins_.size(); ++i) sum += v[i] * count[i];
  return sum / size_;
}

double CohortPopulation::mean_u(std::size_t set) const {
  return synapses_[set].plasticity.U0 + synapses_[set].excess_u / size_;
}

double CohortPopulation::mean_x(std::size_t set) const { return 1.0 - synapses_[set].deficit_x / size_; }

void CohortPopulation::visit(StateVisitor& visitor, const std::string& prefix) {
  bins_.visit(visitor, prefix);
  refractory_.visit(visitor, prefix);
  for (std::size_t s = 0; s < synapses_.size(); ++s) {
    const std::string name = prefix + "/stp/" + std::to_string(s);
    visitor.field(name + "/excess_u", synapses_[s].excess_u);
    visitor.field(name + "/deficit_x", synapses_[s].deficit_x);
  }
  visitor.field(prefix + "/threshold", threshold_);
  visitor.field(prefix + "/thresholds_drawn", thresholds_drawn_);
}

}  // namespace mesopop
