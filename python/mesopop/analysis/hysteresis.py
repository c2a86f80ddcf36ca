"""Segmentation of a series into Up and Down by two thresholds."""

from __future__ import annotations

import abc

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.durations import Durations
from mesopop.analysis.report import counted, duration, significant
from mesopop.analysis.series import require_series
from mesopop.analysis.smoothing import SETTLING, settled, settling_bins, smoothed
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
class Division(abc.ABC):
    """How a series was divided into Up and Down states.

    Attributes
    ----------
    low, high : float
        Thresholds, in the units of the series.
    smooth : float
        Time constant of the exponential smoothing before the thresholds (ms); 0: none.
    dt : float
        Width of the bins (ms).
    origin : str
        Where the thresholds come from; empty if they were given.
    trials, bins : int
        Number of trials (1 for a single series), and of the bins of each.
    """

    low: float
    high: float
    smooth: float
    dt: float
    origin: str = ""
    trials: int
    bins: int

    @property
    def duration(self) -> float:
        """Length of each trial (ms)."""
        return self.bins * self.dt

    @property
    def unsettled(self) -> int:
        """Bins at the beginning of each trial that smoothing takes to settle: undefined."""
        return settling_bins(self.dt, self.smooth)

    def describe(self) -> tuple[str, str]:
        """Return one line on the data and one on how they were divided."""
        span = f"{counted(self.trials, 'trial')} of {duration(self.duration)}"
        series = f"series smoothed over {significant(self.smooth)} ms" if self.smooth else "series"
        method = f"Up above {significant(self.high)}, Down below {significant(self.low)} ({series})"
        if self.origin:
            method += f"; thresholds from the {self.origin}"
        return f"{span}, bins of {significant(self.dt)} ms", method

    @abc.abstractmethod
    def intervals(self) -> NDArray[np.void]:
        """Maximal intervals of constant state; see `Segmentation.intervals`."""


@attrs.frozen(kw_only=True, eq=False)
class SegmentationInBlocks(Division):
    """A series that was divided block by block: its intervals, not the state of every bin."""

    found: NDArray[np.void] = attrs.field(repr=False)

    def intervals(self) -> NDArray[np.void]:
        """As `Segmentation.intervals`."""
        return self.found


@attrs.frozen(kw_only=True, eq=False)
class Segmentation(Division):
    """Up and Down states of a series, and how they were found.

    Attributes
    ----------
    state : ndarray of int8, shape (bins,) or (trials, bins)
        `UP` (1), `DOWN` (0), or `UNDEFINED` (-1) until the series first crosses a threshold.
    low, high, smooth, dt, origin, trials, bins
        As in `Division`.
    """

    state: NDArray[np.int8]

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
        return intervals(*switches(state, np.full(len(state), UNDEFINED, np.int8)), self.bins)


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
    it is undefined, and so it is for the first five time constants of the smoothing, which begins
    with a single bin as noisy as that is.

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
        If `rate` is not a finite series of at least 2 bins, longer than 5 `smooth`, dt <= 0 ms,
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
    unsettled = settling_bins(dt, smooth)
    if values.shape[-1] <= unsettled:
        raise ValueError(
            f"rate must last longer than {SETTLING:g} smooth ({SETTLING * smooth:g} ms), "
            f"got {length} ms ({values.shape[-1]} bins of {dt} ms)"
        )
    curve = smoothed(values, dt, smooth)
    if chosen is None:
        chosen = histogram_thresholds(settled(values, dt, smooth), dt)
    state = hysteresis(curve, chosen.low, chosen.high, unsettled=unsettled)
    trials, bins = np.atleast_2d(state).shape
    segmentation = Segmentation(
        state=state,
        low=chosen.low,
        high=chosen.high,
        smooth=smooth,
        dt=dt,
        origin=chosen.origin,
        trials=trials,
        bins=bins,
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


def switches(
    state: NDArray[np.int8], before: NDArray[np.int8]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int8]]:
    """Return trial, bin and new state of all switches, by trial and time.

    Parameters
    ----------
    state : ndarray, shape (trials, bins)
    before : ndarray, shape (trials,)
        State before the first bin.
    """
    switched = np.diff(state, axis=1, prepend=before[:, np.newaxis]) != 0
    trial, start = np.nonzero(switched)
    return trial, start, state[trial, start]


def intervals(
    trial: NDArray[np.int64], start: NDArray[np.int64], state: NDArray[np.int8], bins: int
) -> NDArray[np.void]:
    """Return the intervals between switches, as `Segmentation.intervals`, of trials of `bins`."""
    result = np.empty(len(trial), dtype=_INTERVAL)
    result["trial"], result["start"], result["state"] = trial, start, state
    result["first"] = np.diff(trial, prepend=-1) != 0
    result["last"] = np.diff(trial, append=-1) != 0
    result["stop"] = np.where(result["last"], bins, np.append(start[1:], bins))
    return result


def missing_state(division: Division, extremes: tuple[float, float]) -> str | None:
    """Say why one or both states do not occur in a series of such extremes; None if both do."""
    found = division.intervals()
    up, down = np.any(found["state"] == UP), np.any(found["state"] == DOWN)
    low, high = significant(division.low), significant(division.high)
    least, most = map(significant, extremes)
    series = "the smoothed series" if division.smooth else "the series"
    if division.bins <= division.unsettled:
        return f"neither Up nor Down: not longer than {SETTLING:g} times the smoothing"
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


def dwell_times(intervals: NDArray[np.void], segmentation: Division) -> Durations:
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


def onset_durations(segmentation: Division) -> Durations:
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


def hysteresis(
    curve: NDArray[np.float64],
    low: float,
    high: float,
    before: NDArray[np.int8] | None = None,
    unsettled: int = 0,
) -> NDArray[np.int8]:
    """Return the state in every bin of a smoothed series.

    `before`, shape (trials,), is the state before the first bin, by default undefined. The first
    `unsettled` bins cross no threshold.
    """
    state = np.full(curve.shape, UNDEFINED, dtype=np.int8)
    state[curve < low] = DOWN
    state[curve > high] = UP
    state[..., :unsettled] = UNDEFINED
    if before is not None:
        state[..., 0] = np.where(state[..., 0] == UNDEFINED, before, state[..., 0])
    # Each bin takes the state of the last bin outside the band; bin 0, undefined or not, stands in
    # for what came before.
    source = np.where(state == UNDEFINED, 0, np.arange(curve.shape[-1]))
    np.maximum.accumulate(source, axis=-1, out=source)
    return np.take_along_axis(state, source, axis=-1)
