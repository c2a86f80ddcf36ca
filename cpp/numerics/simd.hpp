// Vectorisation without intrinsics: one macro for bodies that must be inlined into every instruction-set
// clone, one for the clones themselves.
//
// Kernels are compiled once per instruction set and selected at run time (kernels/kernels.hpp). They give the
// same bits everywhere: contraction is off, sums run over a fixed number of lanes, and every elementary
// function is our own (numerics/elementary.hpp).
#pragma once

#if defined(__GNUC__) || defined(__clang__)
#define MESOPOP_INLINE inline __attribute__((always_inline))
#else
#define MESOPOP_INLINE inline
#endif

namespace mesopop {

// Partial sums per reduction. Eight doubles fill one AVX-512 register, two AVX2 or four SSE2 registers;
// the order of additions depends on this number alone.
inline constexpr int kLanes = 8;

// Sum of the lanes in a fixed order.
MESOPOP_INLINE double sum_lanes(const double (&lane)[kLanes]) {
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

}  // namespace mesopop
