"""Segmentation of a series into Up and Down by two thresholds."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.durations import Durations
from mesopop.analysis.report import counted, duration, significant
from mesopop.analysis.series import require_series
from mesopop.analysis.smoothing import settled, smoothed
from mesopop.analysis.thresholds import Thresholds, histogram_thresholds
from mesopop.validation import require_number

UNDEFINED, DOWN, UP = -1, 0, 1

_INTERVAL = np.dtype(
    [
        ("trial", np.int64),
        ("state", np.int8),
        ("start", np.int64),
        ("stop", np.int64),
        ("first", np.bool_),
        ("last", np.bool_),
    ]
)

_CENSORED = np.dtype(
    [
        ("trial", np.int64),
        ("state", np.int8),
        ("start", np.float64),
        ("duration", np.float64),
        ("first", np.bool_),
        ("last", np.bool_),
    ]
)


@attrs.frozen(kw_only=True, eq=False)
class Segmentation:
    """Up and Down states of a series, and how they were found.

    Attributes
    ----------
    state : ndarray of int8, shape (bins,) or (trials, bins)
        `UP` (1), `DOWN` (0), or `UNDEFINED` (-1) until the series first crosses a threshold.
    low, high : float
        Thresholds, in the units of the series.
    smooth : float
        Time constant of the exponential smoothing before the thresholds (ms); 0: none.
    dt : float
        Width of the bins (ms).
    origin : str
        Where the thresholds come from; empty if they were given.
    """

    state: NDArray[np.int8]
    low: float
    high: float
    smooth: float
    dt: float
    origin: str = ""

    @property
    def trials(self) -> int:
        """Number of trials (1 for a single series)."""
        return self.state.shape[0] if self.state.ndim == 2 else 1

    @property
    def bins(self) -> int:
        """Number of bins of each trial."""
        return int(self.state.shape[-1])

    @property
    def duration(self) -> float:
        """Length of each trial (ms)."""
        return self.bins * self.dt

    def describe(self) -> tuple[str, str]:
        """Return one line on the data and one on how they were divided."""
        span = f"{counted(self.trials, 'trial')} of {duration(self.duration)}"
        series = f"series smoothed over {significant(self.smooth)} ms" if self.smooth else "series"
        method = f"Up above {significant(self.high)}, Down below {significant(self.low)} ({series})"
        if self.origin:
            method += f"; thresholds from the {self.origin}"
        return f"{span}, bins of {significant(self.dt)} ms", method

    def intervals(self) -> NDArray[np.void]:
        """Maximal intervals of constant state, in order, undefined stretches left out.

        Returns
        -------
        structured ndarray
            Fields `trial`, `state`, `start` and `stop` (bins, `stop` exclusive), `first` and
            `last`: whether the interval is the first or last of its trial. The first one began at
            an unknown time, the last one was still going on: both are censored.

        Examples
        --------
        >>> from mesopop.analysis import segment
        >>> found = segment([1, 30, 30, 1], dt=1.0, low=6.0, high=25.0, smooth=0.0).intervals()
        >>> found["state"], found["stop"] - found["start"]
        (array([0, 1, 0], dtype=int8), array([1, 2, 1]))
        >>> found["last"]
        array([False, False,  True])
        """
        state = np.atleast_2d(self.state)
        bins = state.shape[1]
        begins = np.ones(state.shape, dtype=bool)
        np.not_equal(state[:, 1:], state[:, :-1], out=begins[:, 1:])
        start = np.flatnonzero(begins)
        stop = np.append(start[1:], state.size)
        kind = state.ravel()[start]
        defined = kind != UNDEFINED
        start, stop, kind = start[defined], stop[defined], kind[defined]

        result = np.empty(len(start), dtype=_INTERVAL)
        trial = start // bins
        result["trial"] = trial
        result["state"] = kind
        result["start"] = start - trial * bins
        result["stop"] = stop - trial * bins
        result["first"] = np.diff(trial, prepend=-1) != 0
        result["last"] = result["stop"] == bins
        return result


def segment(
    rate: ArrayLike,
    *,
    dt: float,
    low: float | None = None,
    high: float | None = None,
    thresholds: Thresholds | None = None,
    smooth: float = 10.0,
) -> Segmentation:
    """Divide a series into Up and Down states by hysteresis on the smoothed series.

    The state becomes Up when the smoothed series exceeds `high` and Down when it falls below `low`;
    between the thresholds, and on them, it stays what it was. Before the first crossing of a trial
    it is undefined.

    Parameters
    ----------
    rate : array_like, shape (bins,) or (trials, bins)
        Population activity (Hz), or any other series (a potential in mV).
    dt : float
        Width of the bins (ms).
    low, high : float, optional
        Thresholds, in the units of `rate`; low < high.
    thresholds : Thresholds, optional
        Instead of these. Default: `thresholds_from_histogram` of the series.
    smooth : float
        Time constant of causal exponential smoothing (ms); 0: none.

    Returns
    -------
    Segmentation

    Raises
    ------
    TypeError, ValueError
        If `rate` is not a finite series of at least 2 bins and longer than `smooth`, dt <= 0 ms,
        smooth < 0 ms, or low >= high; without thresholds, if the series is not bimodal.

    Examples
    --------
    >>> from mesopop.analysis import segment
    >>> segment([10, 1, 10, 30, 10, 1], dt=1.0, low=6.0, high=25.0, smooth=0.0).state
    array([-1,  0,  0,  1,  1,  0], dtype=int8)
    """
    return smooth_and_segment(
        rate, dt=dt, low=low, high=high, thresholds=thresholds, smooth=smooth
    )[2]


def smooth_and_segment(
    rate: ArrayLike,
    *,
    dt: float,
    low: float | None,
    high: float | None,
    thresholds: Thresholds | None,
    smooth: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], Segmentation]:
    """Return the checked series, the smoothed series and its segmentation."""
    values = require_series("rate", rate)
    dt = require_number("dt", dt, "ms", gt=0)
    smooth = require_number("smooth", smooth, "ms", ge=0)
    chosen = _given(low, high, thresholds)
    length = values.shape[-1] * dt
    if length <= smooth:
        raise ValueError(
            f"rate must last longer than smooth ({smooth} ms), got {length} ms "
            f"({values.shape[-1]} bins of {dt} ms)"
        )
    curve = smoothed(values, dt, smooth)
    if chosen is None:
        chosen = histogram_thresholds(settled(values, dt, smooth), dt)
    segmentation = Segmentation(
        state=_hysteresis(curve, chosen.low, chosen.high),
        low=chosen.low,
        high=chosen.high,
        smooth=smooth,
        dt=dt,
        origin=chosen.origin,
    )
    return values, curve, segmentation


def _given(
    low: float | None, high: float | None, thresholds: Thresholds | None
) -> Thresholds | None:
    if thresholds is None:
        if low is None and high is None:
            return None
        # One alone is refused there.
        return Thresholds(low=low, high=high)  # type: ignore[arg-type]
    if low is not None or high is not None:
        raise ValueError(f"give low and high, or thresholds, not both: got low {low}, high {high}")
    if not isinstance(thresholds, Thresholds):
        raise TypeError(f"thresholds must be Thresholds, got {thresholds!r}")
    return thresholds


def missing_state(curve: NDArray[np.float64], segmentation: Segmentation) -> str | None:
    """Say why one or both states do not occur; None if both do."""
    up, down = np.any(segmentation.state == UP), np.any(segmentation.state == DOWN)
    low, high = significant(segmentation.low), significant(segmentation.high)
    least, most = significant(float(curve.min())), significant(float(curve.max()))
    series = "the smoothed series" if segmentation.smooth else "the series"
    if not up and not down:
        return f"neither Up nor Down: {series} ({least} to {most}) stays between {low} and {high}"
    if not up:
        return f"never Up: {series} (at most {most}) does not exceed high = {high}"
    if not down:
        return f"never Down: {series} (at least {least}) does not fall below low = {low}"
    return None


def censored_intervals(intervals: NDArray[np.void], dt: float) -> NDArray[np.void]:
    """Return the first and last intervals of each trial, in ms."""
    chosen = intervals[intervals["first"] | intervals["last"]]
    result = np.empty(len(chosen), dtype=_CENSORED)
    for name in ("trial", "state", "first", "last"):
        result[name] = chosen[name]
    result["start"] = (chosen["start"] + 1) * dt
    result["duration"] = (chosen["stop"] - chosen["start"]) * dt
    return result


def dwell_times(intervals: NDArray[np.void], segmentation: Segmentation) -> Durations:
    """Return the durations of intervals, but for those that were going on when a trial began."""
    begun = intervals[~intervals["first"]]
    lengths = (begun["stop"] - begun["start"]) * segmentation.dt
    room = (segmentation.bins - begun["start"]) * segmentation.dt
    last = begun["last"]
    return Durations(
        complete=lengths[~last],
        cut_off=lengths[last],
        limits=np.concatenate((room[~last], room[last])),
        dt=segmentation.dt,
    )


def onset_durations(segmentation: Segmentation) -> Durations:
    """Return the times from each onset to the next one, or cut off by the end of the trial."""
    found = segmentation.intervals()
    begun = found[(found["state"] == UP) & ~found["first"]]
    room = (segmentation.bins - begun["start"]) * segmentation.dt
    last = np.append(np.diff(begun["trial"]) != 0, True)[: len(begun)]
    onsets = begun["start"] * segmentation.dt
    return Durations(
        complete=onset_intervals(onsets, begun["trial"]),
        cut_off=room[last],
        limits=np.concatenate((room[~last], room[last])),
        dt=segmentation.dt,
    )


def onset_intervals(onsets: NDArray[np.float64], trials: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the times between successive onsets of the same trial."""
    between: NDArray[np.float64] = np.diff(onsets)[np.diff(trials) == 0]
    return between


def _hysteresis(curve: NDArray[np.float64], low: float, high: float) -> NDArray[np.int8]:
    state = np.full(curve.shape, UNDEFINED, dtype=np.int8)
    state[curve < low] = DOWN
    state[curve > high] = UP
    # Each bin takes the state of the last bin outside the band; bin 0, undefined or not, stands in
    # for what came before.
    source = np.where(state == UNDEFINED, 0, np.arange(curve.shape[-1]))
    np.maximum.accumulate(source, axis=-1, out=source)
    return np.take_along_axis(state, source, axis=-1)
