// Granularity of the neuron loops: arrays are padded to a multiple of it, and the check for spikes is made once per
// block.
#pragma once

#include <cstdint>

namespace mesopop {

inline constexpr std::int64_t kNeuronBlock = 32;

inline std::int64_t padded_to_block(std::int64_t size) {
  return (size + kNeuronBlock - 1) / kNeuronBlock * kNeuronBlock;
}

}  // namespace mesopop
