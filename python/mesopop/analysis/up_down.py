"""Up and Down states: how long, how often, what fraction of the time."""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.durations import Durations
from mesopop.analysis.estimate import Estimate, EventRate, mean, ratio
from mesopop.analysis.hysteresis import (
    DOWN,
    UP,
    Division,
    censored_intervals,
    dwell_times,
    missing_state,
    onset_durations,
    onset_intervals,
    smooth_and_segment,
)
from mesopop.analysis.report import Table, duration, significant
from mesopop.analysis.thresholds import Thresholds


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UpDownStates:
    """Up and Down states of a series; trials are pooled and never joined.

    Times are in ms from the start of the trial, and the time of a bin is its end. An interval is
    complete if both its ends were seen; the first and the last of each trial are not.

    Attributes
    ----------
    segmentation : Segmentation or Division
        Thresholds, smoothing and bin width; of `up_down_states` also the state in every bin.
    up_times, down_times : ndarray, shape (n_up,), (n_down,)
        Complete dwell times (ms), in order of trial and time.
    censored : structured ndarray
        The first and last interval of each trial: `trial`, `state` (`UP`, `DOWN`), `start` (ms),
        `duration` (ms, what was seen of it), `first`, `last`.
    onsets : ndarray, shape (n_onsets,)
        Times of all switches from Down to Up (ms).
    onset_trials : ndarray of int, shape (n_onsets,)
        The trial of each onset.
    intervals : ndarray
        Times between successive onsets of the same trial (ms).
    up_fraction : Estimate
        Time Up / time in either state; `n` is the number of pieces behind the standard error. If
        only one state was seen this is 0 or 1 and its standard error nan: nothing tells how
        certain it is.
    up_to_down, down_to_up : EventRate
        Switching rates (Hz): switches seen / time in the state that is left, incomplete intervals
        included. Unlike the mean dwell times they are not biased in trials hardly longer than an
        interval (of which the long intervals are the ones cut off).
    reason : str or None
        Why there is no complete interval of one or both states; None if there are both.
    """

    segmentation: Division
    up_times: NDArray[np.float64]
    down_times: NDArray[np.float64]
    censored: NDArray[np.void]
    onsets: NDArray[np.float64]
    onset_trials: NDArray[np.int64]
    intervals: NDArray[np.float64]
    up_fraction: Estimate
    up_to_down: EventRate
    down_to_up: EventRate
    reason: str | None

    @property
    def up(self) -> Durations:
        """Up dwell times of which the beginning was seen: survival function, exponentiality."""
        return self._durations(UP)

    @property
    def down(self) -> Durations:
        """Down dwell times of which the beginning was seen: survival function, exponentiality."""
        return self._durations(DOWN)

    @property
    def interval_durations(self) -> Durations:
        """The intervals, and the time after the last onset of each trial as one cut off."""
        return onset_durations(self.segmentation)

    def _durations(self, state: int) -> Durations:
        found = self.segmentation.intervals()
        return dwell_times(found[found["state"] == state], self.segmentation)

    @property
    def mean_up_time(self) -> Estimate:
        """Mean of the complete Up dwell times (ms), standard error sd / sqrt(n)."""
        return mean(self.up_times, "ms")

    @property
    def mean_down_time(self) -> Estimate:
        """Mean of the complete Down dwell times (ms), standard error sd / sqrt(n)."""
        return mean(self.down_times, "ms")

    @property
    def mean_interval(self) -> Estimate:
        """Mean interval between Up onsets (ms), standard error sd / sqrt(n)."""
        return mean(self.intervals, "ms")

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        up = self.up_fraction
        down = Estimate(1 - up.value, up.se, up.n)
        span, method = self.segmentation.describe()
        rows = [
            ["fraction of time", str(up), str(down)],
            ["mean dwell time", str(self.mean_up_time), str(self.mean_down_time)],
            ["complete dwell times", str(len(self.up_times)), str(len(self.down_times))],
            ["cut off by a border", self._cut_off(UP), self._cut_off(DOWN)],
            ["rate of leaving", *(_rate(rate) for rate in (self.up_to_down, self.down_to_up))],
            ["  95 % interval", *(_bounds(rate) for rate in (self.up_to_down, self.down_to_up))],
        ]
        interval = self.mean_interval
        notes = [f"interval between Up onsets: {interval} (n = {interval.n})"] if interval.n else []
        seen = self.up_to_down.exposure + self.down_to_up.exposure
        judged = self.segmentation.bins - min(self.segmentation.unsettled, self.segmentation.bins)
        undefined = self.segmentation.trials * judged * self.segmentation.dt - seen
        if undefined > 0.5 * self.segmentation.dt:
            notes.append(f"undefined before the first threshold: {duration(undefined)}")
        notes.append("± standard error")
        return Table(
            title=f"Up and Down states: {span}",
            lines=[method, self.reason] if self.reason else [method],
            header=["", "Up", "Down"],
            rows=rows,
            notes=notes,
        )

    def _cut_off(self, state: int) -> str:
        durations = self.censored["duration"][self.censored["state"] == state]
        if not len(durations):
            return "0"
        return f"{len(durations)} ({duration(float(durations.sum()))} seen)"


def _rate(rate: EventRate) -> str:
    return f"{significant(rate.value)} Hz" if rate.exposure > 0 else "–"


def _bounds(rate: EventRate) -> str:
    low, high = rate.interval()
    return f"{significant(low)} to {significant(high)} Hz" if rate.exposure > 0 else "–"


def up_down_states(
    rate: ArrayLike,
    *,
    dt: float,
    low: float | None = None,
    high: float | None = None,
    thresholds: Thresholds | None = None,
    smooth: float = 10.0,
) -> UpDownStates:
    """Find Up and Down states by two thresholds and measure them.

    The series is smoothed exponentially; the state becomes Up when the smoothed series exceeds
    `high`, Down when it falls below `low` (`segment`).

    The standard error of the Up fraction r = sum U_i / sum C_i is that of a ratio (delta method),
    se^2 = n / (n - 1) * sum (U_i - r C_i)^2 / (sum C_i)^2, over pieces i of length C_i and time
    Up U_i. Each trial is cut at its Up onsets: the pieces of one long series are the cycles of an
    alternating renewal process, which takes care of the correlation in time; the pieces of trials
    too short to switch are the independent trials. In between (a few cycles per trial, with dwell
    times more regular than exponential) it errs on the large side. It needs two pieces and both
    states, otherwise it is nan.

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
    UpDownStates
        Without complete intervals its means are nan, and its `reason` says why.

    Raises
    ------
    TypeError, ValueError
        If `rate` is not a finite series of at least 2 bins, longer than 5 `smooth`, dt <= 0 ms,
        smooth < 0 ms, or low >= high; without thresholds, if the series is not bimodal.

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import up_down_states
    >>> bins = [120, 200, 300, 150, 250, 180, 350, 220]
    >>> rate = np.repeat([1.0, 40.0] * 4, bins)
    >>> states = up_down_states(rate, dt=10.0, low=6.0, high=25.0, smooth=0.0)
    >>> states.up_times
    array([2000., 1500., 1800.])
    >>> states.onsets
    array([ 1210.,  6210., 10210., 15510.])
    >>> states
    Up and Down states: 1 trial of 17.7 s, bins of 10 ms
      Up above 25, Down below 6 (series)
                             Up                  Down
      fraction of time       0.424 ± 0.092       0.576 ± 0.092
      mean dwell time        1.77 ± 0.15 s       3.00 ± 0.29 s
      complete dwell times   3                   3
      cut off by a border    1 (2.2 s seen)      1 (1.2 s seen)
      rate of leaving        0.4 Hz              0.392 Hz
        95 % interval        0.0825 to 1.17 Hz   0.107 to 1 Hz
      interval between Up onsets: 4.77 ± 0.39 s (n = 3)
      ± standard error
    """
    _, curve, segmentation = smooth_and_segment(
        rate, dt=dt, low=low, high=high, thresholds=thresholds, smooth=smooth
    )
    judged = curve[..., segmentation.unsettled :]
    extremes = float(judged.min()), float(judged.max())
    return measured_states(segmentation, extremes)


def measured_states(segmentation: Division, extremes: tuple[float, float]) -> UpDownStates:
    """Measure the intervals of a series of which the extremes are known."""
    found = segmentation.intervals()
    dt = segmentation.dt
    is_up = found["state"] == UP
    complete = ~found["first"] & ~found["last"]
    length = (found["stop"] - found["start"]) * dt
    starts_up = found[is_up & ~found["first"]]
    onsets = (starts_up["start"] + 1) * dt

    def switches_from(state: NDArray[np.bool_]) -> EventRate:
        events = int(np.count_nonzero(state & ~found["last"]))
        return EventRate(events=events, exposure=float(length[state].sum()))

    up_times, down_times = length[is_up & complete], length[~is_up & complete]
    missing = missing_state(segmentation, extremes)
    return UpDownStates(
        segmentation=segmentation,
        up_times=up_times,
        down_times=down_times,
        censored=censored_intervals(found, dt),
        onsets=onsets,
        onset_trials=starts_up["trial"],
        intervals=onset_intervals(onsets, starts_up["trial"]),
        up_fraction=_up_fraction(length, is_up, found["first"]),
        up_to_down=switches_from(is_up),
        down_to_up=switches_from(~is_up),
        reason=missing or _incomplete(len(up_times), len(down_times)),
    )


def _up_fraction(
    length: NDArray[np.float64], is_up: NDArray[np.bool_], first: NDArray[np.bool_]
) -> Estimate:
    if not len(length):
        return Estimate(math.nan, math.nan, 0)
    piece = np.cumsum(first | is_up) - 1
    up = np.bincount(piece, weights=length * is_up).astype(np.float64)
    whole = np.bincount(piece, weights=length).astype(np.float64)
    estimate = ratio(up, whole)
    if is_up.all() or not is_up.any():
        return Estimate(estimate.value, math.nan, estimate.n)
    return estimate


def _incomplete(n_up: int, n_down: int) -> str | None:
    missing = [name for name, n in (("Up", n_up), ("Down", n_down)) if n == 0]
    if not missing:
        return None
    return f"no complete {' or '.join(missing)} interval: a border cuts off each one"
