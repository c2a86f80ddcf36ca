"""The stretch of time of one trial that a figure shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.analysis.up_down import UpDownStates
from mesopop.result import FloatArray, Result
from mesopop.validation import require_integer, require_number

Events = UpDownStates | PopulationSpikes

SHOWN = 8  # events that a window should hold
ENOUGH = 3  # of each result, for a trial to be chosen


@attrs.frozen(kw_only=True)
class Window:
    """From `start` to `stop` (ms) of one trial."""

    start: float
    stop: float
    trial: int = 0

    def bins(self, result: Result) -> slice:
        """The bins of a result that lie in the window."""
        # Bins end at t; rounding must lose none at the ends.
        slack = 1e-6 * result.record_dt
        first = np.searchsorted(result.t, self.start + result.record_dt - slack)
        return slice(int(first), int(np.searchsorted(result.t, self.stop + slack)))

    def series(self, values: FloatArray) -> FloatArray:
        """The trial of an array of shape (bins,) or (trials, bins)."""
        one: FloatArray = np.atleast_2d(values)[self.trial]
        return one


def window(
    results: Sequence[Result], t_start: float | None, t_stop: float | None, trial: int
) -> Window:
    """The window that the arguments of a figure ask for; by default all that was recorded.

    Raises
    ------
    ValueError
        If it is empty, or a result has no such trial.
    """
    trial = require_integer("trial", trial, ge=0)
    for result in results:
        if trial >= result.trials:
            raise ValueError(f"trial must be < {result.trials} of {result.label}, got {trial}")
    begin = min((result.t[0] - result.record_dt for result in results if len(result.t)), default=0)
    end = max((result.t[-1] for result in results if len(result.t)), default=0)
    start = float(begin) if t_start is None else require_number("t_start", t_start, "ms")
    stop = float(end) if t_stop is None else require_number("t_stop", t_stop, "ms")
    if not start < stop:
        raise ValueError(f"t_stop must be > t_start = {start:g} ms, got {stop:g} ms")
    return Window(start=start, stop=stop, trial=trial)


def eventful_window(results: Sequence[Result], events: Sequence[Events]) -> Window:
    """A window from the start of a trial with several events of each result that has any.

    Its length is eight mean intervals of the slowest result, rounded up; the trial is the first in
    which every result has at least three events, if there is one.
    """
    begin = max(float(result.t[0]) - result.record_dt for result in results)
    available = min(float(result.t[-1]) for result in results) - begin
    intervals = [float(found.mean_interval.value) for found in events if len(found.intervals)]
    length = min(_rounded_up(SHOWN * max(intervals)), available) if intervals else available
    trials = min(result.trials for result in results)
    counts = np.array(
        [_onsets_before(found, length, trials) for found in events if len(found.onsets)]
    )
    eventful = counts.size and (counts >= np.minimum(ENOUGH, counts.max(axis=1, keepdims=True)))
    trial = int(np.argmax(np.all(eventful, axis=0))) if counts.size else 0
    return Window(start=begin, stop=begin + length, trial=trial)


def _onsets_before(found: Events, length: float, trials: int) -> Any:
    of = found.onset_trials if isinstance(found, UpDownStates) else found.trials
    return np.bincount(of[found.onsets <= length], minlength=trials)[:trials]


def _rounded_up(time: float) -> float:
    scale = 10.0 ** math.floor(math.log10(time))
    return next(step * scale for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * scale >= time)
