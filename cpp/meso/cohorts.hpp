// The renewal closure: neurons of equal age form a cohort with an integer number of members and the empirical moments
// of their (u, x). Each cohort fires by its own binomial number, so that the activity is exact in law for renewal
// neurons given their input, and the neurons that fire release what neurons of their age hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/kernels.hpp"
#include "engine/level.hpp"
#include "engine/state.hpp"
#include "meso/age_bins.hpp"
#include "meso/moments.hpp"
#include "model/synaptic_input.hpp"
#include "model/tsodyks_markram.hpp"
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
  };

  Moments moments(std::size_t set, std::size_t bin) const;
  void set_moments(std::size_t set, std::size_t bin, const Moments& m);

  // Numbers of spikes of the step per cohort that fires, into firing_.
  void draw_spikes(double total_hazard, std::int64_t step);
  void thin();
  void draw_binomials(std::int64_t step);
  double next_threshold();
  // Takes the neurons that fire out of their cohorts and makes them wait; returns their number.
  double fire(std::int64_t step, double* release);

  const Kernels& kernels_;
  double size_;
  Noise noise_;
  std::uint64_t index_;
  Realisation realisation_;

  AgeBins bins_;                    // with the moments per STP set; waiting: those that the neurons will wake with
  std::vector<double> integrated_;  // hazard of the step per neuron of each bin
  std::vector<Synapses> synapses_;
  double threshold_ = 0.0;  // integrated hazard of the population until its next spike
  std::int64_t thresholds_drawn_ = 0;

  struct Firing {
    std::size_t bin;
    double count;
  };
  std::vector<Firing> firing_;  // scratch
};

}  // namespace mesopop
