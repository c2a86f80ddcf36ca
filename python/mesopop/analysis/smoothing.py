"""Causal exponential smoothing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.series import require_series
from mesopop.validation import require_number


def exponential_smoothing(rate: ArrayLike, *, dt: float, tau: float) -> NDArray[np.float64]:
    """Smooth a series with a causal exponential kernel.

    The smoothed series follows ds/dt = (A - s) / tau exactly for an A that is constant within each
    bin, s <- s + (A - s) (1 - exp(-dt / tau)), and starts at the first value of A.

    Parameters
    ----------
    rate : array_like, shape (bins,) or (trials, bins)
        Population activity (Hz), or any other series (a potential in mV).
    dt : float
        Width of the bins (ms).
    tau : float
        Time constant (ms); 0 leaves the series as it is.

    Returns
    -------
    ndarray, shape of `rate`
        Smoothed series at the end of each bin, in the units of `rate`.

    Raises
    ------
    TypeError, ValueError
        If `rate` is not a finite series of at least 2 bins, dt <= 0 ms, or tau < 0 ms.

    Examples
    --------
    >>> from mesopop.analysis import exponential_smoothing
    >>> exponential_smoothing([0.0, 10.0, 10.0], dt=10.0, tau=10.0).round(3)
    array([0.   , 6.321, 8.647])
    """
    values = require_series("rate", rate)
    dt = require_number("dt", dt, "ms", gt=0)
    return smoothed(values, dt, require_number("tau", tau, "ms", ge=0))


def smoothed(values: NDArray[np.float64], dt: float, tau: float) -> NDArray[np.float64]:
    """Smooth a checked series."""
    if tau == 0:
        return values.copy()
    from scipy.signal import lfilter  # takes half a second to import

    # Filtering the distance from the start keeps a constant series constant to the last bit, so
    # that a series that lies exactly on a threshold does not cross it by rounding.
    start = values[..., :1]
    gain = -math.expm1(-dt / tau)
    rise: NDArray[np.float64] = lfilter([gain], [1.0, gain - 1.0], values - start, axis=-1)
    return start + rise


def settled(values: NDArray[np.float64], dt: float, tau: float) -> NDArray[np.float64]:
    """Smooth a checked series, and leave out the beginning.

    Smoothing starts at the first bin as it is: that is forgotten after five time constants. At most
    half of a trial is left out.
    """
    first = min(math.ceil(5 * tau / dt), values.shape[-1] // 2)
    return smoothed(values, dt, tau)[..., first:]
