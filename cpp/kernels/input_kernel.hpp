// What arrives at every neuron of a population by connections of its own: one block of neurons for one step.
#pragma once

#include <cstdint>

#include "kernels/neuron_block.hpp"
#include "numerics/simd.hpp"

namespace mesopop {

struct NeuronInputStep {
  std::int64_t ports = 0;             // of currents, one per synaptic time constant
  double* const* current = nullptr;   // per port: of every neuron, mV/ms
  double* const* arriving = nullptr;  // per port: what joins the current at the start of the step; then cleared
  const double* gain = nullptr;       // per port: potential at the end of the step per unit of current
  const double* decay = nullptr;      // per port: of the current over the step
  double* jump = nullptr;             // jump of the potential at the start of the step; null: none; then cleared
  const double* constant = nullptr;   // contribution of a drive per neuron to the shift; null: none
};

// What a range of neurons did in a step.
struct RangeFired {
  std::int64_t count;
  double input_check;  // NaN if the input of a neuron is not finite, else 0
};

// Adds the input of the neurons block .. block + kNeuronBlock - 1 to the shift that they share; their currents decay.
// Returns 0, or NaN if an input is not finite.
MESOPOP_INLINE double take_input(const NeuronInputStep& s, std::int64_t block, double common, double* shift) {
  double check = 0.0;
  if (s.constant) {
    const double* const constant = s.constant + block;
#pragma omp simd
    for (std::int64_t i = 0; i < kNeuronBlock; ++i) shift[i] = common + constant[i];
  } else {
    for (std::int64_t i = 0; i < kNeuronBlock; ++i) shift[i] = common;
  }
  for (std::int64_t port = 0; port < s.ports; ++port) {
    double* const current = s.current[port] + block;
    double* const arriving = s.arriving[port] + block;
    const double gain = s.gain[port], decay = s.decay[port];
#pragma omp simd reduction(+ : check)
    for (std::int64_t i = 0; i < kNeuronBlock; ++i) {
      const double c = current[i] + arriving[i];
      arriving[i] = 0.0;
      shift[i] += gain * c;
      current[i] = decay * c;
      check += c - c;
    }
  }
  return check;
}

// The jumps of the potential of the same neurons, added to that which they share.
MESOPOP_INLINE double take_jump(const NeuronInputStep& s, std::int64_t block, double common, double* jump) {
  double check = 0.0;
  double* const arriving = s.jump + block;
#pragma omp simd reduction(+ : check)
  for (std::int64_t i = 0; i < kNeuronBlock; ++i) {
    const double d = arriving[i];
    arriving[i] = 0.0;
    jump[i] = common + d;
    check += d - d;
  }
  return check;
}

}  // namespace mesopop
