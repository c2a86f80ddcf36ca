"""Population spikes."""

from __future__ import annotations

import numpy as np
from attrs import define, field
from numpy.typing import NDArray

from mesopop.analysis.hysteresis import UP, censored_intervals, onset_intervals
from mesopop.analysis.population_spikes import PopulationSpikes as Found
from mesopop.analysis.population_spikes import before_intervals, no_event
from mesopop.reducers.crossings import Crossings
from mesopop.reducers.event_list import EventList
from mesopop.reducers.reducer import Floats, State

# Of Up intervals: the maximum of the smoothed series, its bin, and the maximum of the series.
_PEAK = np.dtype([("trial", np.int32), ("bin", np.int64), ("smoothed", "f8"), ("raw", "f8")])


@define(eq=False)
class PopulationSpikes(Crossings):
    """Population spikes by two thresholds. Its `result` is an `analysis.PopulationSpikes`.

    Equal to what `analysis.population_spikes` finds in the whole series, except for the widths: the
    prominence of a peak depends on all that comes before and after it. Needs some 60 bytes of memory per
    event.

    Parameters
    ----------
    quantity, label : str
        The series, e.g. ``"rate", "E"``.
    low, high : float
        Thresholds, in the units of the series; low < high.
    smooth : float
        Time constant of causal exponential smoothing (ms); 0: none.

    Raises
    ------
    ValueError, TypeError
        If the quantity is unknown, low >= high, or smooth < 0 ms.

    Examples
    --------
    >>> import mesopop as mp
    >>> network = mp.presets.load("lnp-population-spikes")
    >>> simulation = mp.Simulation(network, dt=0.1, level="meso", seed=1)
    >>> spikes = mp.reducers.PopulationSpikes("potential", "E", low=0, high=10, smooth=0)
    >>> run = mp.run_long(simulation, 60_000, reduce={"spikes": spikes}, record_dt=0.5)
    >>> print(run.reduced["spikes"].mean_interval)
    2.00 ± 0.16 s
    """

    _open: NDArray[np.void] = field(init=False, repr=False, factory=lambda: np.empty(0, _PEAK))
    _closed: EventList = field(init=False, repr=False, factory=lambda: EventList(_PEAK))

    def measure(self, values: Floats, curve: Floats, state: NDArray[np.int8]) -> None:
        if self.bins == 0:
            self._open = np.zeros(self.trials, _PEAK)
            self._open["smoothed"] = -np.inf
            self._open["raw"] = -np.inf
            self._open["trial"] = np.arange(self.trials)
        for trial, up in enumerate(state == UP):
            self._measure_trial(trial, values[trial], curve[trial], up)

    def _measure_trial(
        self, trial: int, values: Floats, curve: Floats, up: NDArray[np.bool_]
    ) -> None:
        was_up = self._state[trial] == UP
        edges = np.flatnonzero(np.diff(up, prepend=was_up))
        # An event that was going on begins before the block, one that still is ends after it.
        begins = np.append(0, edges) if was_up else edges
        for start, stop in zip(
            begins[::2], [*begins[1::2], *[len(up)] * (len(begins) % 2)], strict=True
        ):
            if stop > start:
                self._raise_peak(trial, values[start:stop], curve[start:stop], self.bins + start)
            if stop < len(up):
                self._closed.extend(self._open[trial : trial + 1])
                self._open[trial] = (trial, 0, -np.inf, -np.inf)

    def _raise_peak(self, trial: int, values: Floats, curve: Floats, first_bin: int) -> None:
        peak, position = self._open[trial], int(np.argmax(curve))
        # The first of equal maxima, as in the whole series.
        if curve[position] > peak["smoothed"]:
            peak["smoothed"], peak["bin"] = curve[position], first_bin + position
        peak["raw"] = max(peak["raw"], values.max())

    @property
    def result(self) -> Found:
        dt, segmentation = self.record_dt, self.segmentation()
        found = segmentation.intervals()
        found = found[found["state"] == UP]
        peaks = self._closed.by_trial()
        # Every Up interval but the last of a trial has a peak; the first one is censored.
        peaks = peaks[~found[~found["last"]]["first"]]
        seen = found[~found["first"]]
        events = seen[~seen["last"]]
        return Found(
            segmentation=segmentation,
            trials=events["trial"],
            onsets=(events["start"] + 1) * dt,
            durations=(events["stop"] - events["start"]) * dt,
            peak_times=(peaks["bin"] + 1) * dt,
            amplitudes=peaks["smoothed"].copy(),
            raw_amplitudes=peaks["raw"].copy(),
            widths=None,
            released=None,
            u_before=None,
            u_after=None,
            x_before=None,
            x_after=None,
            intervals=onset_intervals((seen["start"] + 1) * dt, seen["trial"]),
            before_interval=before_intervals(seen),
            censored=censored_intervals(found, dt),
            reason=no_event(segmentation, len(events), self.extremes()),
        )

    def memory(self) -> State:
        return {**super().memory(), "open": self._open, "closed": self._closed.by_trial()}

    def remember(self, memory: State) -> None:
        super().remember(memory)
        self._open, self._closed = memory["open"], EventList(_PEAK, memory["closed"])
