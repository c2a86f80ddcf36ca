#include "meso/age_bins.hpp"

#include <algorithm>

namespace mesopop {

AgeBins::AgeBins(const LevelContext& context, Memory memory, std::size_t extra)
    : kernels_(context.kernels),
      neuron_(std::get<LifNeuron>(context.population().neuron)),
      escape_(neuron_.escape, context.network.dt),
      tolerance_(context.bin_tolerance * neuron_.escape.delta_u),
      traces_(make_traces(neuron_, context.network.dt, memory)),
      first_extra_(kTraces + traces_.size()),
      table_(first_extra_ + extra),
      refractory_(neuron_.refractory_steps, traces_.size() + extra),
      columns_(traces_.size()) {
  const InitialAges ages = initial_ages(context, memory, traces_);
  initial_rate_ = ages.rate;
  for (const AdaptationTrace& t : traces_) {
    trace_decay_.push_back(t.decay);
    trace_weight_.push_back(t.threshold_weight);
    trace_gain_.push_back(t.current_gain);
    held_decay_.push_back(exp(-static_cast<double>(neuron_.refractory_steps) * context.network.dt / t.tau));
  }
  const double dt = context.network.dt;
  std::vector<double> values(traces_.size());
  for (const AgeGroup& group : ages.groups) {
    const bool waits = group.age >= 0 && group.age <= neuron_.refractory_steps;
    // Entries of the queue hold the values that the neurons will wake with.
    const std::int64_t until = waits ? neuron_.refractory_steps : group.age;
    for (std::size_t i = 0; i < traces_.size(); ++i) {
      values[i] = group.fired ? ages.at_spike[i] * exp(-static_cast<double>(until) * dt / traces_[i].tau) : 0.0;
    }
    std::size_t position = 0;
    if (waits) {
      double* const entry = refractory_.entry(-1 - group.age);
      refractory_.add(entry, group.count);
      std::copy(values.begin(), values.end(), entry + 1);
    } else {
      position = append(static_cast<double>(group.birth), group.count, group.potential, values.data());
    }
    initial_.push_back({group, waits, position});
  }
}

std::size_t AgeBins::append(double birth, double count, double potential, const double* traces) {
  const std::size_t bin = table_.append();
  double threshold = 0.0;
  for (std::size_t i = 0; i < traces_.size(); ++i) {
    table_.column(kTraces + i)[bin] = traces[i];
    threshold += trace_weight_[i] * traces[i];
  }
  table_.column(kPotential)[bin] = potential;
  table_.column(kHazard)[bin] = escape_(potential - threshold);
  table_.column(kBirth)[bin] = birth;
  table_.column(kCount)[bin] = count;
  table_.column(kThreshold)[bin] = threshold;
  return bin;
}

void AgeBins::wake(std::int64_t step) {
  // The slot of the spikes whose refractoriness ends now will take the spikes of this step.
  double* const entry = refractory_.entry(step);
  if (entry[0] != 0.0) {
    const std::size_t bin =
        append(static_cast<double>(step - 1 - neuron_.refractory_steps), entry[0], neuron_.v_reset, entry + 1);
    const std::size_t extras = table_.columns() - first_extra_;
    for (std::size_t i = 0; i < extras; ++i) extra(i)[bin] = entry[1 + traces_.size() + i];
  }
  refractory_.clear(entry);
}

bool AgeBins::alike(std::size_t a, std::size_t b) const {
  const auto differ = [&](Column c) { return std::fabs(table_.column(c)[a] - table_.column(c)[b]); };
  if (differ(kPotential) > tolerance_) return false;
  if (traces_.empty()) return true;
  if (differ(kThreshold) > tolerance_) return false;
  // Of currents each by itself: they have time to act on the potential before they decay.
  for (std::size_t i = 0; i < traces_.size(); ++i) {
    const double* const trace = table_.column(kTraces + i);
    if (traces_[i].current_gain != 0.0 && std::fabs(trace[a] - trace[b]) > tolerance_) return false;
  }
  return true;
}

double AgeBins::absorb_common(std::size_t into, std::size_t from) {
  double* const count = this->count();
  // Counts of the diffusion approximation can be negative; by their magnitude the mean stays between both values.
  const double weight = std::fabs(count[from]), total = weight + std::fabs(count[into]);
  const double share = total > 0.0 ? weight / total : 0.5;
  for (std::size_t c = 0; c < first_extra_; ++c) {
    if (c == kCount || c == kBirth) continue;
    double* const value = table_.column(c);
    value[into] += share * (value[from] - value[into]);
  }
  count[into] += count[from];
  return share;
}

void AgeBins::adapt() {
  if (traces_.empty()) return;
  for (std::size_t i = 0; i < traces_.size(); ++i) columns_[i] = table_.column(kTraces + i);
  kernels_.adaptation({0, static_cast<std::int64_t>(table_.size()), static_cast<std::int64_t>(traces_.size()),
                       columns_.data(), trace_decay_.data(), trace_weight_.data(), trace_gain_.data(),
                       table_.column(kThreshold), table_.column(kPull)});
}

double AgeBins::jump_factor(double jump) {
  if (escape_.has_factor(jump)) return escape_.factor(jump);
  for (std::size_t bin = 0; bin < table_.size(); ++bin) {
    double threshold = 0.0;
    for (std::size_t i = 0; i < traces_.size(); ++i) threshold += trace_weight_[i] * table_.column(kTraces + i)[bin];
    hazard()[bin] = escape_(potential()[bin] + jump - threshold);
  }
  return 1.0;
}

void AgeBins::fire(std::int64_t step, double count, const double* earlier) {
  if (count == 0.0) return;
  double* const entry = refractory_.entry(step);
  refractory_.add(entry, count);
  for (std::size_t i = 0; i < traces_.size(); ++i) entry[1 + i] = (traces_[i].own + earlier[i]) * held_decay_[i];
}

double AgeBins::mean_potential() const {
  const double* const v = table_.column(kPotential);
  const double* const n = count();
  double sum = neuron_.v_reset * refractory_.total(), total = refractory_.total();
  for (std::size_t i = 0; i < table_.size(); ++i) {
    sum += v[i] * n[i];
    total += n[i];
  }
  return total != 0.0 ? sum / total : neuron_.v_reset;
}

void AgeBins::visit(StateVisitor& visitor, const std::string& prefix) {
  table_.visit(visitor, prefix);
  refractory_.visit(visitor, prefix);
}

}  // namespace mesopop
