// Relaxation of u and x of the neurons that fire, each over its own interval.
#pragma once

#include <cstdint>

#include "model/tsodyks_markram.hpp"
#include "numerics/simd.hpp"

namespace mesopop {

struct Relaxations {
  std::int64_t size;
  const double* elapsed;  // ms
  double tau_f, tau_d;
  double *decay_u, *decay_x;  // out
};

MESOPOP_INLINE void relaxations_body(const Relaxations& s) {
  const double tau_f = s.tau_f, tau_d = s.tau_d;
  const double* const elapsed = s.elapsed;
  double* const decay_u = s.decay_u;
  double* const decay_x = s.decay_x;
#pragma omp simd
  for (std::int64_t i = 0; i < s.size; ++i) {
    decay_u[i] = relaxation(elapsed[i], tau_f);
    decay_x[i] = relaxation(elapsed[i], tau_d);
  }
}

}  // namespace mesopop
