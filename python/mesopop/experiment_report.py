"""The report of an experiment: a table of at most 80 columns, and a folder of files."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path

import attrs

from mesopop.analysis.estimate import Estimate
from mesopop.analysis.report import counted, duration, significant
from mesopop.comparison import compare
from mesopop.comparison_table import WIDTH, Statistic
from mesopop.experiment import Experiment
from mesopop.experiment_run import ExperimentRun, LevelRun

TABLE, CONFIG, FIGURE = "table.txt", "config.toml", "figure.png"


def as_text(run: ExperimentRun) -> str:
    """What was simulated, the levels side by side, time taken and speed."""
    blocks = ["\n".join(_setting(run.experiment))]
    if run.left_out:
        blocks.append("\n".join(_wrapped(run.left_out)))
    stopped = [level for level in run.levels if not level.result.complete]
    blocks += ["\n".join(_wrapped(_incomplete(level))) for level in stopped]
    analysed = run.analysed()
    blocks.append(_table(run.experiment, analysed) if analysed else "Too short to be analysed.")
    return "\n\n".join(blocks)


def write_folder(run: ExperimentRun, folder: Path, name: str) -> list[Path]:
    """Write results, table, configuration and figure; existing files are overwritten.

    Parameters
    ----------
    run : ExperimentRun
    folder : Path
        Exists.
    name : str
        Of the experiment, for the title of the figure.

    Returns
    -------
    list of Path
        What was written: ``micro.npz``, ``meso-CLOSURE.npz``, ``table.txt``,
        ``config.toml``, and ``figure.png`` if there is anything to show.
    """
    written = []
    for level in run.levels:
        written.append(folder / f"{level.result.settings.stem}.npz")
        level.result.save(written[-1])
    written += [folder / TABLE, folder / CONFIG]
    (folder / TABLE).write_text(as_text(run) + "\n", encoding="utf-8")
    run.experiment.to_toml(folder / CONFIG)
    analysed = [level.result for level in run.analysed()]
    if analysed:
        from matplotlib.figure import Figure

        from mesopop.plot import overview

        # Without pyplot: no display is needed, and no state of the caller's is touched.
        figure = Figure()
        overview(run.experiment, *analysed, figure=figure, title=name)
        written.append(folder / FIGURE)
        figure.savefig(written[-1], dpi=200)
    return written


def _setting(experiment: Experiment) -> list[str]:
    settings, events = experiment.simulation, experiment.events
    lines = _wrapped(experiment.title) if experiment.title else []
    if experiment.behaviour:
        lines += _wrapped(f"Expected: {experiment.behaviour}")
    span = f"{counted(settings.trials, 'trial')} of {duration(settings.duration)}"
    if settings.transient:
        span += f", analysed after the first {duration(settings.transient)}"
    chosen = [f"dt {significant(settings.dt)} ms", f"seed {settings.seed}"]
    # Closure and noise are in the names of the columns.
    if settings.method is not None:
        chosen.append(f"method {settings.method}")
    if settings.bin_tolerance is not None:
        chosen.append(f"bin_tolerance {settings.bin_tolerance:g}")
    if settings.history is not None:
        chosen.append(f"history {significant(settings.history)} ms")
    lines += _wrapped("; ".join([span, *chosen]))
    if events is not None:
        unit = "Hz" if events.observable == "rate" else "mV"
        low, high = significant(events.low), significant(events.high)
        kind = (
            f"Up above {high} {unit}, Down below {low} {unit}"
            if events.kind == "up_down_states"
            else f"Events from above {high} {unit} to below {low} {unit}"
        )
        smooth = f", smoothed over {significant(events.smooth)} ms" if events.smooth else ""
        lines += _wrapped(f"{kind} ({events.observable} of {events.population}{smooth})")
    return lines


def _incomplete(level: LevelRun) -> str:
    result = level.result
    why = level.failure or "interrupted"
    return f"INCOMPLETE: {result.label} stopped after {duration(result.duration)}: {why}"


def _table(experiment: Experiment, levels: list[LevelRun]) -> str:
    transient = experiment.simulation.transient
    results = [level.result for level in levels]
    comparison = compare(*(result.after(transient) for result in results), events=experiment.events)
    speeds = [
        level.result.trials * level.result.duration / 1000 / level.seconds for level in levels
    ]
    comparison = attrs.evolve(
        comparison,
        statistics=(
            *comparison.statistics,
            Statistic("time taken (s)", tuple(_plain(level.seconds) for level in levels)),
            Statistic("speed (biological s per s)", tuple(map(_plain, speeds))),
        ),
    )
    return repr(comparison)


def _plain(value: float) -> Estimate:
    return Estimate(value, math.nan, 1)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH)
