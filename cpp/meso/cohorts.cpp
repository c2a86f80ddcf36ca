#include "meso/cohorts.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "random/distributions.hpp"

namespace mesopop {

namespace {

constexpr std::size_t kMomentColumns = 5;  // u, x, vu, vx, c
constexpr std::size_t kCrossColumns = 4;   // uu, ux, xu, xx

// Columns of values that are `stride` apart.
MomentColumns moment_columns(double* first, std::size_t stride) {
  return {first, first + stride, first + 2 * stride, first + 3 * stride, first + 4 * stride};
}
CrossColumns cross_columns(double* first, std::size_t stride) {
  return {first, first + stride, first + 2 * stride, first + 3 * stride};
}

// From this number of spikes on that are expected in a step, drawing a number for every cohort costs less than drawing
// one for every spike.
double many_spikes(std::size_t cohorts) { return 1.0 + static_cast<double>(cohorts) / 8.0; }

// Decays over an elapsed time; none elapsed means none, also where relaxation is immediate.
Decays elapsed_decays(double elapsed, const TsodyksMarkram& stp) {
  if (elapsed <= 0.0) return {1.0, 1.0};
  return {relaxation(elapsed, stp.tau_f), relaxation(elapsed, stp.tau_d)};
}

}  // namespace

CohortPopulation::CohortPopulation(const LevelContext& context)
    : kernels_(context.kernels),
      size_(static_cast<double>(context.population().size)),
      noise_(context.noise),
      index_(context.index),
      realisation_(context.realisation),
      counts_(context.realisation, Purpose::cohort_count, context.index),
      sets_(context.stp_sets.size()),
      pairs_(context.noise == Noise::none ? 0 : number_of_pairs(sets_)),
      bins_(context, Memory::average, kMomentColumns * sets_ + kCrossColumns * pairs_),
      joint_sets_(pairs_ == 0 ? 0 : sets_),
      joint_pairs_(pairs_),
      earlier_(bins_.traces().size()) {
  const auto in_ms = [&](std::int64_t steps) { return static_cast<double>(steps) * context.network.dt; };
  const std::int64_t held = bins_.neuron().refractory_steps;
  for (const std::size_t set : context.stp_sets) {
    const StpSpec& spec = context.network.stp[set];
    const Moments all = initial_moments(spec);
    synapses_.push_back({set, &spec, Plasticity(spec, context.network.dt), elapsed_decays(in_ms(held), spec),
                         size_ * (all.u - spec.U0), size_ * (1.0 - all.x),
                         LaneStream(context.realisation, Purpose::cohort_release, set)});
  }
  for (const AgeBins::Placed& placed : bins_.initial()) {
    const double left = in_ms(held - placed.group.age);
    const std::int64_t fired_in = -1 - placed.group.age;
    const auto position = static_cast<std::int64_t>(placed.position);
    const auto decays = [&](std::size_t s) { return elapsed_decays(left, *synapses_[s].spec); };
    for (std::size_t s = 0; s < sets_; ++s) {
      const Moments m = initial_moments(*synapses_[s].spec, placed.group.members);
      if (placed.waits) {
        waiting(fired_in, s).set(0, relaxed(m, synapses_[s].plasticity, decays(s).u, decays(s).x));
      } else {
        moments(s).set(position, m);
      }
    }
    if (pairs_ == 0) continue;
    for_each_pair(sets_, [&](std::size_t a, std::size_t b, std::size_t pair) {
      const CrossMoments m = initial_cross_moments(*synapses_[a].spec, *synapses_[b].spec, placed.group.members);
      if (placed.waits) {
        waiting_cross(fired_in, pair).set(0, relaxed(m, decays(a), decays(b)));
      } else {
        cross(pair).set(position, m);
      }
    });
  }
  if (noise_ != Noise::none) threshold_ = next_threshold();
}

MomentColumns CohortPopulation::moments(std::size_t set) {
  const std::size_t c = kMomentColumns * set;
  return {bins_.extra(c), bins_.extra(c + 1), bins_.extra(c + 2), bins_.extra(c + 3), bins_.extra(c + 4)};
}

CrossColumns CohortPopulation::cross(std::size_t pair) {
  const std::size_t c = kMomentColumns * sets_ + kCrossColumns * pair;
  return {bins_.extra(c), bins_.extra(c + 1), bins_.extra(c + 2), bins_.extra(c + 3)};
}

MomentColumns CohortPopulation::waiting(std::int64_t step, std::size_t set) {
  return moment_columns(bins_.waiting_extra(step) + kMomentColumns * set, 1);
}

CrossColumns CohortPopulation::waiting_cross(std::int64_t step, std::size_t pair) {
  return cross_columns(bins_.waiting_extra(step) + kMomentColumns * sets_ + kCrossColumns * pair, 1);
}

void CohortPopulation::absorb(std::int64_t into, std::int64_t from, double share) {
  if (pairs_ > 0) {  // with the means before
    for_each_pair(sets_, [&](std::size_t a, std::size_t b, std::size_t pair) {
      const CrossColumns c = cross(pair);
      const MomentColumns in_a = moments(a), in_b = moments(b);
      c.set(into, mixed(c.get(into), means(in_a.get(into), in_b.get(into)), c.get(from),
                        means(in_a.get(from), in_b.get(from)), share));
    });
  }
  for (std::size_t s = 0; s < sets_; ++s) {
    const MomentColumns m = moments(s);
    m.set(into, mixed(m.get(into), m.get(from), share));
  }
}

double CohortPopulation::step(std::int64_t step, const MembraneStep& membrane, double, double* release) {
  bins_.begin_step(step, true, [&](std::size_t into, std::size_t from, double share) {
    absorb(static_cast<std::int64_t>(into), static_cast<std::int64_t>(from), share);
  });
  const double jump_factor = bins_.jump_factor(membrane.jump);
  bins_.adapt();
  const auto bins = static_cast<std::int64_t>(bins_.size());
  if (integrated_.size() < bins_.size() + kLanes) {
    integrated_.resize(2 * (bins_.size() + kLanes));
    firing_.make_room(bins_.size(), pairs_ == 0 ? 1 : sets_, pairs_);
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
  if (pairs_ > 0) {
    for_each_pair(sets_, [&](std::size_t a, std::size_t b, std::size_t pair) {
      kernels_.relax_cohort_pairs(
          {bins, cross(pair), synapses_[a].plasticity.decays(), synapses_[b].plasticity.decays()});
    });
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
  if (pairs_ > 0) {
    release_jointly(step, release);
  } else {
    for (std::size_t s = 0; s < sets_; ++s) release_set(s, step, release);
  }
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
  const MomentColumns all = moments(s), firing = firing_.before(0);
  firing_.gather(all, firing);
  const CohortReleaseSums sums =
      kernels_.cohort_release({firing_.size, firing_.count.data(), firing_.fired.data(), firing, firing_.after(0),
                               synapses_[s].plasticity, noise_ != Noise::none, synapses_[s].releases.at(step)});
  firing_.scatter(firing, all);
  collect(s, step, sums, release);
}

void CohortPopulation::release_jointly(std::int64_t step, double* release) {
  for (std::size_t s = 0; s < sets_; ++s) {
    CohortJointSet& set = joint_sets_[s];
    set.moments = firing_.before(s);
    set.after = firing_.after(s);
    set.plasticity = synapses_[s].plasticity;
    set.draws = synapses_[s].releases.at(step);
    firing_.gather(moments(s), set.moments);
  }
  for (std::size_t p = 0; p < pairs_; ++p) {
    joint_pairs_[p].cross = firing_.cross_before(p, sets_);
    joint_pairs_[p].after = firing_.cross_after(p, sets_);
    firing_.gather(cross(p), joint_pairs_[p].cross);
  }
  kernels_.cohort_joint_release(
      {firing_.size, firing_.count.data(), firing_.fired.data(), sets_, joint_sets_.data(), joint_pairs_.data()});
  for (std::size_t s = 0; s < sets_; ++s) {
    firing_.scatter(joint_sets_[s].moments, moments(s));
    collect(s, step, joint_sets_[s].sums, release);
  }
  for_each_pair(sets_, [&](std::size_t a, std::size_t b, std::size_t pair) {
    firing_.scatter(joint_pairs_[pair].cross, cross(pair));
    waiting_cross(step, pair).set(0, relaxed(joint_pairs_[pair].born, synapses_[a].held, synapses_[b].held));
  });
}

void CohortPopulation::collect(std::size_t s, std::int64_t step, const CohortReleaseSums& sums, double* release) {
  Synapses& synapses = synapses_[s];
  release[s] = sums.release;
  synapses.excess_u += sums.excess_u;
  synapses.deficit_x += sums.deficit_x;
  waiting(step, s).set(0, relaxed(sums.born, synapses.plasticity, synapses.held.u, synapses.held.x));
}

void CohortPopulation::Firing::make_room(std::size_t cohorts, std::size_t sets, std::size_t pairs) {
  const std::size_t room = 2 * (cohorts + kLanes);
  bin.resize(room);
  count.resize(room);
  fired.resize(room);
  columns.resize(2 * (kMomentColumns * sets + kCrossColumns * pairs) * room);
}

MomentColumns CohortPopulation::Firing::before(std::size_t set) {
  return moment_columns(column(2 * kMomentColumns * set), bin.size());
}

MomentColumns CohortPopulation::Firing::after(std::size_t set) {
  return moment_columns(column(2 * kMomentColumns * set + kMomentColumns), bin.size());
}

CrossColumns CohortPopulation::Firing::cross_before(std::size_t pair, std::size_t sets) {
  return cross_columns(column(2 * (kMomentColumns * sets + kCrossColumns * pair)), bin.size());
}

CrossColumns CohortPopulation::Firing::cross_after(std::size_t pair, std::size_t sets) {
  return cross_columns(column(2 * (kMomentColumns * sets + kCrossColumns * pair) + kCrossColumns), bin.size());
}

void CohortPopulation::fire_all(std::int64_t, double* release) {
  // A synchronous start: everybody waits already.
  const auto before = [&](std::size_t s) { return initial_moments(*synapses_[s].spec); };
  for (std::size_t s = 0; s < sets_; ++s) {
    const Moments all = before(s);
    const Moments after = after_spike(all, synapses_[s].plasticity);
    collect(s, -1, {size_ * all.release(), size_ * (after.u - all.u), size_ * (all.x - after.x), after}, release);
  }
  if (pairs_ == 0) return;
  for_each_pair(sets_, [&](std::size_t a, std::size_t b, std::size_t pair) {
    const CrossMoments all = initial_cross_moments(*synapses_[a].spec, *synapses_[b].spec);
    const CrossMoments after = after_spike(all, before(a), synapses_[a].plasticity, before(b), synapses_[b].plasticity);
    waiting_cross(-1, pair).set(0, relaxed(after, synapses_[a].held, synapses_[b].held));
  });
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
