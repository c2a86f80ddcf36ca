"""Mean activity of every population."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mesopop.analysis.averages import time_average
from mesopop.plot.activity_map import MOST_NAMES
from mesopop.plot.style import (
    as_list,
    colour_of,
    legend_above,
    require_kind,
    tidy,
)
from mesopop.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def rates(*results: Result, ax: Axes | None = None) -> Axes:
    """Draw the mean activity of every population with its standard error.

    Parameters
    ----------
    *results : Result
        One or several of the same network, in colours by level and closure; cut their transients
        with `Result.after`.
    ax : Axes, optional
        Default: a new figure, with a legend if there are several results.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        If something else is given.
    ValueError
        If there is no result, or it is too short.

    Examples
    --------
    >>> import mesopop as mp
    >>> network = mp.presets.load("lif-up-down")
    >>> results = [mp.simulate(network, 500, dt=0.5, level=level, seed=1) for level in ("micro", "meso")]
    >>> ax = mp.plot.rates(*results)
    >>> ax.get_ylabel()
    'mean activity (Hz)'
    """
    if not results:
        raise ValueError("rates needs at least one result")
    require_kind(results, Result, "results")
    named = ax is None and len(results) > 1
    ax = as_list(ax, 1, "figure")[0]
    names = [population.name for population in results[0].network.populations]
    where = np.arange(len(names))
    for index, result in enumerate(results):
        means = [time_average(result.rate[name]) for name in names]
        # Beside each other, since they should agree.
        shift = 0.25 * (index - (len(results) - 1) / 2)
        ax.errorbar(
            where + shift,
            [mean.value for mean in means],
            [mean.se for mean in means],
            fmt="o",
            markersize=3,
            elinewidth=0.8,
            color=colour_of(result.label, index),
            label=result.label,
        )
    if len(names) <= MOST_NAMES:
        ax.set_xticks(where, names)
    else:
        ax.set_xlabel("population")
    ax.set_xlim(-0.6, len(names) - 0.4)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("mean activity (Hz)")
    if named:
        legend_above(ax)
    tidy(ax)
    return ax
