#include "meso/cohorts.hpp"

#include <cmath>

#include "random/distributions.hpp"

namespace mesopop {

namespace {

constexpr std::size_t kMomentColumns = 5;  // u, x, vu, vx, c

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
      size_(static_cast<double>(context.population().size)),
      noise_(context.noise),
      index_(context.index),
      realisation_(context.realisation),
      bins_(context, kMomentColumns * context.stp_sets.size()) {
  const auto in_ms = [&](std::int64_t steps) { return static_cast<double>(steps) * context.network.dt; };
  const std::int64_t held = bins_.neuron().refractory_steps;
  for (const std::size_t set : context.stp_sets) {
    const StpSpec& spec = context.network.stp[set];
    const Moments all = initial_moments(spec);
    synapses_.push_back({set, &spec, Plasticity(spec, context.network.dt), elapsed_decay(in_ms(held), spec.tau_f),
                         elapsed_decay(in_ms(held), spec.tau_d), size_ * (all.u - spec.U0), size_ * (1.0 - all.x)});
  }
  for (const AgeBins::Placed& placed : bins_.initial()) {
    const double left = in_ms(held - placed.group.age);
    for (std::size_t s = 0; s < synapses_.size(); ++s) {
      const StpSpec& spec = *synapses_[s].spec;
      const Moments m = initial_moments(spec, placed.group.members);
      if (placed.waits) {
        store(bins_.waiting_extra(-1 - placed.group.age) + kMomentColumns * s,
              relaxed(m, synapses_[s].plasticity, elapsed_decay(left, spec.tau_f), elapsed_decay(left, spec.tau_d)));
      } else {
        set_moments(s, placed.position, m);
      }
    }
  }
  if (noise_ != Noise::none) threshold_ = next_threshold();
}

Moments CohortPopulation::moments(std::size_t set, std::size_t bin) const {
  const std::size_t c = kMomentColumns * set;
  return {bins_.extra(c)[bin], bins_.extra(c + 1)[bin], bins_.extra(c + 2)[bin], bins_.extra(c + 3)[bin],
          bins_.extra(c + 4)[bin]};
}

void CohortPopulation::set_moments(std::size_t set, std::size_t bin, const Moments& m) {
  const std::size_t c = kMomentColumns * set;
  bins_.extra(c)[bin] = m.u;
  bins_.extra(c + 1)[bin] = m.x;
  bins_.extra(c + 2)[bin] = m.vu;
  bins_.extra(c + 3)[bin] = m.vx;
  bins_.extra(c + 4)[bin] = m.c;
}

double CohortPopulation::step(std::int64_t step, const MembraneStep& membrane, double, double* release) {
  bins_.begin_step(step, true, [&](std::size_t into, std::size_t from, double share) {
    for (std::size_t s = 0; s < synapses_.size(); ++s) {
      set_moments(s, into, mixed(moments(s, into), moments(s, from), share));
    }
  });
  const double jump_factor = bins_.jump_factor(membrane.jump);
  bins_.adapt();
  const auto bins = static_cast<std::int64_t>(bins_.size());
  if (integrated_.size() < bins_.size() + kLanes) integrated_.resize(2 * (bins_.size() + kLanes));
  const double total_hazard =
      kernels_.cohorts({bins, bins_.potential(), bins_.hazard(), bins_.count(), integrated_.data(), membrane,
                        bins_.escape(), jump_factor, bins_.threshold(), bins_.pull()});
  for (std::size_t s = 0; s < synapses_.size(); ++s) {
    const std::size_t c = kMomentColumns * s;
    Synapses& synapses = synapses_[s];
    kernels_.relax_cohorts({bins, bins_.extra(c), bins_.extra(c + 1), bins_.extra(c + 2), bins_.extra(c + 3),
                            bins_.extra(c + 4), synapses.plasticity.U0, synapses.plasticity.decay_u,
                            synapses.plasticity.decay_x});
    synapses.excess_u *= synapses.plasticity.decay_u;
    synapses.deficit_x *= synapses.plasticity.decay_x;
    release[s] = 0.0;
  }
  if (!std::isfinite(total_hazard)) return total_hazard;  // reported by the engine
  draw_spikes(total_hazard, step);
  return firing_.empty() ? 0.0 : fire(step, release);
}

void CohortPopulation::draw_spikes(double total_hazard, std::int64_t step) {
  firing_.clear();
  if (noise_ == Noise::none) {
    const double* const count = bins_.count();
    const double* const integrated = integrated_.data();
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

// The neurons of the population fire one after the other, each after an Exp(1) amount of the hazard of all that are
// left: the cost is one random number per spike, and the bins are gone through once.
void CohortPopulation::thin() {
  const double* const count = bins_.count();
  const double* const integrated = integrated_.data();
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
  const double* const count = bins_.count();
  const double* const integrated = integrated_.data();
  Stream stream(realisation_, Purpose::count, index_, 0, static_cast<std::uint64_t>(step));
  for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
    const std::int64_t fired =
        draw_binomial(stream, static_cast<std::int64_t>(count[bin]), event_probability(integrated[bin]));
    if (fired > 0) firing_.push_back({bin, static_cast<double>(fired)});
  }
}

double CohortPopulation::fire(std::int64_t step, double* release) {
  double* const count = bins_.count();
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
    store(bins_.waiting_extra(step) + kMomentColumns * s,
          relaxed(born, plasticity, synapses.held_decay_u, synapses.held_decay_x));
  }
  for (const Firing& f : firing_) count[f.bin] -= f.count;
  bins_.fire(step, fired);
  return fired;
}

void CohortPopulation::fire_all(std::int64_t, double* release) {
  // A synchronous start: everybody waits already.
  for (std::size_t s = 0; s < synapses_.size(); ++s) {
    Synapses& synapses = synapses_[s];
    const Moments before = initial_moments(*synapses.spec);
    const Moments after = after_spike(before, synapses.plasticity);
    release[s] = size_ * before.release();
    synapses.excess_u += size_ * (after.u - before.u);
    synapses.deficit_x += size_ * (before.x - after.x);
    store(bins_.waiting_extra(-1) + kMomentColumns * s,
          relaxed(after, synapses.plasticity, synapses.held_decay_u, synapses.held_decay_x));
  }
}

// --- Readings ---------------------------------------------------------------------------------------------------

double CohortPopulation::mean_u(std::size_t set) const {
  return synapses_[set].plasticity.U0 + synapses_[set].excess_u / size_;
}

double CohortPopulation::mean_x(std::size_t set) const { return 1.0 - synapses_[set].deficit_x / size_; }

void CohortPopulation::visit(StateVisitor& visitor, const std::string& prefix) {
  bins_.visit(visitor, prefix);
  for (std::size_t s = 0; s < synapses_.size(); ++s) {
    const std::string name = prefix + "/stp/" + std::to_string(s);
    visitor.field(name + "/excess_u", synapses_[s].excess_u);
    visitor.field(name + "/deficit_x", synapses_[s].deficit_x);
  }
  visitor.field(prefix + "/threshold", threshold_);
  visitor.field(prefix + "/thresholds_drawn", thresholds_drawn_);
}

}  // namespace mesopop
