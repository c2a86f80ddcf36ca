"""Hartigan's dip: how far a sample is from every unimodal distribution."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

MOST = 1000  # values of the samples under the null hypothesis


def dip_statistic(sample: NDArray[np.float64]) -> float:
    """Largest difference of the empirical distribution function to the nearest unimodal one.

    Hartigan and Hartigan's algorithm: the nearest one is the convex minorant of the empirical
    function left of a modal interval, and the concave majorant right of it; the interval is
    narrowed until both are further from the empirical function outside than from each other inside.
    """
    x, counts = np.unique(sample, return_counts=True)
    if len(x) < 2:
        return 0.5 / len(sample)
    top = np.cumsum(counts) / len(sample)  # the function at x, below[i] just left of it
    below = top - counts / len(sample)
    distance = 1 / len(sample)
    left, right = 0, len(x) - 1
    while right > left:
        part = slice(left, right + 1)
        minorant = _minorant(x[part], below[part])
        majorant = -_minorant(x[part], -top[part])
        gap = majorant - minorant
        # The gap is largest where one of both touches the empirical function.
        low_touch = np.flatnonzero(np.isclose(minorant, below[part], rtol=0, atol=1e-12))
        high_touch = np.flatnonzero(np.isclose(majorant, top[part], rtol=0, atol=1e-12))
        if gap[high_touch].max() > gap[low_touch].max():
            end = int(high_touch[np.argmax(gap[high_touch])])
            begin = int(low_touch[low_touch <= end][-1])
            widest = float(gap[end])
        else:
            begin = int(low_touch[np.argmax(gap[low_touch])])
            end = int(high_touch[high_touch >= begin][0])
            widest = float(gap[begin])
        if widest <= distance:
            break
        outside = max(
            float(np.max(top[part][: begin + 1] - minorant[: begin + 1])),
            float(np.max(majorant[end:] - below[part][end:])),
        )
        distance = max(distance, outside)
        if end - begin == right - left:
            break
        left, right = left + begin, left + end
    return distance / 2


def dip_p(sample: NDArray[np.float64], samples: int, rng: np.random.Generator) -> float:
    """Probability of a larger dip of a sample of the uniform distribution, by simulation.

    Of samples of at most 1000 values, whose dip is scaled by the square root of their number.
    """
    n = min(len(sample), MOST)
    scaled = dip_statistic(sample) * math.sqrt(len(sample) / n)
    larger = sum(dip_statistic(rng.random(n)) >= scaled for _ in range(samples))
    return (1 + larger) / (1 + samples)


def _minorant(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    # Greatest convex function through or below the points: its slopes are the isotonic regression
    # of theirs.
    if len(x) < 3:
        return y.copy()
    from scipy.optimize import isotonic_regression

    width = np.diff(x)
    slopes = isotonic_regression(np.diff(y) / width, weights=width).x
    return np.concatenate((y[:1], y[0] + np.cumsum(slopes * width)))
