// Distributions drawn from a Stream. The standard library's differ between implementations; these give the same
// bits everywhere.
#pragma once

#include <cstdint>

#include "numerics/elementary.hpp"
#include "random/stream.hpp"

namespace mesopop {

// Uniform on [0, 1), 53 bits.
inline double draw_uniform(Stream& stream) { return static_cast<double>(stream.next() >> 11) * 0x1p-53; }

// Uniform on (0, 1), symmetric about 1/2, 52 bits: never 0 or 1, so its logarithm and normal quantile are finite.
inline double draw_open_uniform(Stream& stream) { return (static_cast<double>(stream.next() >> 12) + 0.5) * 0x1p-52; }

// Exponential of mean 1.
inline double draw_exponential(Stream& stream) { return -log(draw_open_uniform(stream)); }

// Quantile of the standard normal distribution for 0 < probability < 1 (Wichura 1988, algorithm AS 241, PPND16;
// relative error about 1e-16).
double normal_quantile(double probability);

// Standard normal, by inversion: one word per draw.
inline double draw_normal(Stream& stream) { return normal_quantile(draw_open_uniform(stream)); }

// Binomial(n, p), exact: inversion for small n min(p, 1 - p), else transformed rejection (Hoermann 1993, BTRS).
// p <= 0 or NaN gives 0 and p >= 1 gives n.
std::int64_t draw_binomial(Stream& stream, std::int64_t n, double p);

}  // namespace mesopop
