"""How the activity of a population is distributed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mesopop.analysis.smoothing import exponential_smoothing
from mesopop.plot.style import as_list, colour_of, tidy
from mesopop.result import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mesopop.result import Result

BINS = 60


def distribution(
    *results: Result,
    population: str | None = None,
    ax: Axes | None = None,
    smooth: float = 10.0,
) -> Axes:
    """Draw the probability density of the smoothed activity, over time and trials.

    Parameters
    ----------
    *results : Result
        One or several, in colours by level and closure; cut their transients with `Result.after`.
    population : str, optional
        Default: the first one.
    ax : Axes, optional
        Default: a new figure.
    smooth : float
        Time constant of the exponential smoothing, ms; 0 is none.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there is no result, it is too short, or has no such population.
    """
    if not results:
        raise ValueError("distribution needs at least one result")
    if population is None:
        population = results[0].network.populations[0].name
    results[0].network.population(population)
    ax = as_list(ax, 1, "figure")[0]
    curves = [_smoothed(result.rate[population], result.record_dt, smooth) for result in results]
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
    ax.set_ylim(bottom=0)
    ax.set_xlabel(f"activity of {population} (Hz)")
    ax.set_ylabel("density (1/Hz)")
    tidy(ax)
    return ax


def _smoothed(rate: FloatArray, dt: float, tau: float) -> FloatArray:
    # Smoothing starts at the first bin as it is: left out until that is forgotten.
    curve = exponential_smoothing(rate, dt=dt, tau=tau)
    return curve[..., min(math.ceil(5 * tau / dt), curve.shape[-1] // 2) :]
