// Neurons of a population by age: those that fired in the same step, or whose potentials have become equal, share a bin
// with one potential, one hazard and one state of adaptation. What is known of their number differs between the
// population activity equation (meso/activity.hpp) and the renewal closure (meso/cohorts.hpp); everything else is here.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/kernels.hpp"
#include "level/bin_table.hpp"
#include "level/level.hpp"
#include "level/refractory_queue.hpp"
#include "meso/initial_ages.hpp"
#include "model/adaptation.hpp"
#include "model/hazard.hpp"
#include "model/state.hpp"

namespace mesopop {

class AgeBins {
 public:
  // `memory`: what the owner will say of the spikes before the last one, in fire(). Every bin and every entry of the
  // refractory queue carries `extra` values for the owner, who sets them for the groups of the initial state.
  AgeBins(const LevelContext& context, Memory memory, std::size_t extra);

  struct Placed {  // where an initial group has gone
    AgeGroup group;
    bool waits;            // in the refractory queue
    std::size_t position;  // bin, if it does not wait
  };
  const std::vector<Placed>& initial() const { return initial_; }
  double initial_rate() const { return initial_rate_; }  // of a stationary past, spikes per neuron and step; else 0

  std::size_t size() const { return table_.size(); }
  double* potential() { return table_.column(kPotential); }
  double* hazard() { return table_.column(kHazard); }
  double* count() { return table_.column(kCount); }
  const double* count() const { return table_.column(kCount); }
  double* extra(std::size_t i) { return table_.column(first_extra_ + i); }
  const double* extra(std::size_t i) const { return table_.column(first_extra_ + i); }

  // Adaptation at the end of the step at hand.
  const std::vector<AdaptationTrace>& traces() const { return traces_; }
  const double* trace(std::size_t i) const { return table_.column(kTraces + i); }

  const LifNeuron& neuron() const { return neuron_; }
  const HalfStepHazard& escape() const { return escape_; }
  double refractory_count() const { return refractory_.total(); }

  // Extra values that wait with the neurons that fire in `step`.
  double* waiting_extra(std::int64_t step) { return refractory_.entry(step) + 1 + traces_.size(); }

  // Neurons whose refractoriness ends form a new bin; bins that have become alike are merged. `absorb(into, from,
  // share)` merges the extra values, `share` being the weight of `from`; bins of no neurons are dropped if
  // `drop_empty`.
  template <class Absorb>
  void begin_step(std::int64_t step, bool drop_empty, Absorb absorb) {
    wake(step);
    const auto absorb_all = [&](std::size_t into, std::size_t from) { absorb(into, from, absorb_common(into, from)); };
    if (step % kMergeInterval == 0 && (drop_empty || tolerance_ > 0.0)) {
      table_.reduce([&](std::size_t bin) { return drop_empty && count()[bin] == 0.0; },
                    [&](std::size_t a, std::size_t b) { return tolerance_ > 0.0 && alike(a, b); }, absorb_all);
    }
    if (tolerance_ > 0.0) return;
    // Without merging by accuracy, bins that have forgotten their spike join the oldest one.
    const double horizon = static_cast<double>(step - 1 - neuron_.history_steps);
    while (table_.size() >= 2 && table_.column(kBirth)[1] <= horizon) {
      absorb_all(1, 0);
      table_.drop_front();
    }
  }

  // Adaptation over the step; must come before the kernel that moves the potentials.
  void adapt();
  // Inputs of that kernel; null without adaptation.
  const double* threshold() const { return traces_.empty() ? nullptr : table_.column(kThreshold); }
  const double* pull() const { return traces_.empty() ? nullptr : table_.column(kPull); }

  // Factor by which a jump of all potentials changes the hazards; if there is none, computes them anew.
  double jump_factor(double jump);

  // `count` neurons fire at the end of `step` and start to wait; `earlier` is what spikes before this one have left in
  // each of their traces.
  void fire(std::int64_t step, double count, const double* earlier);

  // Of all neurons, with v_reset for those that wait.
  double mean_potential() const;

  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  enum Column : std::size_t { kPotential, kHazard, kBirth, kCount, kThreshold, kPull, kTraces };

  void wake(std::int64_t step);
  std::size_t append(double birth, double count, double potential, const double* traces);
  bool alike(std::size_t a, std::size_t b) const;
  double absorb_common(std::size_t into, std::size_t from);

  const Kernels& kernels_;
  const LifNeuron& neuron_;
  HalfStepHazard escape_;
  double tolerance_;  // mV
  std::vector<AdaptationTrace> traces_;
  std::vector<double> trace_decay_, trace_weight_, trace_gain_;  // for the kernel
  std::size_t first_extra_;
  std::vector<Placed> initial_;
  double initial_rate_;

  BinTable table_;
  RefractoryQueue refractory_;
  std::vector<double> held_decay_;  // of the traces over the refractory period
  std::vector<double*> columns_;    // scratch
};

}  // namespace mesopop
