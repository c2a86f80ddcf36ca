"""How far from its expectation the result of a fixed seed may lie.

A correct program fails an assertion of this module with probability ALPHA for a random seed, or the
smaller `alpha` given. Errors are those of independent trials, so that correlations within a trial,
however long, do not matter: the effective sample size is the number of trials.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

ALPHA = 1e-5


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard error; the error has `freedom` degrees of freedom."""

    value: float
    error: float = 0.0
    freedom: float = math.inf

    @property
    def relative_error(self):
        return self.error / abs(self.value)


def mean_over_trials(values):
    """Mean of one number per trial."""
    values = np.asarray(values, float)
    error = values.std(ddof=1) / math.sqrt(values.size)
    return Estimate(float(values.mean()), float(error), values.size - 1)


def ratio_over_trials(numerators, denominators):
    """Ratio of the means of two numbers per trial, with the error of the linearised ratio."""
    numerators, denominators = np.asarray(numerators, float), np.asarray(denominators, float)
    ratio = numerators.mean() / denominators.mean()
    residual = mean_over_trials((numerators - ratio * denominators) / denominators.mean())
    return Estimate(float(ratio), residual.error, residual.freedom)


def p_value(a, b):
    """Two-sided p-value of equal expectations: Welch's t test."""
    variance = a.error**2 + b.error**2
    if variance == 0:
        return float(a.value == b.value)
    freedom = variance**2 / (a.error**4 / a.freedom + b.error**4 / b.freedom)
    return float(2 * stats.t.sf(abs(a.value - b.value) / math.sqrt(variance), freedom))


def assert_equal_means(a, b, *, resolution, alpha=ALPHA):
    """Equal within noise, which is small enough to see a relative difference of `resolution`.

    The resolution is five standard errors of the difference.
    """
    error = math.hypot(a.error, b.error)
    scale = max(abs(a.value), abs(b.value))
    assert 5 * error <= resolution * scale, f"{a} and {b} are too uncertain to be compared"
    assert p_value(a, b) > alpha, f"{a} differs from {b}"


def assert_within(measured, reference, bound, *, standard_errors=0):
    """The relative difference is at most `bound` plus `standard_errors` of it.

    Four standard errors must fit into the bound, or the comparison says nothing.
    """
    error = math.hypot(measured.error, reference.error) / abs(reference.value)
    difference = measured.value / reference.value - 1
    assert 4 * error <= bound, f"the standard error {error:.2%} is too large for {bound:.2%}"
    assert abs(difference) <= bound + standard_errors * error, (
        f"{measured.value:.6g} is {difference:+.2%} (standard error {error:.2%}) off "
        f"{reference.value:.6g}, more than {bound:.2%}"
    )


def chi_squared_p(observed, expected, *, least=25.0):
    """p-value of counts per cell, neighbours pooled until `least` are expected in each cell."""
    observed, expected = np.asarray(observed, float), np.asarray(expected, float)
    total = np.cumsum(expected)
    # A cell ends where the expected number since the last end reaches `least`.
    ends, start = [], 0.0
    for position in range(expected.size):
        if total[position] - start >= least:
            ends.append(position + 1)
            start = total[position]
    if len(ends) < 2:
        raise ValueError("too few expected counts for a chi-squared test")
    ends[-1] = expected.size
    cells = np.concatenate([[0], ends[:-1]])
    pooled_observed = np.add.reduceat(observed, cells)
    pooled_expected = np.add.reduceat(expected, cells)
    statistic = np.sum((pooled_observed - pooled_expected) ** 2 / pooled_expected)
    return float(stats.chi2.sf(statistic, cells.size - 1))


def ks_p(sample, distribution):
    """p-value of the Kolmogorov-Smirnov test against a frozen scipy distribution."""
    return float(stats.kstest(sample, distribution.cdf).pvalue)
