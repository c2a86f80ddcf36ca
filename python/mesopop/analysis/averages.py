"""Averages over time, with standard errors from independent trials or batches."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.estimate import Estimate, ratio
from mesopop.analysis.series import require_like_rate, require_series

# Fewer trials than this are each cut into batches: a standard error needs some degrees of freedom.
LEAST_PIECES = 10


def time_average(series: ArrayLike, *, unit: str = "") -> Estimate:
    """Average a series over time and trials.

    The standard error is that of the mean of independent trials. Fewer than ten trials are cut into
    batches of equal length, ten or more altogether, which are taken as independent: that holds as
    far as they are longer than what happens in the series.

    Parameters
    ----------
    series : array_like, shape (bins,) or (trials, bins)
    unit : str
        Unit of the series, for the estimate to carry.

    Returns
    -------
    Estimate
        `n` is the number of trials or batches.

    Raises
    ------
    TypeError, ValueError
        If `series` is not a finite series of at least 2 bins.

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import time_average
    >>> print(time_average(np.arange(1000) % 7, unit="Hz"))
    2.997 ± 0.011 Hz
    """
    sums, lengths = _pieces(require_series("series", series))
    return ratio(sums, lengths, unit)


def ratio_of_averages(numerator: ArrayLike, denominator: ArrayLike, *, unit: str = "") -> Estimate:
    """Divide the averages of two series, e.g. the release y by the activity A of its source.

    That is the mean release per spike. The standard error is that of a ratio (delta method), over
    the pieces of `time_average`.

    Parameters
    ----------
    numerator, denominator : array_like, shape (bins,) or (trials, bins)
        Two series of the same shape.
    unit : str
        Unit of the ratio, for the estimate to carry.

    Returns
    -------
    Estimate
        nan if the denominator is zero throughout; `n` is the number of trials or batches.

    Raises
    ------
    TypeError, ValueError
        If one is not a finite series of at least 2 bins, or their shapes differ.

    Examples
    --------
    >>> from mesopop.analysis import ratio_of_averages
    >>> ratio_of_averages([1.0, 2.0, 3.0], [4.0, 8.0, 12.0]).value
    0.25
    """
    below = require_series("denominator", denominator)
    above = require_like_rate("numerator", numerator, below.shape)
    return ratio(_pieces(above)[0], _pieces(below)[0], unit)


def batches(trials: int, bins: int) -> int:
    """Number of batches into which each trial is cut for standard errors."""
    return min(max(math.ceil(LEAST_PIECES / trials), 1), bins)


def _pieces(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # Sums over the pieces, and their lengths in bins.
    values = np.atleast_2d(values)
    trials, bins = values.shape
    count = batches(trials, bins)
    starts = np.arange(count) * bins // count
    sums = np.add.reduceat(values, starts, axis=1)
    return sums.ravel(), np.tile(np.diff(starts, append=bins).astype(np.float64), trials)
