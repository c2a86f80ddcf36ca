"""Causal exponential smoothing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.series import require_series
from mesopop.validation import require_number

SETTLING = 5.0  # time constants after which smoothing has forgotten how it began


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
    return SmoothedBlocks().smoothed(values, dt, tau)


def settled(values: NDArray[np.float64], dt: float, tau: float) -> NDArray[np.float64]:
    """Smooth a checked series, and leave out the beginning.

    At most half of a trial is left out.
    """
    first = min(settling_bins(dt, tau), values.shape[-1] // 2)
    return smoothed(values, dt, tau)[..., first:]


def settling_bins(dt: float, tau: float) -> int:
    """How many bins smoothing takes to forget how it began.

    It starts at the first bin as it is, which fluctuates much more than the smoothed series.
    """
    return math.ceil(SETTLING * tau / dt - 1e-9)


class SmoothedBlocks:
    """Smooths a series block by block, with the bits of the whole."""

    def __init__(self) -> None:
        # First value of the series, and what the filter carries on; shape (..., 1).
        self._start: NDArray[np.float64] | None = None
        self._carried = np.empty(0)

    def smoothed(self, values: NDArray[np.float64], dt: float, tau: float) -> NDArray[np.float64]:
        """Smooth the next block; every block has the same `dt` and `tau`."""
        if tau == 0:
            return values.copy()
        from scipy.signal import lfilter  # takes half a second to import

        # Filtering the distance from the start keeps a constant series constant to the last bit, so
        # that a series that lies exactly on a threshold does not cross it by rounding.
        if self._start is None:
            self._start = values[..., :1].copy()
            self._carried = np.zeros_like(self._start)
        gain = -math.expm1(-dt / tau)
        rise: NDArray[np.float64]
        rise, self._carried = lfilter(
            [gain], [1.0, gain - 1.0], values - self._start, axis=-1, zi=self._carried
        )
        return self._start + rise

    def memory(self) -> dict[str, NDArray[np.float64]]:
        """What is carried from block to block."""
        if self._start is None:
            return {}
        return {"smoothing_start": self._start, "smoothing_carried": self._carried}

    @classmethod
    def remembered(cls, memory: dict[str, NDArray[np.float64]]) -> SmoothedBlocks:
        """Go on from what `memory` gave."""
        self = cls()
        if "smoothing_start" in memory:
            self._start = memory["smoothing_start"]
            self._carried = memory["smoothing_carried"]
        return self
