// Elementary functions of our own: branch-free where they sit in vectorised loops, and bit-identical on every
// processor and C library. (glibc selects FMA variants of exp and log at run time, so a spike could depend on
// the machine.) All use only IEEE additions, multiplications, divisions and square roots.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "numerics/simd.hpp"

#ifdef __FAST_MATH__
#error "mesopop cannot be compiled with -ffast-math: exp() depends on the order of its operations"
#endif

namespace mesopop {

namespace detail {

inline constexpr double kLog2E = 1.4426950408889634;
// ln 2 split so that n * kLn2High is exact for |n| < 2^11.
inline constexpr double kLn2High = 0x1.62e42fefa3800p-1;
inline constexpr double kLn2Low = 0x1.ef35793c76730p-45;
// Adding 1.5 * 2^52 rounds to the nearest integer and leaves that integer in the low bits.
inline constexpr double kRound = 0x1.8p52;

MESOPOP_INLINE std::uint64_t to_bits(double x) {
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

MESOPOP_INLINE double from_bits(std::uint64_t bits) {
  double x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// x = n ln 2 + r with |r| <= ln(2)/2 (1 + 1e-12).
struct ReducedArgument {
  double r;
  std::uint64_t n;  // two's complement in the low 12 bits
};

MESOPOP_INLINE ReducedArgument reduce(double x) {
  const double shifted = x * kLog2E + kRound;
  const double n = shifted - kRound;
  return {(x - n * kLn2High) - n * kLn2Low, to_bits(shifted)};
}

// exp(r) - 1 for a reduced argument; interpolation of (exp(r) - 1 - r)/r^2 at Chebyshev nodes, relative error
// of 1 + result below 2e-17.
MESOPOP_INLINE double expm1_reduced(double r) {
  // Pairs of coefficients are combined in parallel (Estrin), which halves the latency of a Horner chain.
  const double r2 = r * r, r4 = r2 * r2;
  const double q01 = 0x1.0000000000001p-1 + 0x1.5555555555556p-3 * r;
  const double q23 = 0x1.5555555553d4fp-5 + 0x1.11111111109adp-7 * r;
  const double q45 = 0x1.6c16c17893833p-10 + 0x1.a01a01a7c8d47p-13 * r;
  const double q67 = 0x1.a019b8ef67c6cp-16 + 0x1.71de0d9c145d0p-19 * r;
  const double q89 = 0x1.2891a8c1d838dp-22 + 0x1.af38d53857513p-26 * r;
  const double q = (q01 + q23 * r2) + ((q45 + q67 * r2) + q89 * r4) * r4;
  return r + r2 * q;
}

}  // namespace detail

// e^x; arguments beyond the normal range saturate at e^-708 and e^709, NaN stays NaN.
MESOPOP_INLINE double exp(double x) {
  x = x < -708.0 ? -708.0 : x;
  x = x > 709.0 ? 709.0 : x;
  const detail::ReducedArgument a = detail::reduce(x);
  const double mantissa = 1.0 + detail::expm1_reduced(a.r);
  return detail::from_bits(detail::to_bits(mantissa) + (a.n << 52));
}

// e^x - 1 for x <= 0, accurate also for tiny |x|; saturates below -708.
MESOPOP_INLINE double expm1_nonpositive(double x) {
  x = x < -708.0 ? -708.0 : x;
  const detail::ReducedArgument a = detail::reduce(x);
  const double power = detail::from_bits(detail::to_bits(1.0) + (a.n << 52));
  return power * detail::expm1_reduced(a.r) + (power - 1.0);
}

// Probability of at least one event at integrated hazard H >= 0: 1 - e^-H.
MESOPOP_INLINE double event_probability(double integrated_hazard) { return -expm1_nonpositive(-integrated_hazard); }

// ln x for normal x > 0: ln(2^n m) = n ln 2 + 2 artanh((m - 1)/(m + 1)), sqrt(1/2) <= m < sqrt(2).
MESOPOP_INLINE double log(double x) {
  const std::uint64_t bits = detail::to_bits(x);
  // Subtracting the bits of sqrt(1/2) makes the exponent field the n that leaves m in [sqrt(1/2), sqrt(2)); 1024 is
  // added so that it is not negative, which makes its conversion to a floating-point number a matter of bits.
  const std::uint64_t shifted = bits - 0x3fe6a09e667f3bcdULL + (1024ULL << 52);
  const std::uint64_t exponent = shifted >> 52;
  const double n = detail::from_bits(exponent | 0x4330000000000000ULL) - (0x1p52 + 1024.0);
  const double m = detail::from_bits(bits - (exponent << 52) + (1024ULL << 52));
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double w = s * s;  // <= 0.0295: eleven terms of the series of artanh suffice
  const double w2 = w * w, w4 = w2 * w2, w8 = w4 * w4;
  const double low = (2.0 / 3 + 2.0 / 5 * w) + (2.0 / 7 + 2.0 / 9 * w) * w2;
  const double middle = (2.0 / 11 + 2.0 / 13 * w) + (2.0 / 15 + 2.0 / 17 * w) * w2;
  const double high = (2.0 / 19 + 2.0 / 21 * w) + 2.0 / 23 * w2;
  const double series = (low + middle * w4) + high * w8;
  // 2 s = f - f s keeps the leading term exact.
  return n * detail::kLn2High + (f - (s * (f - series * w) - n * detail::kLn2Low));
}

// ln(1 + y) for y > -1, accurate for tiny |y|.
MESOPOP_INLINE double log1p(double y) {
  const double u = 1.0 + y;
  return u == 1.0 ? y : log(u) + (y - (u - 1.0)) / u;
}

// ln(1 + e^y) = max(y, 0) + ln(1 + e^-|y|), which does not overflow.
MESOPOP_INLINE double log1pexp(double y) { return (y > 0.0 ? y : 0.0) + log1p(exp(y > 0.0 ? -y : y)); }

namespace detail {

// sin(2 pi z) for |z| <= 1/4; the first term left out is below 1e-19.
MESOPOP_INLINE double sin_quarter(double z) {
  const double a = 6.283185307179586 * z;
  const double w = a * a, w2 = w * w, w4 = w2 * w2;
  const double c01 = -1.0 / 6 + w * (1.0 / 120);
  const double c23 = -1.0 / 5040 + w * (1.0 / 362880);
  const double c45 = -1.0 / 39916800 + w * (1.0 / 6227020800);
  const double c67 = -1.0 / 1307674368000 + w * (1.0 / 355687428096000);
  const double c89 = -1.0 / 121645100408832000 + w * (1.0 / 51090942171709440000.0);
  const double c = (c01 + c23 * w2) + ((c45 + c67 * w2) + c89 * w4) * w4;
  return a + a * w * c;
}

}  // namespace detail

// sin(2 pi z) for |z| <= 1/2: sin(pi - a) = sin a.
MESOPOP_INLINE double sin_half_turn(double z) {
  const double upper = z > 0.25 ? 0.5 - z : z;
  return detail::sin_quarter(upper < -0.25 ? -0.5 - upper : upper);
}

// sin(2 pi z) and cos(2 pi z) for 0 <= z <= 1.
MESOPOP_INLINE double sin_first_turn(double z) { return sin_half_turn(0.5 - z); }
MESOPOP_INLINE double cos_first_turn(double z) {
  const double half = z - 0.5;
  return detail::sin_quarter((half < 0.0 ? -half : half) - 0.25);
}

// sin(2 pi z), z in turns.
inline double sin_turns(double z) { return sin_half_turn(z - std::floor(z + 0.5)); }

}  // namespace mesopop
