"""Bursts on a ring of units, of which some travel: replay driven by noise and by fatigue."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from mesopop import presets
from mesopop.analysis import Estimate, ReplayEvents, replay_events, time_average
from mesopop.analysis.estimate import mean
from mesopop.figures.exhibit import Cell, Effort, Exhibit, Numbers
from mesopop.plot import intervals, ring_map
from mesopop.plot.style import colour_of, legend_inside, tidy
from mesopop.presets.ring import DRIVE, UNIT_SIZE, UNITS
from mesopop.result import Result
from mesopop.simulation import simulate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEVELS = ("micro", "meso")
DT, RECORD_DT, TRANSIENT = 0.1, 5.0, 2000.0  # ms
LOW, HIGH, SMOOTH = 1.0, 3.0, 10.0  # Hz of the mean activity; ms
TRAVELLED = 20.0  # units: the distances of bursts leave a gap there
SHOWN = 8000.0  # ms


@attrs.frozen(kw_only=True, eq=False)
class Run:
    """A simulation with its bursts."""

    result: Result
    replay: ReplayEvents

    @property
    def travelling(self) -> NDArray[np.bool_]:
        """Which bursts travel."""
        return self.replay.travelling(TRAVELLED)


def exhibit(effort: Effort) -> Exhibit:
    """Maps of activity, and how bursts follow each other and travel, at both levels."""
    trials, seconds = effort.choose((4, 40), (20, 200))
    runs = {
        bursts: [_run(bursts, level, trials, 1000.0 * seconds, effort) for level in LEVELS]
        for bursts in DRIVE
    }
    return Exhibit(
        title="Replay on a ring of units with depressing synapses",
        caption=(
            f"Preset ring: {UNITS} units of {UNIT_SIZE} LNP neurons, drive {DRIVE['noise']:g} mV "
            f"(bursts driven by noise) and {DRIVE['fatigue']:g} mV (by fatigue: recovery from "
            f"depression). {trials} trials of {seconds} s after {TRANSIENT / 1000:g} s, dt {DT:g} "
            f"ms, seed {effort.seed}. Maps: activity, smoothed over {SMOOTH:g} ms, of the first "
            "trial, and the circular mean of each burst (lines). A burst begins when the mean "
            f"activity, so smoothed, exceeds {HIGH:g} Hz, and ends when it falls below {LOW:g} Hz; "
            f"it is said to travel if its bump moves by {TRAVELLED:g} units or more. Below: "
            "intervals between onsets (thin: exponential distributions of the same rate; bands: "
            "95 %), and distance over duration of all bursts."
        ),
        tables=tuple(_table(bursts, levels) for bursts, levels in runs.items()),
        draw=lambda figure: _draw(figure, runs),
        size=(7.2, 8.4),
    )


def _run(bursts: str, level: str, trials: int, duration: float, effort: Effort) -> Run:
    result = simulate(
        presets.load("ring", bursts=bursts),
        TRANSIENT + duration,
        dt=DT,
        level=level,
        trials=trials,
        seed=effort.seed,
        n_threads=effort.n_threads,
        record=("rate",),
        record_dt=RECORD_DT,
    ).after(TRANSIENT)
    rates = np.array(list(result.rate.values()))
    replay = replay_events(rates, dt=RECORD_DT, low=LOW, high=HIGH, smooth=SMOOTH)
    return Run(result=result, replay=replay)


def _table(bursts: str, levels: list[Run]) -> Numbers:
    rows: list[tuple[Cell, ...]] = [
        (name, *(measure(run) for run in levels)) for name, measure in MEASURES.items()
    ]
    return Numbers(
        title=f"Bursts driven by {bursts} (drive {DRIVE[bursts]:g} mV)",
        header=("", *(run.result.label for run in levels)),
        rows=rows,
    )


def _proportion(which: NDArray[np.bool_]) -> Estimate:
    if not len(which):
        return Estimate(math.nan, math.nan, 0)
    share = float(np.mean(which))
    return Estimate(share, math.sqrt(share * (1 - share) / len(which)), len(which))


MEASURES: dict[str, Callable[[Run], Cell]] = {
    "mean activity (Hz)": lambda run: time_average(np.mean(list(run.result.rate.values()), axis=0)),
    "bursts": lambda run: len(run.replay),
    "interval (ms)": lambda run: run.replay.bursts.mean_interval,
    "CV of the intervals": lambda run: run.replay.bursts.cv_interval,
    "duration (ms)": lambda run: mean(run.replay.bursts.durations),
    "fraction that travels": lambda run: _proportion(run.travelling),
    "  its distance (units)": lambda run: mean(np.abs(run.replay.distances[run.travelling])),
    "  its speed (units/s)": lambda run: mean(np.abs(run.replay.speeds[run.travelling])),
    "  its duration (ms)": lambda run: mean(run.replay.bursts.durations[run.travelling]),
    "  of which forward": lambda run: _proportion(run.replay.distances[run.travelling] > 0),
}


def _draw(figure: Figure, runs: dict[str, list[Run]]) -> None:
    above, below = figure.subfigures(2, 1, height_ratios=(2.6, 1))
    for part, (bursts, levels) in zip(above.subfigures(2, 1), runs.items(), strict=True):
        panels = part.subplots(2, 1, sharex=True, sharey=True)
        ring_map(
            *(run.result for run in levels),
            replay=[run.replay for run in levels],
            ax=panels,
            t_start=TRANSIENT,
            t_stop=TRANSIENT + SHOWN,
            smooth=SMOOTH,
        )
        for panel, run in zip(panels, levels, strict=True):
            panel.set_title(f"{run.result.label}, driven by {bursts}", loc="left")
        panels[0].set_ylabel("")
        panels[1].set_ylabel("")
        part.supylabel("position (unit)", fontsize="medium")
    axes = below.subplots(1, 3)
    labels = [run.result.label for run in runs["noise"]]
    for panel, (bursts, levels) in zip(axes, runs.items(), strict=False):
        intervals(*(run.replay.bursts for run in levels), labels=labels, ax=panel)
        panel.set_title(f"driven by {bursts}", loc="left")
    axes[1].set_ylabel("")
    _distances(axes[2], runs)


def _distances(ax: Axes, runs: dict[str, list[Run]]) -> None:
    for marker, (bursts, levels) in zip(("o", "^"), runs.items(), strict=True):
        for run in levels:
            ax.plot(
                run.replay.bursts.durations,
                np.abs(run.replay.distances),
                marker,
                markersize=2.0,
                markeredgewidth=0.4,
                markerfacecolor="none",
                color=colour_of(run.result.label),
            )
        ax.plot([], [], marker, markersize=3, markerfacecolor="none", color="0.4", label=bursts)
    ax.axhline(TRAVELLED, color="0.6", linewidth=0.6, linestyle=":")
    ax.set(xlabel="duration (ms)", ylabel="distance (units)", ylim=(0, None), xlim=(0, None))
    legend_inside(ax, "upper left")
    tidy(ax)
