// The renewal closure: neurons of equal age form a cohort with an integer number of members and the empirical moments
// of their (u, x). Each cohort fires by its own binomial number, so that the activity is exact in law for renewal
// neurons given their input, and the neurons that fire release what neurons of their age hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/cohort_joint_kernel.hpp"
#include "kernels/cohort_release_kernel.hpp"
#include "kernels/kernels.hpp"
#include "level/level.hpp"
#include "meso/age_bins.hpp"
#include "model/cross_moments.hpp"
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
    Decays held;                 // over the refractory period
    double excess_u, deficit_x;  // sums over all neurons of u - U0 and 1 - x
    LaneStream releases;
  };

  MomentColumns moments(std::size_t set);
  CrossColumns cross(std::size_t pair);
  // Where the moments of the neurons that fire in `step`, and their covariances between sets, wait.
  MomentColumns waiting(std::int64_t step, std::size_t set);
  CrossColumns waiting_cross(std::int64_t step, std::size_t pair);

  // A cohort joins another, in which its share is given.
  void absorb(std::int64_t into, std::int64_t from, double share);
  // The cohorts that fire in the step, and their numbers of spikes, into firing_.
  void draw_spikes(double total_hazard, std::int64_t step);
  void thin();
  double next_threshold();
  // Takes the neurons that fire out of their cohorts and makes them wait; returns their number.
  double fire(std::int64_t step, double* release);
  void release_set(std::size_t s, std::int64_t step, double* release);
  void release_jointly(std::int64_t step, double* release);
  // Changes by the spikes of a step, and the moments of the neurons that fired, which wait relaxed.
  void collect(std::size_t s, std::int64_t step, const CohortReleaseSums& sums, double* release);
  void check_counts(const std::string& prefix) const;

  const Kernels& kernels_;
  double size_;
  Noise noise_;
  std::uint64_t index_;
  Realisation realisation_;
  LaneStream counts_;

  std::size_t sets_, pairs_;        // of STP sets; pairs of sets where samples are drawn
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
    std::vector<double> columns;  // moments before or left, and after the spike; then covariances, likewise

    void push(std::size_t position, double spikes) {
      bin[static_cast<std::size_t>(size)] = static_cast<std::int64_t>(position);
      fired[static_cast<std::size_t>(size++)] = spikes;
    }
    void make_room(std::size_t cohorts, std::size_t sets, std::size_t pairs);
    MomentColumns before(std::size_t set);
    MomentColumns after(std::size_t set);
    CrossColumns cross_before(std::size_t pair, std::size_t sets);
    CrossColumns cross_after(std::size_t pair, std::size_t sets);
    // Values of the cohorts that fire from and to those of all cohorts; zeros for the lanes beyond the last one.
    template <class Columns>
    void gather(const Columns& all, const Columns& firing) const {
      for (std::int64_t i = 0; i < size; ++i) firing.set(i, all.get(bin[static_cast<std::size_t>(i)]));
      for (std::int64_t i = size; i % kLanes != 0; ++i) firing.set(i, {});
    }
    template <class Columns>
    void scatter(const Columns& firing, const Columns& all) const {
      for (std::int64_t i = 0; i < size; ++i) all.set(bin[static_cast<std::size_t>(i)], firing.get(i));
    }
    double* column(std::size_t c) { return columns.data() + c * bin.size(); }
  };
  Firing firing_;
  std::vector<CohortJointSet> joint_sets_;    // scratch, where samples are drawn for several sets
  std::vector<CohortJointPair> joint_pairs_;  // scratch
  std::vector<double> earlier_;               // scratch: per trace of adaptation, what neurons that fire have of it
};

}  // namespace mesopop
