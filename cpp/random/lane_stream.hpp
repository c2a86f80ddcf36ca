// Random numbers for vectorised loops: two uniform numbers per lane and event.
//
// A stream is keyed once by what it is for and by the trial; the words of its blocks are counted by
// (lane, low and high word of the event, salt). Key and salt, 96 bits, are the first words of the Stream of the same
// purpose and owner.
#pragma once

#include <cmath>
#include <cstdint>

#include "numerics/elementary.hpp"
#include "random/philox.hpp"
#include "random/stream.hpp"

namespace mesopop {

struct NumberPair {
  double first, second;
};

// The numbers of one event.
class LaneDraws {
 public:
  LaneDraws() = default;
  LaneDraws(std::uint64_t key, std::uint64_t salt, std::uint64_t event)
      : key0_(key & kLow), key1_(key >> 32), event0_(event & kLow), event1_(event >> 32), salt_(salt & kLow) {}

  // Uniform on (0, 1), 52 bits each, symmetric about 1/2.
  MESOPOP_INLINE NumberPair uniforms(std::uint64_t lane) const {
    const Philox32Block words = philox4x32({lane & kLow, event0_, event1_, salt_}, key0_, key1_);
    return {open_uniform(words.word0 << 32 | words.word1), open_uniform(words.word2 << 32 | words.word3)};
  }

 private:
  static constexpr std::uint64_t kLow = 0xFFFFFFFFULL;

  // (w + 1/2) 2^-52 of the upper 52 bits w: they become the fraction of a number in [1, 2), which is exact.
  MESOPOP_INLINE static double open_uniform(std::uint64_t word) {
    return (detail::from_bits(word >> 12 | 0x3FF0000000000000ULL) - 1.0) + 0x1p-53;
  }

  std::uint64_t key0_ = 0, key1_ = 0, event0_ = 0, event1_ = 0, salt_ = 0;
};

class LaneStream {
 public:
  LaneStream(const Realisation& realisation, Purpose purpose, std::uint64_t owner) {
    Stream stream(realisation, purpose, owner, 0, 0);
    key_ = stream.next();
    salt_ = stream.next();
  }

  LaneDraws at(std::int64_t event) const { return {key_, salt_, static_cast<std::uint64_t>(event)}; }

 private:
  std::uint64_t key_, salt_;
};

// Two independent standard normals from two uniform numbers (Box and Muller 1958).
MESOPOP_INLINE NumberPair normal_pair(NumberPair uniform) {
  const double radius = std::sqrt(-2.0 * log(uniform.first));
  return {radius * cos_first_turn(uniform.second), radius * sin_first_turn(uniform.second)};
}

}  // namespace mesopop
