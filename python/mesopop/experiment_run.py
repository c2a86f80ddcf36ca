"""An experiment simulated at several levels, one after the other."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from mesopop.experiment import Experiment, SimulationSettings
from mesopop.result import Result
from mesopop.settings import EngineSettings, default_closure
from mesopop.simulation import Simulation


@attrs.frozen(eq=False)
class LevelRun:
    """What one level gave.

    Attributes
    ----------
    result : Result
        What was recorded, the transient included.
    seconds : float
        Time it took (wall clock).
    failure : str
        Why it stopped before its end; empty if it did not, or was interrupted.
    """

    result: Result
    seconds: float
    failure: str = ""


@attrs.frozen(eq=False)
class ExperimentRun:
    """An experiment and what its levels gave.

    Attributes
    ----------
    experiment : Experiment
        As it was run.
    levels : tuple of LevelRun
        The others are compared with the first.
    left_out : str
        Which level was left out, and why; empty if none was or should not be.
    """

    experiment: Experiment
    levels: tuple[LevelRun, ...]
    left_out: str = ""

    @property
    def complete(self) -> bool:
        """Whether no level stopped before its end."""
        return all(level.result.complete for level in self.levels)

    def analysed(self) -> list[LevelRun]:
        """The levels that ran long enough after the transient."""
        transient = self.experiment.simulation.transient
        return [
            level
            for level in self.levels
            if _long_enough(self.experiment, level.result.duration - transient)
        ]


def run_experiment(
    experiment: Experiment,
    *,
    n_threads: int | None = None,
    checkpoints: Path | None = None,
    checkpoint_every: float = 60.0,
    progress: bool = False,
) -> ExperimentRun:
    """Simulate an experiment neuron by neuron, mesoscopically, or both.

    Everything is checked before the first level is started. After an interruption (Ctrl-C) no
    further one is. If the experiment asks for no level, nor for anything that only one has, a network
    that only the other can simulate is simulated there alone, and the run says why.

    Parameters
    ----------
    experiment : Experiment
    n_threads : int, optional
        As in `simulate`.
    checkpoints : Path, optional
        A folder that exists, for a checkpoint and a recording of every level (``LEVEL.checkpoint``,
        ``LEVEL.nc``), from which the same call goes on. They stay until `remove_checkpoints`.
    checkpoint_every : float
        Seconds of elapsed time between them.
    progress : bool
        Show progress bars on standard error, if that is a terminal.

    Raises
    ------
    ImportError
        If h5netcdf is not installed, with `checkpoints`.
    ValueError
        If network, settings and levels do not go together.
    """
    settings, events = experiment.simulation, experiment.events
    if not _long_enough(experiment, settings.duration - settings.transient):
        raise ValueError(
            f"duration must be longer for analysis after the transient of {settings.transient:g} "
            f"ms, got {settings.duration:g} ms"
        )

    # Every engine has its own random numbers, whatever else runs: the table compares independent
    # results.
    entropy = np.random.SeedSequence(settings.seed).entropy

    def prepared(level: str, closure: str | None = None, **chosen: Any) -> Simulation:
        return Simulation(
            experiment.network,
            dt=settings.dt,
            initial=settings.initial,
            seed=np.random.SeedSequence(entropy, spawn_key=tuple((closure or "micro").encode())),
            trials=settings.trials,
            n_threads=n_threads,
            level=level,
            closure=closure,
            **chosen,
        )

    def microscopic() -> Simulation:
        return prepared("micro", method=settings.method)

    def mesoscopic() -> list[Simulation]:
        chosen = {name: getattr(settings, name) for name in ("noise", "bin_tolerance", "history")}
        closures = settings.closures or (default_closure(settings.noise),)
        return [prepared("meso", name, **chosen) for name in closures]

    left_out = ""
    if settings.level == "micro":
        simulations = [microscopic()]
    elif settings.level == "meso" or settings.given_of("meso"):
        simulations = mesoscopic()
    else:
        try:
            simulations = mesoscopic()
        except ValueError as error:
            simulations = []
            left_out = f"Not mesoscopically: {error}"
    if settings.level is None:
        try:
            simulations.insert(0, microscopic())
        except ValueError as error:
            if not simulations or settings.given_of("micro"):
                raise
            left_out = f"Not neuron by neuron: {error}"

    record = ["rate", "release", "u", "x"]
    if events is not None and events.observable not in record:
        record.append(events.observable)

    runs: list[LevelRun] = []
    for simulation in simulations:
        if checkpoints is None:
            run = _run_level(simulation, settings, record, progress)
        else:
            run = _run_level_from_checkpoint(
                simulation, settings, record, checkpoints, checkpoint_every, progress
            )
        runs.append(run)
        if not run.result.complete:
            break
    return ExperimentRun(experiment, tuple(runs), left_out)


def checkpoints_in(folder: Path) -> list[Path]:
    """Checkpoints that `run_experiment` has left in a folder."""
    return [*folder.glob("micro.checkpoint"), *sorted(folder.glob("meso-*.checkpoint"))]


def remove_checkpoints(run: ExperimentRun, folder: Path) -> None:
    """Remove what `run_experiment` left for going on, once the results are elsewhere."""
    for suffix in (".checkpoint", ".checkpoint.network", ".nc"):
        for level in run.levels:
            _file(folder, level.result.settings, suffix).unlink(missing_ok=True)


def _file(folder: Path, engine: EngineSettings, suffix: str) -> Path:
    return folder / (engine.stem + suffix)


def _run_level(
    simulation: Simulation, settings: SimulationSettings, record: Sequence[str], progress: bool
) -> LevelRun:
    started, failure = time.perf_counter(), ""
    try:
        result = simulation.run(
            settings.duration, record=record, record_dt=settings.record_dt, progress=progress
        )
    except FloatingPointError as error:
        result, failure = error.result, str(error)  # type: ignore[attr-defined]
    return LevelRun(result, time.perf_counter() - started, failure)


def _run_level_from_checkpoint(
    simulation: Simulation,
    settings: SimulationSettings,
    record: Sequence[str],
    folder: Path,
    every: float,
    progress: bool,
) -> LevelRun:
    from mesopop.long_run import run_long

    recording, failure = _file(folder, simulation.settings, ".nc"), ""
    try:
        run = run_long(
            simulation,
            settings.duration,
            to=recording,
            record=record,
            record_dt=settings.record_dt,
            checkpoint=_file(folder, simulation.settings, ".checkpoint"),
            checkpoint_every=every,
            progress=progress,
        )
    except FloatingPointError as error:
        run, failure = error.result, str(error)  # type: ignore[attr-defined]
    return LevelRun(Result.load(recording), run.seconds, failure)


def _long_enough(experiment: Experiment, analysed: float) -> bool:
    # For two bins at least, and for the smoothing of the events.
    settings, events = experiment.simulation, experiment.events
    least = 2 * (settings.record_dt or settings.dt)
    return analysed >= least and (events is None or analysed > events.smooth)
