// The renewal closure: neurons of equal age form a cohort with an integer number of members and the empirical moments
// of their (u, x). Each cohort fires by its own binomial number, so that the activity is exact in law for renewal
// neurons given their input, and the neurons that fire release what neurons of their age hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cohort_release_kernel.hpp"
#include "kernels/kernels.hpp"
#include "level/level.hpp"
#include "meso/age_bins.hpp"
#include "model/moments.hpp"
#include "model/state.hpp"
#include "model/synaptic_input.hpp"
#include "model/tsodyks_markram.hpp"
#include "random/lane_stream.hpp"
#include "random/stream.hpp"

namespace mesopop {

class CohortPopulation {
 public:
  explicit CohortPopulation(const LevelContext& context);

  double step(std::int64_t step, const MembraneStep& membrane, double drive, double* release);
  void fire_all(std::int64_t step, double* release);

  double mean_potential() const { return bins_.mean_potential(); }
  double mean_u(std::size_t set) const;
  double mean_x(std::size_t set) const;

  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  struct Synapses {  // one STP set
    std::uint64_t set;
    const StpSpec* spec;
    Plasticity plasticity;
    double held_decay_u, held_decay_x;  // over the refractory period
    double excess_u, deficit_x;         // sums over all neurons of u - U0 and 1 - x
    LaneStream releases;
  };

  MomentColumns moments(std::size_t set);

  // The cohorts that fire in the step, and their numbers of spikes, into firing_.
  void draw_spikes(double total_hazard, std::int64_t step);
  void thin();
  double next_threshold();
  // Takes the neurons that fire out of their cohorts and makes them wait; returns their number.
  double fire(std::int64_t step, double* release);
  void release_set(std::size_t s, std::int64_t step, double* release);
  void check_counts(const std::string& prefix) const;

  const Kernels& kernels_;
  double size_;
  Noise noise_;
  std::uint64_t index_;
  Realisation realisation_;
  LaneStream counts_;

  AgeBins bins_;                    // with the moments per STP set; waiting: those that the neurons will wake with
  std::vector<double> integrated_;  // hazard of the step per neuron of each bin
  std::vector<Synapses> synapses_;
  double threshold_ = 0.0;  // integrated hazard of the population until its next spike
  std::int64_t thresholds_drawn_ = 0;

  // Of the cohorts that fire in the step at hand; scratch with room for whole lanes.
  struct Firing {
    std::int64_t size = 0;
    std::vector<std::int64_t> bin;
    std::vector<double> count;    // neurons before
    std::vector<double> fired;    // spikes
    std::vector<double> columns;  // moments before or left, and after the spike

    void push(std::size_t position, double spikes) {
      bin[static_cast<std::size_t>(size)] = static_cast<std::int64_t>(position);
      fired[static_cast<std::size_t>(size++)] = spikes;
    }
    void make_room(std::size_t cohorts);
    MomentColumns moments(std::size_t which);
  };
  Firing firing_;
  std::vector<double> earlier_;  // scratch: per trace of adaptation, what neurons that fire have of it
};

}  // namespace mesopop
