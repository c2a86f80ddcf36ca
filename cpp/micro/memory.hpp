// What a network of single neurons will take, known before anything is allocated.
#pragma once

#include <cstdint>
#include <vector>

#include "model/network.hpp"

namespace mesopop {

// Expected bytes of connections, input and state of the neurons and synapses of all trials. `cohorts`: whether each
// population is simulated by cohorts.
double expected_bytes(const NetworkSpec& network, const std::vector<bool>& cohorts, std::int64_t trials);

// Throws std::invalid_argument, naming both, if that is more than `limit` bytes.
void check_memory(const NetworkSpec& network, const std::vector<bool>& cohorts, std::int64_t trials, double limit);

}  // namespace mesopop
