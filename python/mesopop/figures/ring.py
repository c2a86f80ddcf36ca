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
from mesopop.figures.levels import MICRO, prepared, simulated
from mesopop.plot import intervals, ring_map
from mesopop.plot.style import colour_of, legend_inside, tidy
from mesopop.presets.ring import DRIVE, UNIT_SIZE, UNITS
from mesopop.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = (MICRO, "renewal")
DT, RECORD_DT, TRANSIENT, DURATION = 0.1, 5.0, 2000.0, 20_000.0  # ms
LOW, HIGH, SMOOTH = 1.0, 3.0, 10.0  # Hz of the mean activity; ms
TRAVELLED = 20.0  # units: few bursts move by about as much
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
    trials = effort.choose(8, 80)
    runs = {
        bursts: {label: _run(bursts, label, trials, effort) for label in LABELS} for bursts in DRIVE
    }
    return Exhibit(
        title="Replay on a ring of units with depressing synapses",
        caption=(
            f"Preset ring: {UNITS} units of {UNIT_SIZE} LNP neurons, drive {DRIVE['noise']:g} mV "
            f"(bursts driven by noise) and {DRIVE['fatigue']:g} mV (by fatigue: recovery from "
            f"depression). {trials} trials of {DURATION / 1000:g} s after {TRANSIENT / 1000:g} s, "
            f"dt {DT:g} ms, seed {effort.seed}. Maps: activity, smoothed over {SMOOTH:g} ms, of "
            "the first trial, and the circular mean of each burst (lines). A burst begins when the "
            f"mean activity, so smoothed, exceeds {HIGH:g} Hz, and ends when it falls below "
            f"{LOW:g} Hz; it is said to travel if its bump moves by {TRAVELLED:g} units or more. "
            "Below: intervals between onsets (thin: exponential distributions of the same rate; "
            "bands: 95 %), and distance over duration of all bursts."
        ),
        tables=tuple(_table(bursts, levels) for bursts, levels in runs.items()),
        draw=lambda figure: _draw(figure, runs),
        size=(7.2, 8.4),
        reading=(
            "Most bursts stand where they begin. The others travel, in hops, at one speed and as "
            "often forward as backward, but rarely far around: behind the bump synapses are "
            "depressed. With fatigue bursts come sooner after each other and travel more slowly. "
            "Both levels agree; for LNP neurons the second-order closure is the same as renewal."
        ),
    )


def _run(bursts: str, label: str, trials: int, effort: Effort) -> Run:
    simulation = prepared(
        presets.load("ring", bursts=bursts),
        label,
        effort=effort,
        dt=DT,
        trials=trials,
        key=(list(DRIVE).index(bursts),),
    )
    result = simulated(
        simulation, TRANSIENT + DURATION, record=("rate",), record_dt=RECORD_DT
    ).after(TRANSIENT)
    rates = np.array(list(result.rate.values()))
    replay = replay_events(rates, dt=RECORD_DT, low=LOW, high=HIGH, smooth=SMOOTH)
    return Run(result=result, replay=replay)


def _table(bursts: str, levels: dict[str, Run]) -> Numbers:
    rows: list[tuple[Cell, ...]] = [
        (name, *(measure(run) for run in levels.values())) for name, measure in MEASURES.items()
    ]
    return Numbers(
        title=f"Bursts driven by {bursts} (drive {DRIVE[bursts]:g} mV)",
        header=("", *levels),
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


def _draw(figure: Figure, runs: dict[str, dict[str, Run]]) -> None:
    maps, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(2.6, 1))[:, 0]
    for part, (bursts, levels) in zip(maps.subfigures(2, 1), runs.items(), strict=True):
        panels = part.subplots(len(levels), 1, sharex=True, sharey=True)
        ring_map(
            *(run.result for run in levels.values()),
            replay=[run.replay for run in levels.values()],
            ax=panels,
            t_start=TRANSIENT,
            t_stop=TRANSIENT + SHOWN,
            smooth=SMOOTH,
        )
        for panel, label in zip(panels, levels, strict=True):
            panel.set_title(f"{label}, driven by {bursts}", loc="left")
            panel.set_ylabel("")
        part.supylabel("position (unit)", fontsize="medium")
    axes = below.subplots(1, 3)
    for panel, (bursts, levels) in zip(axes, runs.items(), strict=False):
        found = [run.replay.bursts for run in levels.values()]
        intervals(*found, labels=list(levels), ax=panel)
        panel.set_title(f"driven by {bursts}", loc="left")
    axes[1].set_ylabel("")
    _distances(axes[2], runs)


def _distances(ax: Axes, runs: dict[str, dict[str, Run]]) -> None:
    for marker, (bursts, levels) in zip(("o", "^"), runs.items(), strict=True):
        for run in levels.values():
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
