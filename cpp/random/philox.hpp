// Counter-based random numbers: Philox4x64-10 (Salmon et al., SC'11). A draw is a pure function of what it is
// for, so no result depends on threads, blocks or the order in which things are computed.
//
// Philox4x64-10 serves draws one at a time; Philox4x32-10, whose products fit into 64 bits, those of vectorised loops.
#pragma once

#include <array>
#include <cstdint>

#include "numerics/simd.hpp"

namespace mesopop {

using PhiloxKey = std::array<std::uint64_t, 2>;
using PhiloxBlock = std::array<std::uint64_t, 4>;

__extension__ using Wide = unsigned __int128;

inline PhiloxBlock philox4x64(PhiloxBlock counter, PhiloxKey key) {
  constexpr std::uint64_t multiplier0 = 0xD2E7470EE14C6C93ULL;
  constexpr std::uint64_t multiplier1 = 0xCA5A826395121157ULL;
  constexpr std::uint64_t weyl0 = 0x9E3779B97F4A7C15ULL;  // golden ratio
  constexpr std::uint64_t weyl1 = 0xBB67AE8584CAA73BULL;  // sqrt(3) - 1
  for (int round = 0; round < 10; ++round) {
    const auto product0 = static_cast<Wide>(multiplier0) * counter[0];
    const auto product1 = static_cast<Wide>(multiplier1) * counter[2];
    counter = {static_cast<std::uint64_t>(product1 >> 64) ^ counter[1] ^ key[0], static_cast<std::uint64_t>(product1),
               static_cast<std::uint64_t>(product0 >> 64) ^ counter[3] ^ key[1], static_cast<std::uint64_t>(product0)};
    key[0] += weyl0;
    key[1] += weyl1;
  }
  return counter;
}

// Words of 32 bits, each in the low half of 64: loops over lanes then need no change of width.
struct Philox32Block {
  std::uint64_t word0, word1, word2, word3;
};

MESOPOP_INLINE Philox32Block philox4x32(Philox32Block c, std::uint64_t key0, std::uint64_t key1) {
  constexpr std::uint64_t multiplier0 = 0xD2511F53ULL;
  constexpr std::uint64_t multiplier1 = 0xCD9E8D57ULL;
  constexpr std::uint64_t low = 0xFFFFFFFFULL;
  std::uint64_t weyl0 = key0, weyl1 = key1;
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = multiplier0 * c.word0, product1 = multiplier1 * c.word2;
    c = {(product1 >> 32) ^ c.word1 ^ weyl0, product1 & low, (product0 >> 32) ^ c.word3 ^ weyl1, product0 & low};
    weyl0 = (weyl0 + 0x9E3779B9ULL) & low;
    weyl1 = (weyl1 + 0xBB67AE85ULL) & low;
  }
  return c;
}

}  // namespace mesopop
