// The time loop, the same for every level: deliver, step the populations, send, record. A level is its Population
// class:
//
//   Population(const LevelContext&)
//   double step(step, membrane, drive, release*)   spikes of the step and the release per STP set
//   void fire_all(step, release*)                   every neuron spikes
//   mean_potential(), mean_u(set), mean_x(set), visit(visitor, prefix)
//   static bool is_shared(projection)               whether all neurons of its target receive the same
//   static void exchange(populations, step, team)   delivers the spikes of the step through the other projections
//   double input_check() const                      NaN if a neuron has received a non-finite input, else 0
//   kNamed                                          whether its neurons have names, and the members that follow
//   fired()                                         those that fired in the step
//   watch(neurons, step), watches(neuron)           announces that potential(neuron), own_input(neuron) and
//                                                   synapse(set, neuron, time) of
//                                                   these neurons will be asked for
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "kernels/kernels.hpp"
#include "model/signal.hpp"
#include "model/synaptic_input.hpp"
#include "model/tsodyks_markram.hpp"

namespace mesopop {

template <class Population>
class NetworkEngine final : public Engine {
 public:
  NetworkEngine(const NetworkSpec& network, const EngineSettings& settings, const Realisation& realisation,
                StationaryStates& stationary, ConnectionStore& connections, const Team& team)
      : network_(network),
        input_(network, shared_projections(network)),
        team_(team),
        release_(network.stp.size(), 0.0) {
    const Kernels& kernels = select_kernels(settings.instruction_set);
    // The sets of a population are consecutive, so that it can write its releases into one range.
    std::size_t set = 0;
    for (std::size_t p = 0; p < network.populations.size(); ++p) {
      drives_.emplace_back(network.populations[p].drive, realisation, p);
      first_set_.push_back(set);
      std::vector<std::size_t> sets;
      for (; set < network.stp.size() && network.stp[set].source == p; ++set) sets.push_back(set);
      populations_.emplace_back(
          LevelContext{network, p, sets, drives_.back().at(0), realisation, kernels, stationary, connections, team_,
                       settings.closure, settings.noise, settings.bin_tolerance,
                       settings.level == Level::micro && settings.cohorts.at(p), settings.cohort_tolerance});
    }
    for (std::size_t p = 0; p < populations_.size(); ++p) {
      if (network.populations[p].initial.kind != InitialKind::synchronous) continue;
      populations_[p].fire_all(-1, release_.data() + first_set_[p]);
      send(-1, p, static_cast<double>(network.populations[p].size));
    }
    Population::exchange(populations_, -1, team_);
  }

  std::int64_t advance(std::int64_t first_bin, std::int64_t bins, const Recording& recording, const Team& team,
                       NonFiniteState& failure) override {
    team_ = team;
    const std::int64_t completed = advance(first_bin, bins, recording, failure);
    team_ = Team();  // the other need not exist any more
    return completed;
  }

  std::int64_t step() const override { return step_; }

  void visit(StateVisitor& visitor) override {
    visitor.field("step", step_);
    input_.visit(visitor);
    for (std::size_t p = 0; p < populations_.size(); ++p) {
      const std::string prefix = "population/" + std::to_string(p);
      drives_[p].visit(visitor, prefix + "/drive");
      populations_[p].visit(visitor, prefix);
    }
  }

 private:
  std::int64_t advance(std::int64_t first_bin, std::int64_t bins, const Recording& recording, NonFiniteState& failure) {
    counts_.assign(populations_.size(), 0.0);
    inputs_.assign(populations_.size(), 0.0);
    releases_.assign(release_.size(), 0.0);
    if constexpr (Population::kNamed) {
      for (std::size_t p = 0; p < populations_.size(); ++p) populations_[p].watch(recording.chosen[p].neurons, step_);
    }
    for (std::int64_t bin = first_bin; bin < first_bin + bins; ++bin) {
      for (std::int64_t i = 0; i < recording.steps_per_bin; ++i) {
        make_step(recording);
        if (!recording.too_many_spikes()) continue;
        failure = {step_, "", "spikes"};
        return bin - first_bin;
      }
      if (!record(bin, recording, failure)) return bin - first_bin;
    }
    return bins;
  }

  static std::vector<const ProjectionSpec*> shared_projections(const NetworkSpec& network) {
    std::vector<const ProjectionSpec*> found;
    for (const ProjectionSpec& projection : network.projections) {
      if (Population::is_shared(projection)) found.push_back(&projection);
    }
    return found;
  }

  void make_step(const Recording& recording) {
    input_.arrive(step_);
    for (std::size_t p = 0; p < populations_.size(); ++p) {
      const double drive = drives_[p].at(step_);
      const MembraneStep membrane = input_.advance(p, drive);
      const double count = populations_[p].step(step_, membrane, drive, release_.data() + first_set_[p]);
      counts_[p] += count;
      inputs_[p] += membrane.shift + membrane.jump + populations_[p].input_check();
      send(step_, p, count);
      if constexpr (Population::kNamed) record_spikes(p, count, recording);
    }
    Population::exchange(populations_, step_, team_);
    for (std::size_t set = 0; set < release_.size(); ++set) releases_[set] += release_[set];
    ++step_;
  }

  // Arrivals are at the earliest in the next step, so the order of the populations does not matter.
  void send(std::int64_t step, std::size_t p, double count) {
    input_.send(step, p, count);
    const std::size_t last = p + 1 < first_set_.size() ? first_set_[p + 1] : release_.size();
    for (std::size_t set = first_set_[p]; set < last; ++set) {
      input_.send(step, populations_.size() + set, release_[set]);
    }
  }

  void record_spikes(std::size_t p, double count, const Recording& recording) const {
    const double time = static_cast<double>(step_ + 1) * network_.dt;
    const std::int64_t* fired = populations_[p].fired();
    const auto add = [&](std::vector<Spike>& spikes, auto wanted) {
      const auto before = static_cast<std::ptrdiff_t>(spikes.size());
      for (std::int64_t i = 0; i < static_cast<std::int64_t>(count); ++i) {
        if (wanted(fired[i])) spikes.push_back({time, fired[i]});
      }
      // Cohorts fire in any order.
      std::sort(spikes.begin() + before, spikes.end(),
                [](const Spike& a, const Spike& b) { return a.neuron < b.neuron; });
    };
    if (recording.spikes[p]) add(*recording.spikes[p], [](std::int64_t) { return true; });
    if (recording.chosen[p].spikes) {
      add(*recording.chosen[p].spikes, [&](std::int64_t neuron) { return populations_[p].watches(neuron); });
    }
  }

  void record_neurons(std::size_t p, std::int64_t bin, const NeuronRecording& chosen) const {
    for (std::size_t i = 0; i < chosen.neurons.size(); ++i) {
      const std::int64_t neuron = chosen.neurons[i];
      const std::int64_t place = static_cast<std::int64_t>(i) * chosen.stride + bin;
      if (chosen.potential) chosen.potential[place] = populations_[p].potential(neuron);
      if (chosen.input) chosen.input[place] = input_.current(p) + populations_[p].own_input(neuron);
      for (std::size_t set = 0; set < chosen.u.size(); ++set) {
        if (!chosen.u[set] && !chosen.x[set]) continue;
        const SynapseState synapse = populations_[p].synapse(set, neuron, step_);
        if (chosen.u[set]) chosen.u[set][place] = synapse.u;
        if (chosen.x[set]) chosen.x[set][place] = synapse.x;
      }
    }
  }

  bool record(std::int64_t bin, const Recording& recording, NonFiniteState& failure) {
    const double per_ms = 1.0 / (static_cast<double>(recording.steps_per_bin) * network_.dt);
    bool finite = true;
    const auto check = [&](double value, std::size_t p, const char* variable) {
      if (std::isfinite(value) || !finite) return;
      failure = {step_, network_.populations[p].name, variable};
      finite = false;
    };
    const auto write = [&](const std::vector<double*>& target, std::size_t i, double value, std::size_t p,
                           const char* variable) {
      check(value, p, variable);
      if (target[i]) target[i][bin] = value;
    };
    for (std::size_t p = 0; p < populations_.size(); ++p) {
      const double size = static_cast<double>(network_.populations[p].size);
      write(recording.rate, p, 1e3 * per_ms * counts_[p] / size, p, "rate");
      counts_[p] = 0.0;
      // Nothing non-finite enters a population but through its input; the sum keeps it until it is seen here.
      check(inputs_[p], p, "input");
      inputs_[p] = 0.0;
      if (recording.potential[p]) {
        write(recording.potential, p, populations_[p].mean_potential(), p, "potential");
      }
      if constexpr (Population::kNamed) record_neurons(p, bin, recording.chosen[p]);
    }
    for (std::size_t set = 0; set < release_.size(); ++set) {
      const std::size_t p = network_.stp[set].source;
      const std::size_t local = set - first_set_[p];
      const double size = static_cast<double>(network_.populations[p].size);
      write(recording.release, set, 1e3 * per_ms * releases_[set] / size, p, "release");
      releases_[set] = 0.0;
      if (recording.u[set]) write(recording.u, set, populations_[p].mean_u(local), p, "u");
      if (recording.x[set]) write(recording.x, set, populations_[p].mean_x(local), p, "x");
    }
    return finite;
  }

  const NetworkSpec& network_;
  std::vector<Signal> drives_;
  SynapticInput input_;
  Team team_;
  std::vector<Population> populations_;
  std::vector<std::size_t> first_set_;  // first STP set of each population
  std::vector<double> release_;         // per STP set, of the present step
  std::int64_t step_ = 0;
  // Sums over the present recording bin.
  std::vector<double> counts_, inputs_, releases_;
};

}  // namespace mesopop
