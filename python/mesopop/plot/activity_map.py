"""Activity of many populations over time, as a map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from mesopop.analysis.smoothing import exponential_smoothing
from mesopop.plot.style import (
    SEQUENTIAL,
    as_list,
    colour_of,
    require_kind,
)
from mesopop.plot.window import window
from mesopop.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MOST_NAMES = 12  # of populations, to be written beside their rows
# The scale ends at this quantile of what is shown: a short transient must not hide the rest.
SCALE_ENDS_AT = 0.995


def activity_map(
    *results: Result,
    ax: Axes | Iterable[Axes] | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    trial: int = 0,
    smooth: float = 10.0,
) -> list[Axes]:
    """Draw the activity of all populations over time in colours, one trial of each result.

    Parameters
    ----------
    *results : Result
        One or several of the same network; they share the scale of colours.
    ax : Axes or sequence of Axes, optional
        One for each result. Default: a new figure with a panel for each.
    t_start, t_stop : float, optional
        What to show, ms. Default: all.
    trial : int
    smooth : float
        Time constant of the exponential smoothing, ms; 0 is none.

    Returns
    -------
    list of Axes
        Of each result.

    Raises
    ------
    TypeError
        If something else is given.
    ValueError
        If there is no result, a window is empty, a trial does not exist, or `ax` does not go with
        the results.

    Examples
    --------
    >>> import mesopop as mp
    >>> network = mp.presets.load("lif-up-down")
    >>> result = mp.simulate(network, 500, dt=0.5, level="meso", seed=1)
    >>> (ax,) = mp.plot.activity_map(result)
    >>> ax.get_xlabel()
    'time (s)'
    """
    if not results:
        raise ValueError("activity_map needs at least one result")
    require_kind(results, Result, "results")
    names = [population.name for population in results[0].network.populations]
    shown = window(results, t_start, t_stop, trial)
    axes = as_list(ax, len(results), "result")
    maps = []
    for result in results:
        rates = np.array([shown.series(result.rate[name]) for name in names])
        smoothed = exponential_smoothing(rates, dt=result.record_dt, tau=smooth)
        maps.append(smoothed[:, shown.bins(result)])
    top = max(float(np.quantile(values, SCALE_ENDS_AT)) for values in maps) or 1.0

    for index, (result, values, panel) in enumerate(zip(results, maps, axes, strict=True)):
        begin = (result.t[shown.bins(result)][0] - result.record_dt) / 1000
        end = result.t[shown.bins(result)][-1] / 1000
        image = panel.imshow(
            values,
            aspect="auto",
            origin="upper",
            extent=(begin, end, len(names) - 0.5, -0.5),
            vmin=0,
            vmax=top,
            cmap=SEQUENTIAL,
            interpolation="nearest",
        )
        panel.set_title(
            result.label, loc="left", color=colour_of(result.label, index), weight="bold"
        )
        if len(names) <= MOST_NAMES:
            panel.set_yticks(range(len(names)), names)
        else:
            panel.set_ylabel("population")
    panel.set_xlabel("time (s)")
    figure = axes[0].figure
    figure.colorbar(image, ax=axes, label="activity (Hz)", extend="max", fraction=0.05, pad=0.01)
    return axes
