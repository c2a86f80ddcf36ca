"""Variance of activity and its dependence on the number of neurons; Fano factors of spike counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.averages import batches
from mesopop.analysis.estimate import Estimate
from mesopop.analysis.report import Table, counted, significant, with_error
from mesopop.analysis.series import require_series
from mesopop.validation import require_integer, require_number, steps

LEAST_WINDOWS = 10  # altogether, for a Fano factor


def variance(series: ArrayLike, *, unit: str = "") -> Estimate:
    """Variance of a series over time and trials, about their common mean.

    The standard error is the jackknife's over trials, or over batches if there are fewer than ten
    (`time_average`).

    Parameters
    ----------
    series : array_like, shape (bins,) or (trials, bins)
    unit : str
        Unit of the series squared, for the estimate to carry.

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
    >>> from mesopop.analysis import variance
    >>> print(variance(np.random.default_rng(1).normal(0, 3, 10_000), unit="Hz²"))
    8.97 ± 0.12 Hz²
    """
    values = np.atleast_2d(require_series("series", series))
    # About a value nearby, for precision.
    centre = float(values.mean())
    return _jackknife(values - centre, lambda _, variance: variance, unit)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FanoFactor:
    """Variance / mean of the number of spikes of a population, by width of the counting window.

    Attributes
    ----------
    windows : ndarray, shape (n,)
        Widths (ms).
    value, se : ndarray, shape (n,)
        Fano factors and jackknife standard errors; nan if there was no spike.
    count : ndarray of int, shape (n,)
        Number of windows behind each.
    size : int
        Number of neurons.
    """

    windows: NDArray[np.float64]
    value: NDArray[np.float64]
    se: NDArray[np.float64]
    count: NDArray[np.int64]
    size: int

    def at(self, window: float) -> Estimate:
        """The Fano factor of a window (ms) that was asked for.

        Raises
        ------
        ValueError
            If it was not.
        """
        where = np.flatnonzero(np.isclose(self.windows, window, rtol=1e-9))
        if not len(where):
            raise ValueError(f"window must be one of {self.windows.tolist()} ms, got {window} ms")
        index = int(where[0])
        return Estimate(float(self.value[index]), float(self.se[index]), int(self.count[index]))

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        return Table(
            title=f"Fano factor of the spikes of {counted(self.size, 'neuron')}",
            lines=[] if np.isfinite(self.value).any() else ["no spike: nothing to count"],
            header=["window", "variance / mean", "windows"],
            rows=[
                [f"{significant(width)} ms", with_error(value, se), str(n)]
                for width, value, se, n in zip(
                    self.windows.tolist(),
                    self.value.tolist(),
                    self.se.tolist(),
                    self.count.tolist(),
                    strict=True,
                )
            ],
            notes=["± standard error"],
        )


def fano_factor(
    rate: ArrayLike, *, dt: float, size: int, windows: Sequence[float] | None = None
) -> FanoFactor:
    """Fano factor of the spikes of a population, over widths of the counting window.

    The number of spikes of all neurons in windows side by side, n = N A T summed over bins; what is
    left of a trial at its end is not counted. The Fano factor is 1 for independent Poisson neurons
    at any width, the squared CV of the intervals for wide windows and independent renewal neurons,
    and grows with the size of a population whose neurons fire together. Mean and variance are those
    over time and trials; slow fluctuations need many windows longer than themselves. Standard
    errors: jackknife over trials, or over batches if there are fewer than ten.

    Parameters
    ----------
    rate : array_like, shape (bins,) or (trials, bins)
        Population activity (Hz).
    dt : float
        Width of the bins (ms).
    size : int
        Number of neurons N.
    windows : sequence of float, optional
        Widths (ms), multiples of `dt`, each at least ten times in the data. Default: 1, 2, 5, 10,
        ... times `dt`.

    Returns
    -------
    FanoFactor

    Raises
    ------
    TypeError, ValueError
        If `rate` is not a finite series, negative on average or too short, dt <= 0 ms, size < 1, or a
        window is no multiple of `dt` or too wide.

    Examples
    --------
    >>> import mesopop as mp
    >>> neurons = mp.Population("E", size=50, neuron=mp.Poisson(10.0))
    >>> result = mp.simulate(mp.Network(populations=[neurons]), 100_000, dt=0.5, seed=1)
    >>> mp.analysis.fano_factor(result.rate["E"], dt=0.5, size=50, windows=[10.0, 100.0])
    Fano factor of the spikes of 50 neurons
      window   variance / mean   windows
      10 ms    1.016 ± 0.014     10000
      100 ms   1.029 ± 0.042     1000
      ± standard error
    """
    values = np.atleast_2d(require_series("rate", rate))
    # Gaussian noise makes single bins negative, but not all of them on average.
    if values.mean() < 0:
        raise ValueError(f"rate must be >= 0 Hz on average, got {values.mean():.5g} Hz")
    dt = require_number("dt", dt, "ms", gt=0)
    size = require_integer("size", size, ge=1)
    trials, bins = values.shape
    most = bins if trials >= LEAST_WINDOWS else bins * trials // LEAST_WINDOWS
    widths = _default_windows(most) if windows is None else []
    for window in [] if windows is None else windows:
        width = steps("windows", window, dt)
        if width < 1 or trials * (bins // width) < LEAST_WINDOWS:
            raise ValueError(
                f"windows must be >= {dt} ms and fit {LEAST_WINDOWS} times into the data "
                f"({counted(trials, 'trial')} of {bins * dt} ms), got {window} ms"
            )
        widths.append(width)
    if not widths:
        raise ValueError(f"rate must have at least {LEAST_WINDOWS} bins to count in, got {bins}")
    spikes = values * (size * dt / 1000)
    found = []
    for width in widths:
        count = bins // width
        counts = spikes[:, : count * width].reshape(trials, count, width).sum(axis=2)
        found.append(_jackknife(counts, _variance_to_mean, ""))
    return FanoFactor(
        windows=dt * np.array(widths, dtype=np.float64),
        value=np.array([estimate.value for estimate in found]),
        se=np.array([estimate.se for estimate in found]),
        count=np.array([trials * (bins // width) for width in widths]),
        size=size,
    )


@attrs.frozen(kw_only=True)
class SizeScaling:
    """Power law of estimates in the number of neurons, c N^exponent.

    Attributes
    ----------
    exponent : Estimate
        -1 for fluctuations of independent neurons.
    prefactor : float
        c: the value for one neuron.
    p : float
        Of the chi-squared test of the power law; nan for two sizes, through which one always goes.

    Examples
    --------
    >>> from mesopop.analysis import Estimate, size_scaling
    >>> found = size_scaling([100, 200, 400], [Estimate(v, 0.05 * v, 10) for v in (4.1, 1.9, 1.0)])
    >>> print(found.exponent)
    -1.018 ± 0.051
    """

    exponent: Estimate
    prefactor: float
    p: float


def size_scaling(sizes: Sequence[int], estimates: Sequence[Estimate]) -> SizeScaling:
    """Fit a power law to estimates from populations of several sizes.

    Weighted least squares of log(value) on log(N). Finite-size fluctuations of a population without
    strong feedback have a variance that falls as 1 / N; near an instability it does not.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of neurons N, at least two different ones.
    estimates : sequence of Estimate
        E.g. the `variance` of the activity of each, > 0, with standard errors.

    Returns
    -------
    SizeScaling

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two sizes, an estimate is not > 0, or has no standard error.

    Examples
    --------
    >>> from mesopop.analysis import Estimate, size_scaling
    >>> fluctuations = [Estimate(4.0, 0.1, 10), Estimate(2.0, 0.1, 10)]
    >>> print(size_scaling([50, 100], fluctuations).exponent)
    -1.000 ± 0.081
    """
    numbers = [require_integer("sizes", size, ge=1) for size in sizes]
    if len(numbers) != len(estimates):
        raise ValueError(
            f"estimates must hold one for each size ({len(numbers)}), got {len(estimates)}"
        )
    if len(set(numbers)) < 2:
        raise ValueError(f"sizes must hold at least two different ones, got {list(sizes)}")
    for size, estimate in zip(numbers, estimates, strict=True):
        if not (estimate.value > 0 and estimate.se > 0):
            raise ValueError(
                f"estimates must be > 0 and have standard errors > 0, got {estimate} for {size}"
            )
    x = np.log(np.array(numbers, dtype=np.float64))
    y = np.log([estimate.value for estimate in estimates])
    weight = np.array([estimate.value / estimate.se for estimate in estimates])
    (slope, offset), covariance = np.polyfit(x, y, 1, w=weight, cov="unscaled")
    freedom = len(x) - 2
    p = math.nan
    if freedom:
        from scipy.special import chdtrc

        p = float(chdtrc(freedom, np.sum(((y - offset - slope * x) * weight) ** 2)))
    exponent = Estimate(float(slope), math.sqrt(float(covariance[0, 0])), len(x))
    return SizeScaling(exponent=exponent, prefactor=math.exp(float(offset)), p=p)


def _default_windows(most: int) -> list[int]:
    # 1, 2, 5, 10, ... bins.
    decades = range(len(str(max(most, 1))))
    return [step * 10**k for k in decades for step in (1, 2, 5) if step * 10**k <= most]


def _variance_to_mean(mean: float, variance: float) -> float:
    return variance / mean if mean > 0 else math.nan


def _jackknife(
    values: NDArray[np.float64], statistic: Callable[[float, float], float], unit: str
) -> Estimate:
    # Of a function of mean and variance, leaving out one trial or batch at a time.
    trials, bins = values.shape
    count = batches(trials, bins)
    starts = np.arange(count) * bins // count
    n = np.tile(np.diff(starts, append=bins), trials).astype(np.float64)
    sums = np.add.reduceat(values, starts, axis=1).ravel()
    squares = np.add.reduceat(values**2, starts, axis=1).ravel()

    def of(n: float, total: float, square: float) -> float:
        if n < 2:
            return math.nan
        return statistic(total / n, max(square - total**2 / n, 0.0) / (n - 1))

    value = of(float(n.sum()), float(sums.sum()), float(squares.sum()))
    left = np.array(
        [
            of(*leave)
            for leave in zip(n.sum() - n, sums.sum() - sums, squares.sum() - squares, strict=True)
        ]
    )
    pieces = len(n)
    se = math.nan
    if pieces > 1 and np.isfinite(left).all():
        se = math.sqrt((pieces - 1) / pieces * float(np.sum((left - left.mean()) ** 2)))
    return Estimate(value, se, pieces, unit)
