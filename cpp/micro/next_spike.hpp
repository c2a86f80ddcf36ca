// Spikes of independent neurons from one sequence of exponential numbers, at the cost of one number per spike.
//
// The neurons stand in line, each taking up a stretch as long as its integrated hazard H. From one spike to the next
// the line is followed for an Exp(1) length: it ends in the stretch of the neuron that fires next, and goes on behind
// it. Each neuron fires with probability 1 - exp(-H), independently of all others, because the exponential distribution
// has no memory; for the same reason the line of the next step may begin with what was left of the last one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "engine/state.hpp"
#include "random/distributions.hpp"
#include "random/stream.hpp"

namespace mesopop {

class NextSpike {
 public:
  NextSpike(const Realisation& realisation, std::uint64_t population)
      : realisation_(realisation), population_(population), stream_(stream_at(0)) {
    renew();
  }

  // Goes past neurons of that integrated hazard together if none of them fires, else stays before them.
  bool pass(double stretch) {
    if (!(remaining_ > stretch)) return false;
    remaining_ -= stretch;
    return true;
  }

  // Of neurons `position` .. `count` - 1 in line, all of the same hazard, the first that fires; `count` if none does.
  std::int64_t find(double hazard, std::int64_t position, std::int64_t count) {
    // Hazards that are not numbers fire nobody; the engine reports the input that is to blame.
    if (position >= count || std::isnan(hazard) || pass(static_cast<double>(count - position) * hazard)) return count;
    const std::int64_t skipped = static_cast<std::int64_t>(remaining_ / hazard);
    renew();
    return std::min(position + skipped, count - 1);  // the quotient may have been rounded up
  }

  void visit(StateVisitor& visitor, const std::string& prefix) {
    visitor.field(prefix + "/until_next_spike", remaining_);
    visitor.field(prefix + "/lengths_drawn", drawn_);
    stream_ = stream_at(drawn_ / kPerEvent);
    for (std::int64_t i = 0; i < drawn_ % kPerEvent; ++i) stream_.next();
  }

 private:
  static constexpr std::int64_t kPerEvent = 4;  // one block of the generator

  Stream stream_at(std::int64_t event) const {
    return Stream(realisation_, Purpose::next_spike, population_, 0, static_cast<std::uint64_t>(event));
  }

  void renew() {
    if (drawn_ % kPerEvent == 0) stream_ = stream_at(drawn_ / kPerEvent);
    ++drawn_;
    remaining_ = draw_exponential(stream_);
  }

  Realisation realisation_;
  std::uint64_t population_;
  Stream stream_;
  double remaining_ = 0.0;  // length until the next spike
  std::int64_t drawn_ = 0;
};

}  // namespace mesopop
