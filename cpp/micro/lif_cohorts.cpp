#include "micro/lif_cohorts.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <stdexcept>
#include <utility>

#include "micro/initial_neurons.hpp"
#include "numerics/prefetch.hpp"

namespace mesopop {

namespace {

// Potentials that differ by less, in units of delta_u, share a group in any case. They would never become equal, since
// rounding keeps neighbouring numbers apart. The hazard of the group at their weighted mean is the mean of the hazards
// but for a relative error of the square of this, which is less than that of one rounding.
constexpr double kEqual = 1e-8;

constexpr std::int64_t kUnwatched = std::numeric_limits<std::int64_t>::min();

}  // namespace

LifCohorts::LifCohorts(const NeuronContext& context)
    : kernels_(context.kernels),
      neuron_(std::get<LifNeuron>(context.population.neuron)),
      escape_(neuron_.escape, context.dt),
      size_(static_cast<std::size_t>(context.population.size)),
      tolerance_(std::max(context.cohort_tolerance, kEqual) * neuron_.escape.delta_u),
      next_(context.realisation, context.index),
      groups_(kColumns),
      refractory_(neuron_.refractory_steps, 1),
      member_(2 * size_) {
  // The oldest first; those that never fired are older than all others.
  std::map<std::pair<std::int64_t, double>, std::vector<std::int64_t>, std::greater<>> initial;
  const std::int64_t never = std::numeric_limits<std::int64_t>::max();
  place_neurons(context, neuron_, [&](std::size_t neuron, std::int64_t age, double potential, const double*) {
    initial[{age >= 0 ? age : never, potential}].push_back(static_cast<std::int64_t>(neuron));
  });
  for (const auto& [key, neurons] : initial) {
    const auto& [age, potential] = key;
    const auto first = static_cast<double>(end_), count = static_cast<double>(neurons.size());
    append_members(neurons.data(), static_cast<std::int64_t>(neurons.size()));
    if (age <= neuron_.refractory_steps) {
      double* const entry = refractory_.entry(-1 - age);
      refractory_.add(entry, count);
      entry[1] = first;
    } else {
      const std::size_t group = groups_.append();
      groups_.column(kPotential)[group] = potential;
      groups_.column(kHazard)[group] = escape_(potential);
      groups_.column(kCount)[group] = count;
      groups_.column(kFirst)[group] = first;
    }
  }
  const auto before_the_start = static_cast<double>(groups_.size()) + static_cast<double>(neuron_.refractory_steps) + 1;
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    groups_.column(kLatest)[group] = static_cast<double>(group) - before_the_start;
  }
}

std::int64_t LifCohorts::step(std::int64_t step, const MembraneStep& membrane, double, std::int64_t* fired) {
  wake(step);
  if (step % kMergeInterval == 0) merge();
  const double jump_factor = this->jump_factor(membrane.jump);
  if (integrated_.size() < groups_.size() + kLanes) integrated_.resize(2 * (groups_.size() + kLanes));
  const double total_hazard =
      kernels_.cohorts({static_cast<std::int64_t>(groups_.size()), groups_.column(kPotential), groups_.column(kHazard),
                        groups_.column(kCount), integrated_.data(), membrane, escape_, jump_factor, nullptr, nullptr});
  // The engine reports the input that is to blame.
  if (!std::isfinite(total_hazard) || next_.pass(total_hazard)) return 0;
  const std::int64_t total = fire(fired);
  if (total > 0) {
    if (end_ + static_cast<std::size_t>(total) > member_.size()) close_gaps();
    double* const entry = refractory_.entry(step);
    refractory_.add(entry, static_cast<double>(total));
    entry[1] = static_cast<double>(end_);
    append_members(fired, total);
    if (!last_.empty()) {
      for (std::int64_t i = 0; i < total; ++i) {
        std::int64_t& last = last_[static_cast<std::size_t>(fired[i])];
        if (last != kUnwatched) last = step;
      }
    }
  }
  return total;
}

// Neurons whose refractoriness ends form a new group.
void LifCohorts::wake(std::int64_t step) {
  // The slot of the spikes whose refractoriness ends now will take the spikes of this step.
  double* const entry = refractory_.entry(step);
  if (entry[0] != 0.0) {
    const std::size_t group = groups_.append();
    groups_.column(kPotential)[group] = neuron_.v_reset;
    groups_.column(kHazard)[group] = escape_(neuron_.v_reset);
    groups_.column(kCount)[group] = entry[0];
    groups_.column(kFirst)[group] = entry[1];
    groups_.column(kLatest)[group] = static_cast<double>(step - 1 - neuron_.refractory_steps);
  }
  refractory_.clear(entry);
}

void LifCohorts::merge() {
  double* const potential = groups_.column(kPotential);
  double* const hazard = groups_.column(kHazard);
  double* const count = groups_.column(kCount);
  double* const first = groups_.column(kFirst);
  double* const latest = groups_.column(kLatest);
  const auto absorb = [&](std::size_t into, std::size_t from) {
    const double share = count[from] / (count[into] + count[from]);
    potential[into] += share * (potential[from] - potential[into]);
    hazard[into] += share * (hazard[from] - hazard[into]);
    // The smaller group moves.
    const auto older = member_.begin() + static_cast<std::ptrdiff_t>(first[into]);
    const auto younger = member_.begin() + static_cast<std::ptrdiff_t>(first[from]);
    const auto older_count = static_cast<std::ptrdiff_t>(count[into]);
    const auto younger_count = static_cast<std::ptrdiff_t>(count[from]);
    if (younger_count <= older_count) {
      std::copy(younger, younger + younger_count, older + older_count);
    } else {
      std::copy_backward(older, older + older_count, younger);
      first[into] = first[from] - count[into];
    }
    count[into] += count[from];
    latest[into] = latest[from];
  };
  groups_.reduce([&](std::size_t group) { return count[group] == 0.0; },
                 [&](std::size_t a, std::size_t b) { return std::fabs(potential[a] - potential[b]) <= tolerance_; },
                 absorb);
}

// Factor by which a jump of all potentials changes the hazards; if there is none, computes them anew.
double LifCohorts::jump_factor(double jump) {
  if (escape_.has_factor(jump)) return escape_.factor(jump);
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    groups_.column(kHazard)[group] = escape_(groups_.column(kPotential)[group] + jump);
  }
  return 1.0;
}

// The members of all groups stand in line; who fires leaves it, and the last of the group takes the place.
std::int64_t LifCohorts::fire(std::int64_t* fired) {
  double* const count = groups_.column(kCount);
  const double* const first = groups_.column(kFirst);
  const double* const integrated = integrated_.data();
  // Members are far apart in memory: they are fetched while the line is followed, and moved later.
  struct Move {
    std::uint32_t *place, *last;
  };
  constexpr std::size_t kMoves = 64;
  Move moves[kMoves];
  std::size_t pending = 0;
  std::int64_t total = 0;
  const auto carry_out = [&] {
    for (std::size_t i = 0; i < pending; ++i) {
      fired[total++] = *moves[i].place;
      *moves[i].place = *moves[i].last;
    }
    pending = 0;
  };
  for (std::size_t block = 0; block < groups_.size(); block += kLanes) {
    double stretch[kLanes];
    for (std::size_t i = 0; i < kLanes; ++i) stretch[i] = count[block + i] * integrated[block + i];
    if (next_.pass(sum_lanes(stretch))) continue;
    for (std::size_t i = 0; i < kLanes; ++i) {
      if (next_.pass(stretch[i])) continue;
      const std::size_t group = block + i;
      auto left = static_cast<std::int64_t>(count[group]);
      std::uint32_t* const member = member_.data() + static_cast<std::size_t>(first[group]);
      for (std::int64_t m = 0; (m = next_.find(integrated[group], m, left)) < left;) {
        --left;
        prefetch_for_writing(member + m);
        prefetch_for_writing(member + left);
        moves[pending++] = {member + m, member + left};
        if (pending == kMoves) carry_out();
      }
      count[group] = static_cast<double>(left);
    }
  }
  carry_out();
  return total;
}

void LifCohorts::append_members(const std::int64_t* neurons, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) member_[end_++] = static_cast<std::uint32_t>(neurons[i]);
}

// With twice as much room as neurons this costs a constant per spike.
void LifCohorts::close_gaps() {
  end_ = 0;
  const auto move = [&](double& first, double count) {
    const auto from = member_.begin() + static_cast<std::ptrdiff_t>(first);
    std::copy(from, from + static_cast<std::ptrdiff_t>(count), member_.begin() + static_cast<std::ptrdiff_t>(end_));
    first = static_cast<double>(end_);
    end_ += static_cast<std::size_t>(count);
  };
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    move(groups_.column(kFirst)[group], groups_.column(kCount)[group]);
  }
  std::vector<double*> waiting;
  for (std::int64_t slot = 0; slot <= neuron_.refractory_steps; ++slot) {
    if (refractory_.entry(slot)[0] != 0.0) waiting.push_back(refractory_.entry(slot));
  }
  std::sort(waiting.begin(), waiting.end(), [](const double* a, const double* b) { return a[1] < b[1]; });
  for (double* const entry : waiting) move(entry[1], entry[0]);
}

double LifCohorts::mean_potential() const {
  const double* const potential = groups_.column(kPotential);
  const double* const count = groups_.column(kCount);
  double sum = neuron_.v_reset * refractory_.total();
  for (std::size_t group = 0; group < groups_.size(); ++group) sum += potential[group] * count[group];
  return sum / static_cast<double>(size_);
}

void LifCohorts::watch(const std::vector<std::int64_t>& neurons, std::int64_t step) {
  last_.assign(neurons.empty() ? 0 : size_, kUnwatched);
  if (neurons.empty()) return;
  for (const std::int64_t neuron : neurons) last_[static_cast<std::size_t>(neuron)] = 0;
  const auto note = [&](double first, double count, std::int64_t latest) {
    const std::uint32_t* const member = member_.data() + static_cast<std::size_t>(first);
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(count); ++i) {
      if (last_[member[i]] != kUnwatched) last_[member[i]] = latest;
    }
  };
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    note(groups_.column(kFirst)[group], groups_.column(kCount)[group],
         static_cast<std::int64_t>(groups_.column(kLatest)[group]));
  }
  for (std::int64_t spikes = step - 1 - neuron_.refractory_steps; spikes < step; ++spikes) {
    const double* const entry = refractory_.entry(spikes);
    note(entry[1], entry[0], spikes);
  }
}

double LifCohorts::potential(std::size_t neuron) const {
  // Groups are in order of their latest spikes; neurons later than all of them are refractory.
  const double* const latest = groups_.column(kLatest);
  const auto group = std::lower_bound(latest, latest + groups_.size(), static_cast<double>(last_[neuron])) - latest;
  return static_cast<std::size_t>(group) < groups_.size() ? groups_.column(kPotential)[group] : neuron_.v_reset;
}

void LifCohorts::visit(StateVisitor& visitor, const std::string& prefix) {
  close_gaps();
  groups_.visit(visitor, prefix);
  refractory_.visit(visitor, prefix);
  std::vector<std::int64_t> members(member_.begin(), member_.begin() + static_cast<std::ptrdiff_t>(size_));
  visitor.field(prefix + "/members", members);
  next_.visit(visitor, prefix);
  check(members);
  for (std::size_t i = 0; i < size_; ++i) member_[i] = static_cast<std::uint32_t>(members[i]);
}

// A state that was read may be wrong. Here: groups without gaps, every neuron in one of them.
void LifCohorts::check(const std::vector<std::int64_t>& members) {
  std::vector<std::pair<double, double>> ranges;  // first, count
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    ranges.emplace_back(groups_.column(kFirst)[group], groups_.column(kCount)[group]);
  }
  const std::size_t awake = ranges.size();
  for (std::int64_t slot = 0; slot <= neuron_.refractory_steps; ++slot) {
    const double* const entry = refractory_.entry(slot);
    if (entry[0] != 0.0) ranges.emplace_back(entry[1], entry[0]);
  }
  std::sort(ranges.begin() + static_cast<std::ptrdiff_t>(awake), ranges.end());
  double end = 0.0;
  bool valid = true;
  for (const auto& [first, count] : ranges) {
    valid = valid && first == end && count >= 0.0 && count == std::floor(count);
    end = first + count;
  }
  std::vector<bool> seen(size_, false);
  for (const std::int64_t member : members) {
    const auto neuron = static_cast<std::size_t>(member);  // out of range, too, if negative
    valid = valid && neuron < size_ && !seen[neuron];
    if (valid) seen[neuron] = true;
  }
  if (!valid || end != static_cast<double>(size_)) {
    // Nothing may follow what was read.
    std::fill(groups_.column(kCount), groups_.column(kCount) + groups_.size(), 0.0);
    std::fill(groups_.column(kFirst), groups_.column(kFirst) + groups_.size(), 0.0);
    for (std::int64_t slot = 0; slot <= neuron_.refractory_steps; ++slot) refractory_.clear(refractory_.entry(slot));
    throw std::invalid_argument("state: every neuron must be a member of one group");
  }
}

}  // namespace mesopop
