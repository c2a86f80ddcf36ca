"""Population spikes: short synchronous events of the whole population."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.analysis.durations import Durations
from mesopop.analysis.estimate import (
    Correlation,
    Estimate,
    coefficient_of_variation,
    correlation,
    mean,
)
from mesopop.analysis.hysteresis import (
    UP,
    Division,
    censored_intervals,
    missing_state,
    onset_durations,
    onset_intervals,
    smooth_and_segment,
)
from mesopop.analysis.report import Table, counted
from mesopop.analysis.series import require_like_rate
from mesopop.analysis.thresholds import Thresholds


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PopulationSpikes:
    """Population spikes of a series; trials are pooled and never joined.

    An event is an excursion: from the bin in which the smoothed series first exceeds `high` to the
    one before it falls below `low`. Times are in ms from the start of the trial, and the time of a
    bin is its end. Events that a border of the trial cuts off are found in `censored` alone.

    Attributes
    ----------
    segmentation : Segmentation or Division
        Thresholds, smoothing and bin width; of `population_spikes` also the state in every bin (Up:
        within an event).
    trials : ndarray of int, shape (n_events,)
        The trial of each event.
    onsets, durations : ndarray, shape (n_events,)
        Onset and duration of the excursion (ms).
    peak_times : ndarray, shape (n_events,)
        Time of the maximum of the smoothed series within the excursion (ms).
    amplitudes, raw_amplitudes : ndarray, shape (n_events,)
        Maximum within the excursion of the smoothed series and of the series itself (its units).
    widths : ndarray, shape (n_events,)
        Width of the smoothed series at half the prominence of the peak (ms), interpolated
        (`scipy.signal.peak_widths`).
    released : ndarray, shape (n_events,), or None
        Integral of the release over the excursion: mean release per neuron and event.
    u_before, u_after, x_before, x_after : ndarray, shape (n_events,), or None
        u and x in the bin before the excursion and in its last bin.
    intervals : ndarray
        Times between successive onsets of the same trial (ms), up to the onset of an event that the
        end of the trial cuts off.
    before_interval : ndarray of int
        Which event precedes each interval, as an index of the other arrays.
    censored : structured ndarray
        Events cut off by a border: `trial`, `state` (`UP`), `start` (ms), `duration` (ms, what was
        seen of it), `first` (beginning not seen), `last` (end not seen).
    reason : str or None
        Why there is no complete event; None if there is one.
    """

    segmentation: Division
    trials: NDArray[np.int64]
    onsets: NDArray[np.float64]
    durations: NDArray[np.float64]
    peak_times: NDArray[np.float64]
    amplitudes: NDArray[np.float64]
    raw_amplitudes: NDArray[np.float64]
    widths: NDArray[np.float64]
    released: NDArray[np.float64] | None
    u_before: NDArray[np.float64] | None
    u_after: NDArray[np.float64] | None
    x_before: NDArray[np.float64] | None
    x_after: NDArray[np.float64] | None
    intervals: NDArray[np.float64]
    before_interval: NDArray[np.int64]
    censored: NDArray[np.void]
    reason: str | None

    def __len__(self) -> int:
        return len(self.onsets)

    @property
    def mean_interval(self) -> Estimate:
        """Mean interval between onsets (ms), standard error sd / sqrt(n)."""
        return mean(self.intervals, "ms")

    @property
    def cv_interval(self) -> Estimate:
        """Coefficient of variation of the intervals, jackknife standard error."""
        return coefficient_of_variation(self.intervals)

    @property
    def interval_durations(self) -> Durations:
        """The intervals, and the time after the last onset of each trial as one cut off."""
        return onset_durations(self.segmentation)

    @property
    def serial_correlation(self) -> Correlation:
        """Pearson's correlation of successive intervals; 0 for a renewal process."""
        successive = np.diff(self.before_interval) == 1
        # The event between both must be of the same trial as the one before.
        successive &= np.diff(self.trials[self.before_interval]) == 0
        return correlation(
            self.intervals[:-1][successive], self.intervals[1:][successive], ranks=False
        )

    @property
    def amplitude_and_next_interval(self) -> Correlation:
        """Spearman's rank correlation of an interval and the amplitude before it.

        Depression that outlasts the intervals makes them longer after large events.
        """
        return correlation(self.amplitudes[self.before_interval], self.intervals, ranks=True)

    @property
    def amplitude_and_last_interval(self) -> Correlation:
        """Spearman's rank correlation of an amplitude and the interval before it.

        Synapses recover in the interval: large events follow long ones.
        """
        after = self.before_interval + 1
        complete = after < len(self)
        complete[complete] &= (
            self.trials[after[complete]] == self.trials[self.before_interval[complete]]
        )
        return correlation(self.intervals[complete], self.amplitudes[after[complete]], ranks=True)

    @property
    def mean_amplitude(self) -> Estimate:
        """Mean amplitude of the smoothed series (units of the series)."""
        return mean(self.amplitudes)

    @property
    def mean_width(self) -> Estimate:
        """Mean width at half prominence (ms)."""
        return mean(self.widths, "ms")

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        span, method = self.segmentation.describe()
        return Table(
            title=f"Population spikes: {counted(len(self), 'event')} in {span}",
            lines=[method, self.reason] if self.reason else [method],
            header=None,
            rows=self._rows() if len(self) else [],
            notes=self._notes(),
        )

    def _rows(self) -> list[list[str]]:
        rows = [
            ["interval between onsets", f"{self.mean_interval} (n = {len(self.intervals)})"],
            ["CV of the intervals", str(self.cv_interval)],
            ["correlation of intervals", str(self.serial_correlation)],
            ["  with the amplitude before", str(self.amplitude_and_next_interval)],
            ["  with the amplitude after", str(self.amplitude_and_last_interval)],
            ["amplitude, smoothed", str(self.mean_amplitude)],
            ["amplitude, raw", str(mean(self.raw_amplitudes))],
            ["width at half prominence", str(self.mean_width)],
            ["duration of the excursion", str(mean(self.durations, "ms"))],
        ]
        if self.released is not None:
            rows.append(["released per neuron and event", str(mean(self.released))])
        for name, before, after in (
            ("u", self.u_before, self.u_after),
            ("x", self.x_before, self.x_after),
        ):
            if before is not None and after is not None:
                rows.append([f"{name} before, after", f"{mean(before)}, {mean(after)}"])
        return rows

    def _notes(self) -> list[str]:
        notes = []
        if len(self.censored):
            notes.append(f"cut off by a border: {counted(len(self.censored), 'event')}")
        if len(self):
            notes.append("± standard error")
        return notes


def population_spikes(
    rate: ArrayLike,
    *,
    dt: float,
    low: float | None = None,
    high: float | None = None,
    thresholds: Thresholds | None = None,
    smooth: float = 10.0,
    release: ArrayLike | None = None,
    u: ArrayLike | None = None,
    x: ArrayLike | None = None,
) -> PopulationSpikes:
    """Find population spikes by two thresholds and measure them.

    Events are the Up intervals of `segment` of which both ends were seen. The causal smoothing lets
    an excursion begin and end later than the activity itself, by about `smooth`.

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
    release : array_like, shape of `rate`, optional
        Modulated activity y of a projection (Hz), for the released amount per event.
    u, x : array_like, shape of `rate`, optional
        Population means at the end of each bin, for their values before and after each event.

    Returns
    -------
    PopulationSpikes
        Without events its arrays are empty, its means are nan, and its `reason` says why.

    Raises
    ------
    TypeError, ValueError
        If `rate` is not a finite series of at least 2 bins, longer than 5 `smooth`, dt <= 0 ms,
        smooth < 0 ms, low >= high, or `release`, `u` or `x` is not finite or of another shape;
        without thresholds, if the series is not bimodal.

    Examples
    --------
    >>> import numpy as np
    >>> from mesopop.analysis import population_spikes
    >>> rate = np.ones(6000)                             # 6 s in bins of 1 ms
    >>> for onset, height in ((800, 90.0), (2500, 110.0), (4900, 80.0)):
    ...     rate[onset:onset + 40] += height
    >>> events = population_spikes(rate, dt=1.0, low=5.0, high=30.0, release=0.4 * rate)
    >>> events.onsets
    array([ 804., 2504., 4905.])
    >>> events.intervals
    array([1700., 2401.])
    >>> events
    Population spikes: 3 events in 1 trial of 6 s, bins of 1 ms
      Up above 30, Down below 5 (series smoothed over 10 ms)
      interval between onsets         2.05 ± 0.35 s (n = 2)
      CV of the intervals             0.242
      correlation of intervals        – (n = 1)
        with the amplitude before     – (n = 2)
        with the amplitude after      – (n = 2)
      amplitude, smoothed             92.6 ± 8.7
      amplitude, raw                  94.3 ± 8.8
      width at half prominence        40.2 ± 0 ms
      duration of the excursion       67.0 ± 1.2 ms
      released per neuron and event   1.40 ± 0.14
      ± standard error
    """
    values, curve, segmentation = smooth_and_segment(
        rate, dt=dt, low=low, high=high, thresholds=thresholds, smooth=smooth
    )
    shape = values.shape
    y, u_values, x_values = (
        None if series is None else require_like_rate(name, series, shape)
        for series, name in ((release, "release"), (u, "u"), (x, "x"))
    )
    dt = segmentation.dt
    found = segmentation.intervals()
    found = found[found["state"] == UP]
    seen = found[~found["first"]]
    seen_onsets = (seen["start"] + 1) * dt
    events = seen[~seen["last"]]

    # Positions in the flattened arrays; an event never reaches the end of its trial.
    offset = events["trial"] * segmentation.bins
    start, stop = offset + events["start"], offset + events["stop"]
    amplitudes = _within(np.maximum, curve, start, stop)
    judged = curve[..., segmentation.unsettled :]
    peaks = _first_equal(curve.ravel(), amplitudes, start, stop)
    return PopulationSpikes(
        segmentation=segmentation,
        trials=events["trial"],
        onsets=(events["start"] + 1) * dt,
        durations=(stop - start) * dt,
        peak_times=(peaks - offset + 1) * dt,
        amplitudes=amplitudes,
        raw_amplitudes=_within(np.maximum, values, start, stop),
        widths=_widths(np.atleast_2d(curve), events["trial"], peaks - offset) * dt,
        released=None if y is None else _sums(y, start, stop) * dt / 1000.0,
        u_before=None if u_values is None else u_values.ravel()[start - 1],
        u_after=None if u_values is None else u_values.ravel()[stop - 1],
        x_before=None if x_values is None else x_values.ravel()[start - 1],
        x_after=None if x_values is None else x_values.ravel()[stop - 1],
        intervals=onset_intervals(seen_onsets, seen["trial"]),
        before_interval=before_intervals(seen),
        censored=censored_intervals(found, dt),
        reason=no_event(segmentation, len(events), (float(judged.min()), float(judged.max()))),
    )


def before_intervals(seen: NDArray[np.void]) -> NDArray[np.int64]:
    """Which complete events precede an interval, of those of which the beginning was seen."""
    # Only the last event of a trial may be cut off, so each interval begins with a complete one.
    events = seen[~seen["last"]]
    followed = np.diff(events["trial"], append=-1) == 0
    followed |= np.isin(events["trial"], seen["trial"][seen["last"]])
    return np.flatnonzero(followed)


def _within(
    reduce: np.ufunc,
    values: NDArray[np.float64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
) -> NDArray[np.float64]:
    # reduceat also reduces the gaps between the events: every second result.
    if not len(start):
        return np.empty(0)
    return reduce.reduceat(values.ravel(), np.column_stack((start, stop)).ravel())[::2]


def _positions(
    start: NDArray[np.int64], stop: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # Event and position of every bin that is within one.
    length = stop - start
    event = np.repeat(np.arange(len(start)), length)
    begins = np.cumsum(length) - length
    return event, np.arange(len(event)) + np.repeat(start - begins, length)


def _sums(
    values: NDArray[np.float64], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.float64]:
    # Bin by bin: sums that a reducer can form as well.
    event, position = _positions(start, stop)
    return np.bincount(event, values.ravel()[position], len(start)).astype(np.float64)


def _first_equal(
    values: NDArray[np.float64],
    targets: NDArray[np.float64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
) -> NDArray[np.int64]:
    event, position = _positions(start, stop)
    hits = np.flatnonzero(values[position] == targets[event])
    first = np.unique(event[hits], return_index=True)[1]
    found: NDArray[np.int64] = position[hits[first]]
    return found


def _widths(
    curve: NDArray[np.float64], trials: NDArray[np.int64], peaks: NDArray[np.int64]
) -> NDArray[np.float64]:
    # In bins. Trial by trial: the foot of a peak must not be looked for in the next trial.
    if not len(peaks):
        return np.empty(0)
    from scipy.signal import peak_widths

    begins = np.flatnonzero(np.diff(trials)) + 1
    groups = zip(trials[np.append(0, begins)], np.split(peaks, begins), strict=True)
    return np.concatenate([peak_widths(curve[trial], group)[0] for trial, group in groups])


def no_event(segmentation: Division, events: int, extremes: tuple[float, float]) -> str | None:
    """Say why there is no complete event in a series; None if there is."""
    if events:
        return None
    missing = missing_state(segmentation, extremes)
    return missing or "no complete event: a border cuts off each one"
