"""All statistics of a comparison at a glance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mesopop.plot.style import (
    colour_of,
    legend_above,
    log_scale,
    require_kind,
    say,
    tidy,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mesopop.comparison_table import Comparison

INTERVAL = 1.96  # standard errors on both sides
WIDEST = 3.0  # ratios beyond this leave the scale linear in their logarithm


def comparison(compared: Comparison, *, ax: Axes | None = None) -> Axes:
    """Draw every statistic of the other results divided by that of the first, with 95 % intervals.

    Statistics without a standard error (numbers of events) are left out. Where ratios exceed 3 or
    fall below 1/3 their axis is logarithmic.

    Parameters
    ----------
    compared : Comparison
        What `compare` returned for two or more results.
    ax : Axes, optional
        Default: a new figure of fitting height.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        If something else is given.
    ValueError
        If there is one result only.

    Examples
    --------
    >>> import mesopop as mp
    >>> net = mp.presets.load("feedforward")
    >>> results = [mp.simulate(net, 5000, dt=0.5, level=level, seed=1) for level in ("micro", "meso")]
    >>> ax = mp.plot.comparison(mp.compare(*results))
    >>> ax.get_xlabel()
    'relative to micro'
    """
    from mesopop.comparison_table import Comparison

    require_kind([compared], Comparison, "compared")
    others = range(1, len(compared.labels))
    if not others:
        raise ValueError("comparison needs at least two results, got one")
    rows = [
        statistic
        for statistic in compared.statistics
        if any(math.isfinite(statistic.ratio(index).se) for index in others)
    ]
    if ax is None:
        from matplotlib import pyplot

        height = 1.2 + 0.25 * max(len(rows), 2)
        ax = pyplot.subplots(figsize=(7, height), layout="constrained")[1]
    where = np.arange(len(rows), dtype=np.float64)
    extremes = [1.0]
    for index in others:
        label = compared.labels[index]
        ratios = [statistic.ratio(index) for statistic in rows]
        values = np.array([ratio.value for ratio in ratios])
        margins = INTERVAL * np.array([ratio.se for ratio in ratios])
        ax.errorbar(
            values,
            where + 0.22 * (index - len(compared.labels) / 2),
            xerr=margins,
            fmt="o",
            markersize=3.5,
            elinewidth=1.0,
            color=colour_of(label, index),
            label=label,
        )
        extremes += [*values[np.isfinite(values) & (values > 0)]]
    ax.axvline(1, color="0.6", linewidth=0.8, zorder=0)
    if not rows:
        say(ax, "nothing with a standard error")
    if max(extremes) > WIDEST or min(extremes) < 1 / WIDEST:
        log_scale(ax, "x")
    ax.set_yticks(where, [statistic.name for statistic in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel(f"relative to {compared.labels[0]}")
    legend_above(ax)
    tidy(ax)
    return ax
