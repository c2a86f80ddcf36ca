"""Population spikes."""

from __future__ import annotations

import attrs
import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from mesopop.analysis.hysteresis import DOWN, UP, censored_intervals, onset_intervals
from mesopop.analysis.population_spikes import PopulationSpikes as Found
from mesopop.analysis.population_spikes import before_intervals, no_event
from mesopop.reducers.crossings import Crossings
from mesopop.reducers.event_list import EventList
from mesopop.reducers.half_widths import STEP, Feet, Peak, Steps, joined
from mesopop.reducers.reducer import Floats, State
from mesopop.validation import text

# Bins `start`, `stop` (exclusive) and `peak`; the width is in bins, too.
_EVENT = np.dtype(
    [("trial", np.int32), ("start", np.int64), ("stop", np.int64), ("peak", np.int64)]
    + [(name, np.float64) for name in ("amplitude", "raw_amplitude", "released", "width")]
    + [(name, np.float64) for name in ("u_before", "u_after", "x_before", "x_after")]
)
# An event that is not over, or waits for its width, in a checkpoint.
_KEPT = np.dtype(
    [("event", _EVENT), ("over", np.bool_), ("rise", np.int64), ("fall", np.int64)]
    + [(name, np.float64) for name in ("height", "left", "right")]
)
_BLOCKING = np.dtype([("trial", np.int32), ("height", np.float64), ("after", np.float64)])


@define(eq=False)
class _Trial:
    # Where a trial is.
    feet: Feet = field(factory=Feet)
    rise: Steps = field(factory=lambda: np.empty(0, STEP))  # of all of it so far
    open: Peak | None = None  # of the event that is going on


@define(eq=False)
class PopulationSpikes(Crossings):
    """Population spikes by two thresholds. Its `result` is an `analysis.PopulationSpikes`.

    Equal to what `analysis.population_spikes` finds in the whole series, except that the state of
    every bin is not kept. Events beyond a megabyte, and in a run with checkpoints all of them, are
    on the disk, with 92 bytes each. Those that wait for their widths (a prominence depends on later
    peaks, see `scipy.signal.peak_widths`) are in memory: a handful, unless all become ever smaller.

    Parameters
    ----------
    quantity, label : str
        The series, e.g. ``"rate", "E"``.
    low, high : float
        Thresholds, in the units of the series; low < high.
    smooth : float
        Time constant of causal exponential smoothing (ms); 0: none.
    release, u, x : str, optional
        Projections whose release, u and x are to be measured, e.g. ``"E->E"``.

    Raises
    ------
    ValueError, TypeError
        If the quantity is unknown, low >= high, or smooth < 0 ms.

    Examples
    --------
    >>> import mesopop as mp
    >>> network = mp.presets.load("lnp-population-spikes")
    >>> simulation = mp.Simulation(network, dt=0.1, level="meso", seed=1)
    >>> spikes = mp.reducers.PopulationSpikes(
    ...     "potential", "E", low=0, high=10, smooth=0, release="E->E"
    ... )
    >>> run = mp.run_long(simulation, 60_000, reduce={"spikes": spikes}, record_dt=0.5)
    >>> print(run.reduced["spikes"].mean_interval)
    2.00 ± 0.16 s
    """

    release: str | None = field(
        default=None, validator=attrs.validators.optional(text()), kw_only=True
    )
    u: str | None = field(default=None, validator=attrs.validators.optional(text()), kw_only=True)
    x: str | None = field(default=None, validator=attrs.validators.optional(text()), kw_only=True)
    _trials: list[_Trial] = field(init=False, repr=False, factory=list)
    # Of all series; shape (series, trials).
    _last: Floats = field(init=False, repr=False, factory=lambda: np.empty((0, 0)))
    _events: EventList = field(init=False, repr=False, factory=lambda: EventList(_EVENT))

    @property
    def series(self) -> tuple[tuple[str, str], ...]:
        """The series that crosses the thresholds, and those measured around its events."""
        return (*super().series, *((name, label) for name, label in self._measured().items()))

    def _measured(self) -> dict[str, str]:
        labels = {"release": self.release, "u": self.u, "x": self.x}
        return {name: label for name, label in labels.items() if label is not None}

    def measure(self, values: Floats, curve: Floats, state: NDArray[np.int8]) -> None:
        """Follow the events of each trial through a block."""
        if self.bins == 0:
            self._trials = [_Trial() for _ in range(self.trials)]
            self._last = np.full(values.shape[:2], np.nan)
        for index, trial in enumerate(self._trials):
            before = np.append(self._state[index], state[index, :-1])
            self._measure_trial(index, trial, values[:, index], curve[index], state[index], before)
        self._last = values[..., -1].copy()

    def _measure_trial(
        self,
        index: int,
        trial: _Trial,
        values: Floats,
        curve: Floats,
        state: NDArray[np.int8],
        before: NDArray[np.int8],
    ) -> None:
        for peak in [*trial.feet.waiting, *([trial.open] if trial.open else [])]:
            peak.go_on(curve, 0, self.bins, float(trial.rise["value"][-1]))
        edges = np.flatnonzero((state == UP) != (before == UP))
        bounds = [0, *(int(edge) for edge in edges if edge), len(state)]
        for start, stop in zip(bounds[:-1], bounds[1:], strict=True):
            if state[start] == UP:
                if trial.open is None:
                    trial.open = self._begun(index, values, start, before[start])
                self._go_on(index, trial, values, curve, start, stop)
            else:
                if trial.open is not None:
                    self._finish(trial, trial.open, self.bins + start)
                trial.feet.sink(float(curve[start:stop].min()))
        self._list(trial.feet.certain())
        trial.rise = joined(trial.rise, curve, self.bins)

    def _begun(self, index: int, values: Floats, start: int, before: np.int8) -> Peak:
        event = np.zeros((), _EVENT)
        # An event whose beginning was not seen is none, but others can be lower than it.
        event["trial"], event["start"] = index, self.bins + start if before == DOWN else -1
        event["raw_amplitude"] = -np.inf
        for row, name in enumerate(self._measured(), 1):
            if name != "release":
                event[f"{name}_before"] = (
                    values[row, start - 1] if start else self._last[row, index]
                )
        return Peak(event)

    def _go_on(
        self, index: int, trial: _Trial, values: Floats, curve: Floats, start: int, stop: int
    ) -> None:
        peak = trial.open
        assert peak is not None
        event = peak.event
        highest = start + int(np.argmax(curve[start:stop]))
        # The first of equal maxima, as in the whole series.
        if curve[highest] > peak.height:
            event["peak"], event["amplitude"] = self.bins + highest, curve[highest]
            left = trial.feet.left_of(float(curve[highest]))
            peak.raise_to(curve, highest, self.bins, left, trial.rise)
        event["raw_amplitude"] = max(event["raw_amplitude"], values[0, start:stop].max())
        for row, name in enumerate(self._measured(), 1):
            if name == "release":
                # One after the other, so that the sum does not depend on the blocks.
                amounts = np.append(event["released"], values[row, start:stop])
                event["released"] = np.add.accumulate(amounts)[-1]
            else:
                event[f"{name}_after"] = values[row, stop - 1]

    def _finish(self, trial: _Trial, peak: Peak, stop: int) -> None:
        self._list(trial.feet.block(peak.height))
        if peak.event["start"] >= 0:
            peak.event["stop"] = stop
            trial.feet.waiting.append(peak)
        trial.open = None

    def _list(self, peaks: list[Peak]) -> None:
        if peaks:
            self._events.extend(_measured_events(peaks))

    @property
    def result(self) -> Found:
        """The events so far that are over; widths are those of a series that ends here."""
        dt, segmentation = self.record_dt, self.segmentation()
        found = segmentation.intervals()
        found = found[found["state"] == UP]
        seen = found[~found["first"]]
        waiting = [peak for trial in self._trials for peak in trial.feet.waiting]
        events = np.concatenate([self._events.values(), _measured_events(waiting)])
        events = events[np.lexsort((events["start"], events["trial"]))]

        def measured(name: str, label: str | None) -> Floats | None:
            return None if label is None else events[name].copy()

        released = measured("released", self.release)
        return Found(
            segmentation=segmentation,
            trials=events["trial"].astype(np.int64),
            onsets=(events["start"] + 1) * dt,
            durations=(events["stop"] - events["start"]) * dt,
            peak_times=(events["peak"] + 1) * dt,
            amplitudes=events["amplitude"].copy(),
            raw_amplitudes=events["raw_amplitude"].copy(),
            widths=events["width"] * dt,
            released=None if released is None else released * dt / 1000.0,
            u_before=measured("u_before", self.u),
            u_after=measured("u_after", self.u),
            x_before=measured("x_before", self.x),
            x_after=measured("x_after", self.x),
            intervals=onset_intervals((seen["start"] + 1) * dt, seen["trial"]),
            before_interval=before_intervals(seen),
            censored=censored_intervals(found, dt),
            reason=no_event(segmentation, len(events), self.extremes()),
        )

    def lists(self) -> dict[str, EventList]:
        """Switches, and the events whose width is certain."""
        return {**super().lists(), "events": self._events}

    def memory(self) -> State:
        """Smoothing, the events that go on or wait for their widths, and their flanks."""
        kept, steps, blocking = [], [trial.rise for trial in self._trials], []
        for index, trial in enumerate(self._trials):
            for peak in [*trial.feet.waiting, *([trial.open] if trial.open else [])]:
                row = np.zeros((), _KEPT)
                row["event"], row["over"] = peak.event, peak is not trial.open
                row["rise"], row["fall"] = len(peak.rise), len(peak.fall)
                row["height"], row["left"], row["right"] = peak.height, peak.left, peak.right
                kept.append(row)
                steps += [peak.rise, peak.fall]
            blocking += [(index, *pair) for pair in trial.feet.blocking]
        return {
            **super().memory(),
            "last": self._last,
            "kept": np.array(kept, _KEPT),
            "blocking": np.array(blocking, _BLOCKING),
            "rises": np.array([len(trial.rise) for trial in self._trials]),
            "steps": np.concatenate(steps),
        }

    def remember(self, memory: State) -> None:
        """Put back what `memory` gave."""
        super().remember(memory)
        self._last = memory["last"]
        lengths = [*memory["rises"]]
        for row in memory["kept"]:
            lengths += [row["rise"], row["fall"]]
        flanks = iter(np.split(memory["steps"], np.cumsum(lengths)[:-1]))
        self._trials = [_Trial(rise=next(flanks)) for _ in memory["rises"]]
        for index, trial in enumerate(self._trials):
            chosen = memory["blocking"][memory["blocking"]["trial"] == index]
            trial.feet.blocking = [[float(h), float(after)] for _, h, after in chosen]
        for row in memory["kept"]:
            event = row["event"].copy()
            trial = self._trials[int(event["trial"])]
            numbers = {name: float(row[name]) for name in ("height", "left", "right")}
            peak = Peak(np.array(event, _EVENT), **numbers, rise=next(flanks), fall=next(flanks))
            if row["over"]:
                trial.feet.waiting.append(peak)
            else:
                trial.open = peak


def _measured_events(peaks: list[Peak]) -> NDArray[np.void]:
    events = np.array([peak.event for peak in peaks], _EVENT)
    events["width"] = [peak.width for peak in peaks]
    return events
