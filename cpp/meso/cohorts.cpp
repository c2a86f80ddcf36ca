#include "meso/cohorts.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "random/distributions.hpp"

namespace mesopop {

namespace {

constexpr std::size_t kMomentColumns = 5;  // u, x, vu, vx, c

// Where the moments of one group wait.
MomentColumns waiting(double* entry) { return {entry, entry + 1, entry + 2, entry + 3, entry + 4}; }

// From this number of spikes on that are expected in a step, drawing a number for every cohort costs less than drawing
// one for every spike.
double many_spikes(std::size_t cohorts) { return 1.0 + static_cast<double>(cohorts) / 8.0; }

// Decay over an elapsed time; none elapsed means none, also where relaxation is immediate.
double elapsed_decay(double elapsed, double tau) { return elapsed > 0.0 ? relaxation(elapsed, tau) : 1.0; }

}  // namespace

CohortPopulation::CohortPopulation(const LevelContext& context)
    : kernels_(context.kernels),
      size_(static_cast<double>(context.population().size)),
      noise_(context.noise),
      index_(context.index),
      realisation_(context.realisation),
      counts_(context.realisation, Purpose::cohort_count, context.index),
      bins_(context, Memory::average, kMomentColumns * context.stp_sets.size()),
      earlier_(bins_.traces().size()) {
  const auto in_ms = [&](std::int64_t steps) { return static_cast<double>(steps) * context.network.dt; };
  const std::int64_t held = bins_.neuron().refractory_steps;
  for (const std::size_t set : context.stp_sets) {
    const StpSpec& spec = context.network.stp[set];
    const Moments all = initial_moments(spec);
    synapses_.push_back({set, &spec, Plasticity(spec, context.network.dt), elapsed_decay(in_ms(held), spec.tau_f),
                         elapsed_decay(in_ms(held), spec.tau_d), size_ * (all.u - spec.U0), size_ * (1.0 - all.x),
                         LaneStream(context.realisation, Purpose::cohort_release, set)});
  }
  for (const AgeBins::Placed& placed : bins_.initial()) {
    const double left = in_ms(held - placed.group.age);
    for (std::size_t s = 0; s < synapses_.size(); ++s) {
      const StpSpec& spec = *synapses_[s].spec;
      const Moments m = initial_moments(spec, placed.group.members);
      if (placed.waits) {
        waiting(bins_.waiting_extra(-1 - placed.group.age) + kMomentColumns * s)
            .set(0,
                 relaxed(m, synapses_[s].plasticity, elapsed_decay(left, spec.tau_f), elapsed_decay(left, spec.tau_d)));
      } else {
        moments(s).set(static_cast<std::int64_t>(placed.position), m);
      }
    }
  }
  if (noise_ != Noise::none) threshold_ = next_threshold();
}

MomentColumns CohortPopulation::moments(std::size_t set) {
  const std::size_t c = kMomentColumns * set;
  return {bins_.extra(c), bins_.extra(c + 1), bins_.extra(c + 2), bins_.extra(c + 3), bins_.extra(c + 4)};
}

double CohortPopulation::step(std::int64_t step, const MembraneStep& membrane, double, double* release) {
  bins_.begin_step(step, true, [&](std::size_t into, std::size_t from, double share) {
    for (std::size_t s = 0; s < synapses_.size(); ++s) {
      const MomentColumns m = moments(s);
      const auto a = static_cast<std::int64_t>(into), b = static_cast<std::int64_t>(from);
      m.set(a, mixed(m.get(a), m.get(b), share));
    }
  });
  const double jump_factor = bins_.jump_factor(membrane.jump);
  bins_.adapt();
  const auto bins = static_cast<std::int64_t>(bins_.size());
  if (integrated_.size() < bins_.size() + kLanes) {
    integrated_.resize(2 * (bins_.size() + kLanes));
    firing_.make_room(bins_.size());
  }
  const double total_hazard =
      kernels_.cohorts({bins, bins_.potential(), bins_.hazard(), bins_.count(), integrated_.data(), membrane,
                        bins_.escape(), jump_factor, bins_.threshold(), bins_.pull()});
  for (std::size_t s = 0; s < synapses_.size(); ++s) {
    Synapses& synapses = synapses_[s];
    kernels_.relax_cohorts({bins, moments(s), synapses.plasticity});
    synapses.excess_u *= synapses.plasticity.decay_u;
    synapses.deficit_x *= synapses.plasticity.decay_x;
    release[s] = 0.0;
  }
  if (!std::isfinite(total_hazard)) return total_hazard;  // reported by the engine
  draw_spikes(total_hazard, step);
  return firing_.size == 0 ? 0.0 : fire(step, release);
}

void CohortPopulation::draw_spikes(double total_hazard, std::int64_t step) {
  firing_.size = 0;
  if (noise_ == Noise::none) {
    const double* const count = bins_.count();
    for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
      const double spikes = count[bin] * event_probability(integrated_[bin]);
      if (spikes > 0.0) firing_.push(bin, spikes);
    }
  } else if (total_hazard > many_spikes(bins_.size())) {
    firing_.size = kernels_.cohort_spikes({static_cast<std::int64_t>(bins_.size()), bins_.count(), integrated_.data(),
                                           counts_.at(step), firing_.bin.data(), firing_.fired.data()});
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
// left: the cost is one random number per spike, and the bins are gone through once, several together where none fires.
// The threshold, being memoryless, stays where numbers per cohort are drawn instead.
void CohortPopulation::thin() {
  const double* const count = bins_.count();
  const double* const integrated = integrated_.data();
  for (std::size_t first = 0; first < bins_.size(); first += kLanes) {
    double together[kLanes];
    for (std::size_t i = 0; i < kLanes; ++i) together[i] = count[first + i] * integrated[first + i];
    const double total = sum_lanes(together);
    if (total < threshold_) {
      threshold_ -= total;
      continue;
    }
    for (std::size_t bin = first; bin < std::min(first + kLanes, bins_.size()); ++bin) {
      double left = count[bin], hazard = integrated[bin], fired = 0.0;
      while (left > 0.0 && threshold_ <= left * hazard) {
        hazard -= threshold_ / left;
        left -= 1.0;
        fired += 1.0;
        threshold_ = next_threshold();
      }
      threshold_ -= left * hazard;
      if (fired > 0.0) firing_.push(bin, fired);
    }
  }
}

double CohortPopulation::fire(std::int64_t step, double* release) {
  double* const count = bins_.count();
  const auto size = static_cast<std::size_t>(firing_.size);
  double total = 0.0;
  for (std::size_t i = 0; i < size; ++i) {
    firing_.count[i] = count[firing_.bin[i]];
    total += firing_.fired[i];
  }
  // The lanes beyond the last cohort.
  for (std::size_t i = size; i % kLanes != 0; ++i) firing_.count[i] = firing_.fired[i] = 0.0;
  for (std::size_t s = 0; s < synapses_.size(); ++s) release_set(s, step, release);
  for (std::size_t t = 0; t < earlier_.size(); ++t) {
    const double* const trace = bins_.trace(t);
    double sum = 0.0;
    for (std::size_t i = 0; i < size; ++i) sum += firing_.fired[i] * trace[firing_.bin[i]];
    earlier_[t] = sum / total;
  }
  for (std::size_t i = 0; i < size; ++i) count[firing_.bin[i]] -= firing_.fired[i];
  bins_.fire(step, total, earlier_.data());
  return total;
}

void CohortPopulation::release_set(std::size_t s, std::int64_t step, double* release) {
  Synapses& synapses = synapses_[s];
  const MomentColumns all = moments(s), firing = firing_.moments(0), after = firing_.moments(1);
  for (std::int64_t i = 0; i < firing_.size; ++i) firing.set(i, all.get(firing_.bin[static_cast<std::size_t>(i)]));
  for (std::int64_t i = firing_.size; i % kLanes != 0; ++i) firing.set(i, {});
  const CohortReleaseSums sums =
      kernels_.cohort_release({firing_.size, firing_.count.data(), firing_.fired.data(), firing, after,
                               synapses.plasticity, noise_ != Noise::none, synapses.releases.at(step)});
  for (std::int64_t i = 0; i < firing_.size; ++i) all.set(firing_.bin[static_cast<std::size_t>(i)], firing.get(i));
  release[s] = sums.release;
  synapses.excess_u += sums.excess_u;
  synapses.deficit_x += sums.deficit_x;
  waiting(bins_.waiting_extra(step) + kMomentColumns * s)
      .set(0, relaxed(sums.born, synapses.plasticity, synapses.held_decay_u, synapses.held_decay_x));
}

void CohortPopulation::Firing::make_room(std::size_t cohorts) {
  const std::size_t room = 2 * (cohorts + kLanes);
  bin.resize(room);
  count.resize(room);
  fired.resize(room);
  columns.resize(2 * kMomentColumns * room);
}

MomentColumns CohortPopulation::Firing::moments(std::size_t which) {
  const std::size_t room = bin.size();
  double* const first = columns.data() + which * kMomentColumns * room;
  return {first, first + room, first + 2 * room, first + 3 * room, first + 4 * room};
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
    waiting(bins_.waiting_extra(-1) + kMomentColumns * s)
        .set(0, relaxed(after, synapses.plasticity, synapses.held_decay_u, synapses.held_decay_x));
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
  if (noise_ != Noise::none) check_counts(prefix);
}

// What a visitor has written could not have been reached.
void CohortPopulation::check_counts(const std::string& prefix) const {
  double total = bins_.refractory_count();
  bool whole = total == std::floor(total) && total >= 0.0;
  for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
    const double count = bins_.count()[bin];
    whole = whole && count == std::floor(count) && count >= 0.0;
    total += count;
  }
  if (!whole || total != size_ || !(threshold_ > 0.0)) {
    throw std::invalid_argument(prefix + ": cohorts must hold every neuron once, and the threshold must be > 0");
  }
}

}  // namespace mesopop
