"""Population activity over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mesopop.analysis.hysteresis import UP, Segmentation
from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.analysis.smoothing import exponential_smoothing
from mesopop.analysis.up_down import UpDownStates
from mesopop.plot.style import (
    as_list,
    colour_of,
    legend_above,
    require_kind,
    require_same_length,
    tidy,
)
from mesopop.plot.window import Window, window
from mesopop.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


# Up states are marked above the data, in fractions of the height of the axes.
MARK_HEIGHT, HEADROOM = 0.05, 0.12


def activity(
    *results: Result,
    population: str | None = None,
    ax: Axes | Iterable[Axes] | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    trial: int = 0,
    smooth: float = 10.0,
    states: Sequence[UpDownStates | PopulationSpikes | Segmentation] | None = None,
) -> list[Axes]:
    """Draw the activity of a population over time, one trial of each result.

    Parameters
    ----------
    *results : Result
        One or several, in colours by level and closure.
    population : str, optional
        Default: the first one.
    ax : Axes or sequence of Axes, optional
        One for all results, or one for each. Default: a new figure with a panel for each.
    t_start, t_stop : float, optional
        What to show, ms. Default: all.
    trial : int
    smooth : float
        Time constant of the exponential smoothing, ms; 0 is none.
    states : sequence, optional
        For each result what `analysis.up_down_states`, `population_spikes` or `segment` found in
        it, bin by bin: Up states and events are marked by bars on top.

    Returns
    -------
    list of Axes
        Of each result.

    Raises
    ------
    TypeError
        If something else is given.
    ValueError
        If there is no result, a window is empty, a trial or population does not exist, or `ax` or
        `states` does not go with the results.

    Examples
    --------
    >>> import mesopop as mp
    >>> network = mp.presets.load("lif-up-down")
    >>> results = [mp.simulate(network, 500, dt=0.5, level=level, seed=1) for level in ("micro", "meso")]
    >>> axes = mp.plot.activity(*results, t_start=100)
    >>> [ax.get_title(loc="left") for ax in axes]
    ['micro', 'meso renewal']
    """
    if not results:
        raise ValueError("activity needs at least one result")
    require_kind(results, Result, "results")
    if population is None:
        population = results[0].network.populations[0].name
    results[0].network.population(population)
    shown = window(results, t_start, t_stop, trial)
    if states is not None:
        require_same_length("states", states, len(results), "result")
    axes = as_list(ax, len(results), "result")

    highest: dict[Axes, float] = {}
    for index, (result, panel) in enumerate(zip(results, axes, strict=True)):
        rate = shown.series(result.rate[population])
        curve = exponential_smoothing(rate, dt=result.record_dt, tau=smooth)
        bins = shown.bins(result)
        panel.plot(
            result.t[bins] / 1000,
            curve[bins],
            color=colour_of(result.label, index),
            linewidth=0.6,
            label=result.label,
        )
        highest[panel] = max(highest.get(panel, 0.0), float(curve[bins].max(initial=0.0)))

    # Panels that share their scale must be scaled to the highest of them.
    top = max(highest.values()) or 1.0
    for panel, own in highest.items():
        here = top if len(panel.get_shared_y_axes().get_siblings(panel)) > 1 else own
        marks = axes.count(panel) if states is not None else 0
        panel.set_ylim(0, (here or 1.0) / (1 - HEADROOM / 2 - marks * HEADROOM))
        panel.set_xlim(shown.start / 1000, shown.stop / 1000)
        tidy(panel)
    if states is not None:
        _mark(results, states, axes, shown)
    _label(results, axes, population)
    return axes


def _mark(
    results: Sequence[Result],
    states: Sequence[UpDownStates | PopulationSpikes | Segmentation],
    axes: list[Axes],
    shown: Window,
) -> None:
    row: dict[Axes, int] = {}
    for index, (result, found, panel) in enumerate(zip(results, states, axes, strict=True)):
        segmentation = found if isinstance(found, Segmentation) else found.segmentation
        if segmentation.bins != len(result.t):
            raise ValueError(
                f"states[{index}] has {segmentation.bins} bins, but {result.label} has "
                f"{len(result.t)}: find them in the result that is drawn"
            )
        up = segmentation.intervals()
        up = up[(up["state"] == UP) & (up["trial"] == shown.trial)]
        start = result.t[up["start"]] - result.record_dt
        width = (up["stop"] - up["start"]) * result.record_dt
        # Wide enough to be seen; what is left of short events.
        width = np.maximum(width, 2e-3 * (shown.stop - shown.start))
        row[panel] = row.get(panel, -1) + 1
        panel.broken_barh(
            list(zip(start / 1000, width / 1000, strict=True)),
            (1 - MARK_HEIGHT - row[panel] * HEADROOM, MARK_HEIGHT),
            transform=panel.get_xaxis_transform(),
            facecolor=colour_of(result.label, index),
            linewidth=0,
        )


def _label(results: Sequence[Result], axes: list[Axes], population: str) -> None:
    # Names at the left, above the panel.
    for panel in dict.fromkeys(axes):
        here = [
            (index, result.label)
            for index, (result, its) in enumerate(zip(results, axes, strict=True))
            if its is panel
        ]
        if len(here) == 1:
            ((index, label),) = here
            panel.set_title(label, loc="left", color=colour_of(label, index), fontweight="bold")
        else:
            legend_above(panel)
        panel.set_ylabel(f"activity of {population} (Hz)")
    last = axes[-1]
    last.set_xlabel("time (s)")
    for panel in axes[:-1]:
        if panel is not last and not panel.get_shared_x_axes().joined(panel, last):
            panel.set_xlabel("time (s)")
