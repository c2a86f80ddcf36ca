"""Whether two programs give the same numbers, with the standard error of that statement."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mesopop.analysis import Estimate, time_average

# How many standard errors beyond the bound a difference must lie to count as one.
STANDARD_ERRORS = 3.0


def relative_difference(value: Estimate, reference: Estimate) -> Estimate:
    """(value - reference) / reference of two independent estimates."""
    ratio = value.value / reference.value
    error = abs(ratio) * math.hypot(value.se / value.value, reference.se / reference.value)
    return Estimate(ratio - 1, error, min(value.n, reference.n))


def paired_difference(values: np.ndarray, references: np.ndarray) -> Estimate:
    """The same of averages over pieces that share their random numbers, piece by piece."""
    difference = time_average(np.asarray(values) - references)
    scale = float(np.mean(references))
    return Estimate(difference.value / scale, difference.se / scale, difference.n)


def require_agreement(what: str, differences: Mapping[str, Estimate], bound: float) -> str:
    """Check that no relative difference exceeds `bound`; returns the largest one as text.

    Raises
    ------
    AssertionError
        If one lies beyond the bound by more than three standard errors.
    """
    for name, d in differences.items():
        if not abs(d.value) <= bound + STANDARD_ERRORS * d.se:
            raise AssertionError(
                f"{what}, {name}: relative difference {100 * d.value:+.2f} ± {100 * d.se:.2f} % "
                f"exceeds {100 * bound:g} %"
            )
    worst = max(differences.values(), key=lambda d: abs(d.value))
    largest_error = max(d.se for d in differences.values())
    return f"{100 * worst.value:+.2f} % (s.e. up to {100 * largest_error:.2f} %)"
