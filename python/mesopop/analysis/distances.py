"""How far two samples are apart."""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.autocorrelation import effective_size
from mesopop.analysis.report import p_value, significant
from mesopop.analysis.series import require_series
from mesopop.validation import require_number


@attrs.frozen
class Distance:
    """Distances between the distributions of two samples.

    Attributes
    ----------
    ks : float
        Kolmogorov and Smirnov's: largest difference of the distribution functions, 0 to 1.
    p : float
        Probability of a larger one if both samples come from one distribution.
    wasserstein : float
        Mean distance over which values must be moved to turn one distribution into the other, in
        the units of the sample.
    sizes : tuple of float
        Numbers of independent values behind `p`.
    unit : str
        Of `wasserstein`.

    Examples
    --------
    >>> from mesopop.analysis import Distance
    >>> print(Distance(0.0812, 0.334, 112.0, (270.0, 275.0), "ms"))
    KS 0.0812 (p = 0.33), Wasserstein 112 ms
    """

    ks: float
    p: float
    wasserstein: float
    sizes: tuple[float, float]
    unit: str = ""

    def __str__(self) -> str:
        if math.isnan(self.ks):
            return "–"
        return (
            f"KS {significant(self.ks)} ({p_value(self.p)}), "
            f"Wasserstein {significant(self.wasserstein)} {self.unit}".rstrip()
        )


def distance(
    first: ArrayLike,
    second: ArrayLike,
    *,
    independent: tuple[float, float] | None = None,
    unit: str = "",
) -> Distance:
    """Compare two samples by Kolmogorov and Smirnov's and by Wasserstein's distance.

    p is that of the two-sample Kolmogorov–Smirnov test for large samples, for the number of
    independent values n1 n2 / (n1 + n2). Those of a series depend on each other: see
    `distance_of_series`.

    Parameters
    ----------
    first, second : array_like, shape (n,) and (m,)
        E.g. dwell times.
    independent : tuple of two floats, optional
        Numbers of independent values, 1 to n and 1 to m. Default: n and m.
    unit : str
        Of both, for the distance to carry.

    Returns
    -------
    Distance
        nan if a sample is empty.

    Raises
    ------
    ValueError
        If a sample is not finite, or `independent` is out of bounds.

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import distance
    >>> rng = np.random.default_rng(1)
    >>> print(distance(rng.exponential(300.0, 200), rng.exponential(400.0, 200), unit="ms"))
    KS 0.105 (p = 0.21), Wasserstein 61 ms
    """
    one, two = _sample("first", first), _sample("second", second)
    if not len(one) or not len(two):
        return Distance(math.nan, math.nan, math.nan, (float(len(one)), float(len(two))), unit)
    if independent is None:
        independent = float(len(one)), float(len(two))
    n, m = (
        require_number("independent", size, ge=1, le=len(values))
        for size, values in zip(independent, (one, two), strict=True)
    )
    from scipy.stats import kstwo, wasserstein_distance

    ks = _largest_difference(one, two)
    p = float(np.clip(kstwo.sf(ks, max(round(n * m / (n + m)), 1)), 0, 1))
    return Distance(ks, p, float(wasserstein_distance(one, two)), (n, m), unit)


def distance_of_series(
    first: ArrayLike, second: ArrayLike, *, dt: float, unit: str = ""
) -> Distance:
    """Compare how the values of two series are distributed over time and trials.

    As `distance`, with effective numbers of independent values T / (2 tau), where T is all recorded
    time and tau the correlation time of being above the common median: the distribution functions
    fluctuate most there. The values of a continuous series fluctuate together, and those far from
    the median are forgotten sooner: p errs on the side of equal distributions.

    Parameters
    ----------
    first, second : array_like, shape (bins,) or (trials, bins)
        Smoothed activity, e.g.; number and length of the trials may differ.
    dt : float
        Width of the bins of both (ms).
    unit : str
        Of both, for the distance to carry.

    Returns
    -------
    Distance

    Raises
    ------
    TypeError, ValueError
        If one is not a finite series of at least 2 bins, or dt <= 0 ms.

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import distance_of_series, exponential_smoothing
    >>> noise = np.random.default_rng(1).normal(size=(2, 4, 5000))
    >>> one, two = (exponential_smoothing(n, dt=1.0, tau=20.0)[:, 200:] for n in noise)
    >>> print(distance_of_series(one, two, dt=1.0, unit="Hz"))
    KS 0.0259 (p = 0.97), Wasserstein 0.0063 Hz
    """
    one, two = require_series("first", first), require_series("second", second)
    dt = require_number("dt", dt, "ms", gt=0)
    median = np.median(np.concatenate((one.ravel(), two.ravel())))
    sizes = tuple(_effective_size(values > median, dt) for values in (one, two))
    return distance(one, two, independent=(sizes[0], sizes[1]), unit=unit)


def _effective_size(above: NDArray[np.bool_], dt: float) -> float:
    if above.all() or not above.any():
        return 1.0  # no telling how long it stays there
    return effective_size(above.astype(np.float64), dt)


def _sample(name: str, values: ArrayLike) -> NDArray[np.float64]:
    if hasattr(values, "rescale"):
        raise TypeError(f"{name} must be plain numbers, got a {type(values).__name__} with units")
    # What a masked array hides must not be read as data.
    sample = np.ravel(np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan))
    if not np.isfinite(sample).all():
        where = int(np.argmin(np.isfinite(sample)))
        raise ValueError(f"{name} must be finite, got {sample[where]} at {where}")
    return sample


def _largest_difference(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    one, two = np.sort(one), np.sort(two)
    values = np.concatenate((one, two))
    below = np.searchsorted(one, values, side="right") / len(one)
    return float(np.max(np.abs(below - np.searchsorted(two, values, side="right") / len(two))))
