"""Two thresholds between Down and Up: from the histogram of a series, or from fixed points."""

from __future__ import annotations

import math

import attrs
import numpy as np
from attrs import field
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.modes import modes_of
from mesopop.analysis.report import significant
from mesopop.analysis.series import require_series
from mesopop.analysis.smoothing import settled
from mesopop.validation import number, real_number, require_number

SIGNIFICANT = 0.05  # p of one mode, below which a histogram is taken for bimodal


@attrs.frozen(kw_only=True)
class Thresholds:
    """Two thresholds, in the units of the series.

    Attributes
    ----------
    low, high : float
        The state becomes Down below `low`, Up above `high`.
    origin : str
        Where they come from; empty if they were given.

    Raises
    ------
    TypeError, ValueError
        If they are not finite numbers, or low >= high.

    Examples
    --------
    >>> from mesopop.analysis import Thresholds
    >>> Thresholds(low=6, high=25)
    Thresholds(low=6.0, high=25.0, origin='')
    """

    low: float = field(converter=real_number, validator=number())
    high: float = field(converter=real_number, validator=number())
    origin: str = ""

    def __attrs_post_init__(self) -> None:
        if self.low >= self.high:
            raise ValueError(
                "low must be < high (both in the units of the series), "
                f"got low {self.low}, high {self.high}"
            )


def thresholds_from_fixed_points(*, down: float, saddle: float, up: float) -> Thresholds:
    """Thresholds halfway from the saddle to the stable states of a bistable population.

    The unstable fixed point of the macroscopic dynamics parts the basins of both states; fluctuations
    that come back from it within half the way are no switches.

    Parameters
    ----------
    down, saddle, up : float
        Rates of the Down state, the saddle and the Up state (Hz), or potentials (mV), in ascending
        order.

    Returns
    -------
    Thresholds

    Raises
    ------
    TypeError, ValueError
        If they are not finite numbers, or not in ascending order.

    Examples
    --------
    >>> from mesopop.analysis import thresholds_from_fixed_points, up_down_states
    >>> thresholds = thresholds_from_fixed_points(down=1.0, saddle=14.0, up=36.0)
    >>> thresholds.low, thresholds.high
    (7.5, 25.0)
    >>> up_down_states([1.0, 40.0, 2.0], dt=1.0, smooth=0.0, thresholds=thresholds).onsets
    array([2.])
    """
    down, saddle, up = (
        require_number(name, value)
        for name, value in (("down", down), ("saddle", saddle), ("up", up))
    )
    if not down < saddle < up:
        raise ValueError(f"down < saddle < up must hold, got {down}, {saddle}, {up}")
    return _halfway(down, saddle, up, "fixed points", "saddle")


def thresholds_from_histogram(rate: ArrayLike, *, dt: float, smooth: float = 10.0) -> Thresholds:
    """Thresholds halfway from the valley of a bimodal histogram to its modes.

    Modes and valley are those of `bimodality`, which take the parts of fixed points and saddle
    (`thresholds_from_fixed_points`): no number is to be chosen.

    Parameters
    ----------
    rate : array_like, shape (bins,) or (trials, bins)
        Population activity (Hz), or any other series (a potential in mV).
    dt : float
        Width of the bins (ms).
    smooth : float
        Time constant of causal exponential smoothing (ms); 0: none.

    Returns
    -------
    Thresholds

    Raises
    ------
    TypeError, ValueError
        If `rate` is not a finite series of at least 2 bins, dt <= 0 ms, smooth < 0 ms, or the
        histogram is not significantly bimodal (p >= 0.05): then there are no two states to tell
        apart, or the series is too short to show them.

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import thresholds_from_histogram
    >>> rng = np.random.default_rng(1)
    >>> states = np.repeat(np.tile([2.0, 30.0], 50), rng.geometric(0.02, 100))
    >>> noisy = states + rng.normal(0, 3, len(states))
    >>> thresholds = thresholds_from_histogram(noisy, dt=10.0, smooth=0.0)
    >>> thresholds.origin
    'histogram with modes 1.9 and 30, valley 16'
    >>> round(thresholds.low, 2), round(thresholds.high, 2)
    (8.95, 22.99)
    """
    values = require_series("rate", rate)
    dt = require_number("dt", dt, "ms", gt=0)
    return histogram_thresholds(
        settled(values, dt, require_number("smooth", smooth, "ms", ge=0)), dt
    )


def histogram_thresholds(curve: NDArray[np.float64], dt: float) -> Thresholds:
    """Thresholds of a checked and smoothed series."""
    modes = modes_of(curve, dt)
    if modes.p >= SIGNIFICANT or math.isnan(modes.valley):
        raise ValueError(
            "low and high must be given: the histogram of the smoothed series is not significantly "
            f"bimodal (p = {significant(modes.p, 2)} with {modes.independent} independent values)"
        )
    return _halfway(modes.down, modes.valley, modes.up, "histogram", "valley")


def _halfway(down: float, middle: float, up: float, what: str, name: str) -> Thresholds:
    stable = "modes" if what == "histogram" else "Down and Up at"
    origin = (
        f"{what} with {stable} {significant(down)} and {significant(up)}, "
        f"{name} {significant(middle)}"
    )
    return Thresholds(low=(down + middle) / 2, high=(middle + up) / 2, origin=origin)
