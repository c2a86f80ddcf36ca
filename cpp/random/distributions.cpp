#include "random/distributions.hpp"

#include <cmath>

namespace mesopop {

namespace {

// Degree 7; pairs of coefficients are combined in parallel (Estrin).
double polynomial(const double (&c)[8], double x) {
  const double x2 = x * x, x4 = x2 * x2;
  return ((c[0] + c[1] * x) + (c[2] + c[3] * x) * x2) + ((c[4] + c[5] * x) + (c[6] + c[7] * x) * x2) * x4;
}

// ln k! minus Stirling's main term, at k; table for small k, series beyond.
double stirling_correction(double k) {
  static constexpr double table[] = {
      0.08106146679532726, 0.04134069595540929, 0.02767792568499834, 0.02079067210376509,  0.01664469118982119,
      0.01387612882307075, 0.01189670994589177, 0.01041126526197209, 0.009255462182712733, 0.008330563433362871,
  };
  if (k < 10.0) return table[static_cast<int>(k)];
  const double r = 1.0 / (k + 1.0);
  const double r2 = r * r;
  return (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - r2 / 1680.0) * r2) * r2) * r;
}

// Sequential search from 0; needs n p of order 10 or less. One uniform per draw.
std::int64_t binomial_by_inversion(Stream& stream, double n, double p) {
  double u = draw_uniform(stream);
  if (u < 1.0 - n * p) return 0;  // that all fail is at least as probable: (1 - p)^n >= 1 - n p
  const double odds = p / (1.0 - p);
  const double all_fail = exp(n * log1p(-p));
  for (;; u = draw_uniform(stream)) {
    double mass = all_fail;
    double k = 0.0;
    while (u >= mass && k < n) {
      u -= mass;
      k += 1.0;
      mass *= (n - k + 1.0) / k * odds;
      // Far in the tail the remaining mass is rounding error: draw again.
      if (mass < 1e-300) break;
    }
    if (u < mass) return static_cast<std::int64_t>(k);
  }
}

// Hoermann's BTRS for p <= 1/2 and n p >= 10.
std::int64_t binomial_by_rejection(Stream& stream, double n, double p) {
  const double sd = std::sqrt(n * p * (1.0 - p));
  const double b = 1.15 + 2.53 * sd;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double c = n * p + 0.5;
  const double v_r = 0.92 - 4.2 / b;
  const double alpha = (2.83 + 5.1 / b) * sd;
  const double odds = p / (1.0 - p);
  const double mode = std::floor((n + 1.0) * p);
  for (;;) {
    const double u = draw_open_uniform(stream) - 0.5;
    const double v = draw_open_uniform(stream);
    const double us = 0.5 - std::fabs(u);
    const double k = std::floor((2.0 * a / us + b) * u + c);
    if (us >= 0.07 && v <= v_r) return static_cast<std::int64_t>(k);
    if (k < 0.0 || k > n) continue;
    const double log_ratio = (mode + 0.5) * log((mode + 1.0) / (odds * (n - mode + 1.0))) + stirling_correction(mode) +
                             stirling_correction(n - mode) + (n + 1.0) * log((n - mode + 1.0) / (n - k + 1.0)) +
                             (k + 0.5) * log(odds * (n - k + 1.0) / (k + 1.0)) - stirling_correction(k) -
                             stirling_correction(n - k);
    if (log(v * alpha / (a / (us * us) + b)) <= log_ratio) return static_cast<std::int64_t>(k);
  }
}

}  // namespace

double normal_quantile(double probability) {
  static constexpr double a[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                                 1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                                 3.3430575583588128105e4, 2.5090809287301226727e3};
  static constexpr double b[] = {1.0,
                                 4.2313330701600911252e1,
                                 6.8718700749205790830e2,
                                 5.3941960214247511077e3,
                                 2.1213794301586595867e4,
                                 3.9307895800092710610e4,
                                 2.8729085735721942674e4,
                                 5.2264952788528545610e3};
  static constexpr double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                                 3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                                 2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double d[] = {1.0,
                                 2.05319162663775882187e0,
                                 1.67638483018380384940e0,
                                 6.89767334985100004550e-1,
                                 1.48103976427480074590e-1,
                                 1.51986665636164571966e-2,
                                 5.47593808499534494600e-4,
                                 1.05075007164441684324e-9};
  static constexpr double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                                 2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                 2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double f[] = {1.0,
                                 5.99832206555887937690e-1,
                                 1.36929880922735805310e-1,
                                 1.48753612908506148525e-2,
                                 7.86869131145613259100e-4,
                                 1.84631831751005468180e-5,
                                 1.42151175831644588870e-7,
                                 2.04426310338993978564e-15};
  const double q = probability - 0.5;
  if (std::fabs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(a, r) / polynomial(b, r);
  }
  const double tail = q < 0.0 ? probability : 1.0 - probability;
  const double r = std::sqrt(-log(tail));
  const double z =
      r <= 5.0 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6) : polynomial(e, r - 5.0) / polynomial(f, r - 5.0);
  return q < 0.0 ? -z : z;
}

std::int64_t draw_binomial(Stream& stream, std::int64_t n, double p) {
  if (n <= 0 || !(p > 0.0)) return 0;  // NaN too
  if (p >= 1.0) return n;
  if (p > 0.5) return n - draw_binomial(stream, n, 1.0 - p);
  const auto trials = static_cast<double>(n);
  return trials * p < 10.0 ? binomial_by_inversion(stream, trials, p) : binomial_by_rejection(stream, trials, p);
}

}  // namespace mesopop
