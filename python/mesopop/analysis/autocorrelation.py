"""How long a series remembers: autocovariance, correlation time, effective sample size."""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.averages import batches
from mesopop.analysis.report import Table, counted, duration, significant
from mesopop.analysis.series import require_series
from mesopop.validation import require_number

WINDOW = 5.0  # correlation times after which their integral is ended (Sokal)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Autocorrelation:
    """Autocovariance of a series about its mean over time and trials.

    Attributes
    ----------
    lags : ndarray, shape (n_lags,)
        0, dt, 2 dt, ... (ms).
    covariance, covariance_se : ndarray, shape (n_lags,)
        Autocovariance (units of the series squared; Hz^2 for a rate) and its standard error over
        trials or batches; nan if the series is too short for batches.
    correlation, correlation_se : ndarray, shape (n_lags,)
        The same divided by the variance.
    time : float
        Integral of the correlation from 0 to infinity (ms).
    n : int
        Number of trials or batches behind the standard errors.
    """

    lags: NDArray[np.float64]
    covariance: NDArray[np.float64]
    covariance_se: NDArray[np.float64]
    correlation: NDArray[np.float64]
    correlation_se: NDArray[np.float64]
    time: float
    n: int

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        return Table(
            title=f"Autocorrelation up to {duration(float(self.lags[-1]))} "
            f"({counted(self.n, 'piece')})",
            lines=[],
            header=None,
            rows=[
                ["standard deviation", significant(math.sqrt(self.covariance[0]))],
                ["correlation time", duration(self.time)],
            ],
            notes=[],
        )


def autocorrelation(rate: ArrayLike, *, dt: float, max_lag: float | None = None) -> Autocorrelation:
    """Estimate the autocovariance and autocorrelation of a series.

    c(k dt) is the mean of (A_i - m)(A_i+k - m) over all pairs of bins of the same trial, m the mean
    over time and trials. As m is estimated, c is too small by about c(0) 2 tau / T on average (T:
    all recorded time, tau: correlation time). Standard errors are over trials, or over batches if
    there are fewer than ten, each at least twice as long as `max_lag`.

    The correlation time ends the integral over c / c(0) after five of its own length [1]_. It says
    how many independent values a series is worth: T / (2 tau). In series shorter than some 40 tau it
    comes out too short itself, by a fraction of about 5 tau / T.

    Parameters
    ----------
    rate : array_like, shape (bins,) or (trials, bins)
        Population activity (Hz), or any other series.
    dt : float
        Width of the bins (ms).
    max_lag : float, optional
        Longest lag (ms), at most half a trial. Default: a tenth of a trial.

    Returns
    -------
    Autocorrelation

    Raises
    ------
    TypeError, ValueError
        If `rate` is not a finite series of at least 2 bins, it is constant, dt <= 0 ms, or
        `max_lag` is out of bounds.

    References
    ----------
    .. [1] A. Sokal, Monte Carlo methods in statistical mechanics, in: Functional Integration
       (1997), section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import autocorrelation, exponential_smoothing
    >>> noise = np.random.default_rng(1).normal(size=(10, 20_000))
    >>> found = autocorrelation(exponential_smoothing(noise, dt=1.0, tau=20.0), dt=1.0)
    >>> found.correlation[[0, 20, 40]].round(2)
    array([1.  , 0.36, 0.13])
    >>> round(found.time, 1)
    20.0
    """
    values = np.atleast_2d(require_series("rate", rate))
    dt = require_number("dt", dt, "ms", gt=0)
    trials, bins = values.shape
    if max_lag is None:
        lags = max(bins // 10, 1)
    else:
        lags = int(require_number("max_lag", max_lag, "ms", ge=0, le=bins * dt / 2) / dt + 1e-6)
    deviation = _deviation(values)
    covariance = _sum_of_products(deviation, lags) / (trials * (bins - np.arange(lags + 1)))
    correlation = covariance / covariance[0]

    pieces = min(batches(trials, bins), max(bins // (2 * lags), 1)) if lags else 1
    length = bins // pieces
    own = deviation[:, : pieces * length].reshape(-1, length)
    n = len(own)
    products = _products(own, lags) / (length - np.arange(lags + 1))
    covariance_se, correlation_se = np.full((2, lags + 1), math.nan)
    if n > 1:
        covariance_se = products.std(axis=0, ddof=1) / math.sqrt(n)
        # Of a ratio of means (delta method).
        residual = products - correlation * products[:, :1]
        correlation_se = residual.std(axis=0, ddof=1) / math.sqrt(n) / products[:, 0].mean()
    return Autocorrelation(
        lags=dt * np.arange(lags + 1),
        covariance=covariance,
        covariance_se=covariance_se,
        correlation=correlation,
        correlation_se=correlation_se,
        time=integral_time(values, dt),
        n=n,
    )


def integral_time(values: NDArray[np.float64], dt: float) -> float:
    """Integral of the autocorrelation of a checked series (ms).

    At least half a bin, that of independent bins: series that undershoot are not worth more values
    than they have.
    """
    values = np.atleast_2d(values)
    bins = values.shape[1]
    deviation = _deviation(values)
    lags = np.arange(bins // 2 + 1)
    covariance = _sum_of_products(deviation, len(lags) - 1) / (bins - lags)
    integrals = np.cumsum(covariance) / covariance[0] - 0.5
    enough = np.flatnonzero(lags >= WINDOW * integrals)
    steps = float(integrals[enough[0]]) if len(enough) else bins / 2
    return dt * max(steps, 0.5)


def effective_size(values: NDArray[np.float64], dt: float) -> float:
    """Number of independent values that a checked series is worth, at least 1."""
    return max(values.size * dt / (2 * integral_time(values, dt)), 1.0)


def _deviation(values: NDArray[np.float64]) -> NDArray[np.float64]:
    deviation: NDArray[np.float64] = values - values.mean()
    if not np.any(np.abs(deviation) > 1e-12 * np.abs(values).max()):
        raise ValueError(f"rate must vary to be correlated, got {values.flat[0]} in every bin")
    return deviation


def _sum_of_products(deviation: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    # Row by row: padded spectra of all together take much more memory than the series.
    total = np.zeros(lags + 1)
    for row in deviation:
        total += _products(row[None], lags)[0]
    return total


def _products(deviation: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    # Sums of products at each lag, of each row, through the spectrum of the padded series.
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(deviation.shape[1] + lags, real=True)
    products: NDArray[np.float64] = irfft(np.abs(rfft(deviation, size, axis=1)) ** 2, size, axis=1)
    return products[:, : lags + 1].copy()
