"""How the activity of a population is distributed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mesopop.analysis.hysteresis import Segmentation
from mesopop.analysis.series import require_series
from mesopop.analysis.smoothing import settled
from mesopop.analysis.thresholds import Thresholds
from mesopop.plot.style import (
    as_list,
    colour_of,
    legend_above,
    require_kind,
    tidy,
)
from mesopop.result import Result
from mesopop.validation import require_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


BINS = 60


def distribution(
    *results: Result,
    population: str | None = None,
    ax: Axes | None = None,
    smooth: float = 10.0,
    thresholds: Thresholds | Segmentation | None = None,
) -> Axes:
    """Draw the probability density of the smoothed activity, over time and trials.

    Parameters
    ----------
    *results : Result
        One or several, in colours by level and closure; cut their transients with `Result.after`.
    population : str, optional
        Default: the first one.
    ax : Axes, optional
        Default: a new figure, with a legend if there are several results.
    smooth : float
        Time constant of the exponential smoothing, ms; 0 is none.
    thresholds : Thresholds or Segmentation, optional
        Whose `low` and `high` are marked by dotted lines: ``states.segmentation``, e.g.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        If something else is given.
    ValueError
        If there is no result, it is too short, or has no such population.

    Examples
    --------
    >>> import mesopop as mp
    >>> network = mp.presets.load("lif-up-down")
    >>> results = [mp.simulate(network, 500, dt=0.5, level=level, seed=1) for level in ("micro", "meso")]
    >>> ax = mp.plot.distribution(*results)
    >>> ax.get_xlabel()
    'activity of E (Hz)'
    """
    if not results:
        raise ValueError("distribution needs at least one result")
    require_kind(results, Result, "results")
    if population is None:
        population = results[0].network.populations[0].name
    results[0].network.population(population)
    named = ax is None and len(results) > 1
    ax = as_list(ax, 1, "figure")[0]
    smooth = require_number("smooth", smooth, "ms", ge=0)
    curves = [
        settled(require_series("rate", result.rate[population]), result.record_dt, smooth)
        for result in results
    ]
    lowest = min(float(curve.min()) for curve in curves)
    highest = max(float(curve.max()) for curve in curves)
    edges = np.linspace(lowest, highest if highest > lowest else lowest + 1, BINS + 1)
    for index, (result, curve) in enumerate(zip(results, curves, strict=True)):
        density, _ = np.histogram(curve, edges, density=True)
        # The first one filled, so that equal ones can be seen.
        colour = colour_of(result.label, index)
        ax.stairs(
            density,
            edges,
            fill=index == 0,
            color=colour,
            alpha=0.3 if index == 0 else 1.0,
            label=result.label,
        )
    if thresholds is not None:
        for threshold in (thresholds.low, thresholds.high):
            ax.axvline(threshold, color="0.4", linestyle=":", linewidth=0.9)
    ax.set_ylim(bottom=0)
    ax.set_xlabel(f"activity of {population} (Hz)")
    ax.set_ylabel("density (1/Hz)")
    if named:
        legend_above(ax)
    tidy(ax)
    return ax
