// Short-term plasticity of a whole population through mean u and x (first order) or their means and covariances
// (second order).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "level/level.hpp"
#include "model/cross_moments.hpp"
#include "model/joint_sampling.hpp"
#include "model/moments.hpp"
#include "model/state.hpp"
#include "random/stream.hpp"

namespace mesopop {

class PopulationSynapses {
 public:
  explicit PopulationSynapses(const LevelContext& context);

  std::size_t size() const { return sets_.size(); }  // STP sets

  void relax();

  // `count` of the neurons spike: the total release of each set into `release`. In second order with noise, takes two
  // numbers from `draws` for each set.
  void release(double count, Stream& draws, double* release);

  double mean_u(std::size_t set) const { return sets_[set].moments.u; }
  double mean_x(std::size_t set) const { return sets_[set].moments.x; }

  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  struct Set {
    Plasticity plasticity;
    Moments moments;
  };

  double release_first_order(Set& set, double count) const;
  double release_sample(Set& set, double count, const Sample& sample) const;
  void release_jointly(double count, Stream& draws, double* release);

  double size_;
  Closure closure_;
  Noise noise_;
  std::vector<Set> sets_;
  std::vector<CrossMoments> cross_;  // of pairs of sets, where samples are drawn
  // Scratch, where samples are drawn for several sets.
  std::vector<JointSetLanes<1>> set_lanes_;
  std::vector<JointPairLanes<1>> pair_lanes_;
  std::vector<Sample> samples_;
  std::vector<Moments> after_;  // those drawn, after their spikes
};

}  // namespace mesopop
