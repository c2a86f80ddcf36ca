"""What the panels of a page have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mesopop.analysis.estimate import Estimate
from mesopop.figures.levels import MICRO
from mesopop.plot import activity
from mesopop.plot.style import colour_of

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from mesopop.result import Result

INTERVAL = 1.96  # standard errors on both sides


def points(
    ax: Axes, x: Sequence[float], values: Sequence[Estimate], label: str, *, line: bool = True
) -> None:
    """Estimates with 95 % intervals, in the colour of the level; those of micro open and larger.

    A line joins the points of a closure unless `line` is False.
    """
    micro = label == MICRO
    ax.errorbar(
        x,
        [value.value for value in values],
        # Without a standard error there is no bar.
        INTERVAL * np.nan_to_num([value.se for value in values]),
        fmt="o" if micro else ".",
        linestyle="-" if line and not micro else "none",
        markersize=6 if micro else 5,
        markerfacecolor="none" if micro else None,
        linewidth=0.8,
        elinewidth=0.8,
        color=colour_of(label),
        label=label,
    )


def legend_of_page(figure: Figure | SubFigure, *panels: Axes) -> None:
    """One legend above all panels, of the names in some of them; their own ones are removed."""
    entries: dict[str, Artist] = {}
    for panel in panels:
        for handle, name in zip(*panel.get_legend_handles_labels(), strict=True):
            entries.setdefault(name, handle)
    for panel in figure.axes:
        if panel.legend_ is not None:
            panel.legend_.remove()
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="outside upper center",
        ncols=len(entries),
        frameon=False,
    )


def traces_above(
    figure: Figure, results: Sequence[Result], events: Sequence[Any], *, shown: float
) -> SubFigure:
    """The activity of each result with its events over `shown` ms; returns what is left below."""
    above: SubFigure
    below: SubFigure
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(2.1, 1))[:, 0]
    panels = above.subplots(len(results), 1, sharex=True, sharey=True)
    start = float(results[0].t[0]) - results[0].record_dt
    activity(*results, ax=panels, t_start=start, t_stop=start + shown, states=events)
    for panel in panels:
        panel.set_ylabel("A (Hz)")
    for panel in panels[:-1]:
        panel.set_xlabel("")
    return below
