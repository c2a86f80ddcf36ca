// How many neurons of a population spike in a step. Every kind has the same members, used through std::visit:
//
//   double step(step, membrane, drive)   number of spikes
//   double mean_potential() const        mV (NaN: none)
//   void visit(visitor, prefix)          its state
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "kernels/kernels.hpp"
#include "level/level.hpp"
#include "meso/age_bins.hpp"
#include "model/hazard.hpp"
#include "model/state.hpp"
#include "random/stream.hpp"

namespace mesopop {

// Draws the number of spikes of a population from the expected number.
class SpikeCount {
 public:
  explicit SpikeCount(const LevelContext& context)
      : realisation_(context.realisation),
        population_(context.index),
        size_(context.population().size),
        noise_(context.noise) {}

  double draw(std::int64_t step, double expected) const;
  double size() const { return static_cast<double>(size_); }

 private:
  Realisation realisation_;
  std::uint64_t population_;
  std::int64_t size_;
  Noise noise_;
};

class PoissonActivity {
 public:
  explicit PoissonActivity(const LevelContext& context) : dt_(context.network.dt), spikes_(context) {}
  double step(std::int64_t step, const MembraneStep& membrane, double rate);
  double mean_potential() const { return std::numeric_limits<double>::quiet_NaN(); }
  void visit(StateVisitor&, const std::string&) {}

 private:
  double dt_;
  SpikeCount spikes_;
};

class LnpActivity {
 public:
  explicit LnpActivity(const LevelContext& context);
  double step(std::int64_t step, const MembraneStep& membrane, double drive);
  double mean_potential() const { return h_; }
  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  const LnpNeuron& neuron_;
  double dt_;
  double h_;
  SpikeCount spikes_;
};

// The population activity equation of SDG17 for LIF and GIF neurons with escape noise: of every age bin the expected
// number of survivors and its variance; one binomial number for all of them.
class LifActivity {
 public:
  explicit LifActivity(const LevelContext& context);
  double step(std::int64_t step, const MembraneStep& membrane, double drive);
  double mean_potential() const { return bins_.mean_potential(); }
  void visit(StateVisitor& visitor, const std::string& prefix);

 private:
  enum Extra : std::size_t { kVariance, kExtras };

  const Kernels& kernels_;
  SpikeCount spikes_;
  AgeBins bins_;
  double effective_ = 0.0;  // P_Lambda
  // Quasi-renewal approximation: per trace, what all spikes of the population so far have left behind in each neuron.
  std::vector<double> earlier_;
};

class GivenActivity {
 public:
  explicit GivenActivity(const LevelContext& context);
  double step(std::int64_t step, const MembraneStep& membrane, double drive);
  double mean_potential() const { return std::numeric_limits<double>::quiet_NaN(); }
  void visit(StateVisitor&, const std::string&) {}

 private:
  const GivenSpikes& spikes_;
};

using Activity = std::variant<PoissonActivity, LnpActivity, LifActivity, GivenActivity>;

Activity make_activity(const LevelContext& context);

}  // namespace mesopop
