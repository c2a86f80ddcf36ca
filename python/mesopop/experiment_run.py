"""An experiment simulated at several levels, and the folder of files that reports it."""

from __future__ import annotations

import math
import textwrap
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from mesopop.analysis.estimate import Estimate
from mesopop.analysis.report import counted, duration, significant
from mesopop.comparison import WIDTH, Statistic, compare
from mesopop.experiment import Experiment
from mesopop.result import Result
from mesopop.simulation import Simulation


@attrs.frozen(eq=False)
class LevelRun:
    """What one level gave.

    Attributes
    ----------
    result : Result
        Everything recorded, transients included.
    seconds : float
        Time it took (wall clock).
    error : str
        Why it stopped before its end; empty if it did not.
    """

    result: Result
    seconds: float
    error: str = ""


@attrs.frozen(eq=False)
class ExperimentRun:
    """An experiment and the levels at which it was simulated; the first is compared with the others.

    Attributes
    ----------
    name : str
        Of the preset, or of the file without its ending.
    experiment : Experiment
        As it was run, with its seed.
    levels : tuple of LevelRun
        In the order of the columns.
    """

    name: str
    experiment: Experiment
    levels: tuple[LevelRun, ...]

    @property
    def complete(self) -> bool:
        """Whether every level that was started reached its end."""
        return all(level.result.complete for level in self.levels)

    def analysed(self) -> list[LevelRun]:
        """The levels long enough for analysis, their transients cut."""
        simulation, events = self.experiment.simulation, self.experiment.events
        least = 0.0 if events is None else events.smooth
        cut = [
            attrs.evolve(level, result=level.result.after(simulation.transient))
            for level in self.levels
        ]
        return [c for c in cut if len(c.result.t) > 1 and c.result.duration > least]


def simulate_levels(
    experiment: Experiment,
    *,
    micro: bool,
    closures: Sequence[str | None],
    n_threads: int | None,
    progress: bool,
) -> Iterable[LevelRun]:
    """Simulate an experiment neuron by neuron and with each closure, one after the other.

    All are checked before the first one is started. None after one that was interrupted.

    Parameters
    ----------
    experiment : Experiment
    micro : bool
        Whether to simulate neuron by neuron.
    closures : sequence of str or None
        Of the mesoscopic level; None is the default one.
    n_threads : int, optional
    progress : bool
        Show progress bars on standard error, if that is a terminal.

    Raises
    ------
    ValueError
        If the network and the settings do not go together, or a level cannot simulate it.
    """
    settings, events = experiment.simulation, experiment.events
    chosen: list[dict[str, str | None]] = [{"level": "micro"}] if micro else []
    chosen += [{"level": "meso", "closure": closure} for closure in closures]
    simulations = [
        Simulation(
            experiment.network,
            dt=settings.dt,
            initial=settings.initial,
            seed=settings.seed,
            trials=settings.trials,
            n_threads=n_threads,
            **level,  # type: ignore[arg-type]
        )
        for level in chosen
    ]
    record = ["rate", "release", "u", "x"]
    if events is not None and events.observable != "rate":
        record.append(events.observable)
    for simulation in simulations:
        started, error = time.perf_counter(), ""
        try:
            result = simulation.run(
                settings.duration, record=record, record_dt=settings.record_dt, progress=progress
            )
        except FloatingPointError as failure:
            result, error = failure.result, str(failure)  # type: ignore[attr-defined]
        if not result.complete:
            error = error or "interrupted"
        yield LevelRun(result, time.perf_counter() - started, error)
        if not result.complete:
            return


def as_text(run: ExperimentRun) -> str:
    """The report of a run, at most 80 columns wide."""
    lines = [_title(run), *_wrapped(f"Expected: {run.experiment.behaviour}", run.experiment.behaviour)]
    lines += _setting(run.experiment)
    lines += [
        f"INCOMPLETE: {level.result.label} stopped after "
        f"{duration(level.result.duration)} of each trial"
        for level in run.levels
        if not level.result.complete
    ]
    for level in run.levels:
        if level.error not in ("", "interrupted"):
            lines += textwrap.wrap(level.error, WIDTH)
    analysed = run.analysed()
    if not analysed:
        return "\n".join([*lines, "", "Too short to be analysed."])
    comparison = compare(*(level.result for level in analysed), events=run.experiment.events)
    speed = [_speed(run, level.result.label) for level in analysed]
    comparison = attrs.evolve(
        comparison,
        statistics=(
            *comparison.statistics,
            Statistic("time taken (s)", tuple(_plain(seconds) for seconds, _ in speed)),
            Statistic("biological s per second", tuple(_plain(ratio) for _, ratio in speed)),
        ),
    )
    return "\n".join([*lines, "", repr(comparison)])
