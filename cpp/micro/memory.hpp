// What the input of single neurons will take, known before anything is allocated.
#pragma once

#include <cstdint>

#include "model/network.hpp"

namespace mesopop {

// Expected bytes of connections, delay lines and synaptic currents of all trials.
double input_bytes(const NetworkSpec& network, std::int64_t trials);

// Throws std::invalid_argument, naming both, if that is more than `limit` bytes.
void check_input_memory(const NetworkSpec& network, std::int64_t trials, double limit);

}  // namespace mesopop
