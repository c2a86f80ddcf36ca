"""Population means of u and x over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesopop.plot.style import (
    as_list,
    colour_of,
    legend_above,
    require_kind,
    tidy,
)
from mesopop.plot.window import window
from mesopop.result import Result
from mesopop.validation import did_you_mean

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def synapses(
    *results: Result,
    projection: str | None = None,
    ax: Axes | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    trial: int = 0,
) -> Axes:
    """Draw the population means of u (dashed) and x (solid) over time, one trial of each result.

    Parameters
    ----------
    *results : Result
        One or several, in colours by level and closure.
    projection : str, optional
        Label of a plastic projection. Default: the first one.
    ax : Axes, optional
        Default: a new figure.
    t_start, t_stop : float, optional
        What to show, ms. Default: all.
    trial : int

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        If something else is given.
    ValueError
        If there is no result, none of its projections is plastic or of that label, a window is
        empty, or a trial does not exist.

    Examples
    --------
    >>> import mesopop as mp
    >>> network = mp.presets.load("lif-up-down")
    >>> result = mp.simulate(network, 500, dt=0.5, level="meso", seed=1)
    >>> ax = mp.plot.synapses(result)
    >>> ax.get_title(loc="left")
    'synapses E->E: x solid, u dashed'
    """
    if not results:
        raise ValueError("synapses needs at least one result")
    require_kind(results, Result, "results")
    plastic = list(results[0].x)
    if not plastic:
        raise ValueError("there is no u and x: no projection is plastic, or they were not recorded")
    if projection is None:
        projection = plastic[0]
    if projection not in plastic:
        raise ValueError(
            f'no plastic projection "{projection}"; {did_you_mean(projection, plastic)}'
        )
    shown = window(results, t_start, t_stop, trial)
    ax = as_list(ax, 1, "figure")[0]
    for index, result in enumerate(results):
        bins = shown.bins(result)
        # Shifted dashes: equal u of several results stay visible side by side.
        dashed = (4 * index, (4, 4))
        for name, values, style in (("u", result.u, dashed), ("x", result.x, "-")):
            ax.plot(
                result.t[bins] / 1000,
                shown.series(values[projection])[bins],
                linestyle=style,
                color=colour_of(result.label, index),
                linewidth=0.8,
                label=result.label if name == "x" else None,
            )
    ax.set_xlim(shown.start / 1000, shown.stop / 1000)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel("time (s)")
    ax.set_ylabel("u, x")
    title = ax.set_title(f"synapses {projection}: x solid, u dashed", loc="left", wrap=True)
    if len(results) > 1:
        legend_above(ax, beside=title)
    tidy(ax)
    return ax
