// Who projects onto a neuron: the connectivity rules, target by target. Each target has random numbers of its own, so
// that targets can be drawn in any order, and again.
#pragma once

#include <cstdint>
#include <vector>

#include "model/network.hpp"
#include "random/stream.hpp"

namespace mesopop {

struct Presynaptic {
  std::vector<std::uint32_t> source;  // a neuron with several connections is named as often
  const double* weight = nullptr;     // relative, one per source; null: all 1
  std::vector<std::uint8_t> delay;    // which of the delays of the projection; empty: there is only one
};

class PresynapticDraw {
 public:
  PresynapticDraw(const NetworkSpec& network, std::size_t projection, const Realisation& realisation);

  // Replaces the contents of `found` by the connections of `target`.
  void operator()(std::int64_t target, Presynaptic& found);

 private:
  void draw(const BernoulliConnections& rule, std::int64_t target, std::vector<std::uint32_t>& source);
  void draw(const FixedInDegree& rule, std::int64_t target, std::vector<std::uint32_t>& source);

  const ProjectionSpec& projection_;
  std::uint64_t index_;
  std::int64_t sources_;
  bool recurrent_;  // source and target are the same population
  Realisation realisation_;
  std::vector<double> delay_cumulative_;
  std::vector<bool> taken_;  // scratch: sources already connected
};

}  // namespace mesopop
