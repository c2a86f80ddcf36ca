"""Spikes of single neurons, with the activity below."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from mesopop.plot.activity import activity
from mesopop.plot.style import (
    colour_of,
    require_kind,
    tidy,
)
from mesopop.plot.window import window
from mesopop.result import Result
from mesopop.validation import require_integer

if TYPE_CHECKING:
    from matplotlib.axes import Axes


LARGEST = 6.0  # height of a spike, points


def raster(
    result: Result,
    *,
    population: str | None = None,
    ax: Iterable[Axes] | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    trial: int = 0,
    smooth: float = 10.0,
    most: int = 200,
) -> list[Axes]:
    """Draw the recorded spikes of a population as points, and below them its activity.

    Parameters
    ----------
    result : Result
        With spikes: ``simulate(..., level="micro", record=("rate", "spikes"))``.
    population : str, optional
        Default: the first one.
    ax : sequence of two Axes, optional
        For spikes and activity. Default: a new figure.
    t_start, t_stop : float, optional
        What to show, ms. Default: all.
    trial : int
    smooth : float
        Time constant of the exponential smoothing of the activity, ms; 0 is none.
    most : int
        Neurons to show, evenly chosen if there are more.

    Returns
    -------
    list of two Axes

    Raises
    ------
    TypeError
        If something else is given.
    ValueError
        If spikes were not recorded, the window is empty, a trial or population does not exist, or
        `ax` is not two Axes.

    Examples
    --------
    >>> import mesopop as mp
    >>> network = mp.presets.load("lif-up-down")
    >>> micro = mp.simulate(network, 500, dt=0.5, seed=1, record=("rate", "spikes"))
    >>> spikes, below = mp.plot.raster(micro)
    >>> spikes.get_ylabel()
    'neuron of E'
    """
    require_kind([result], Result, "result")
    if population is None:
        population = result.network.populations[0].name
    size = result.network.population(population).size
    most = require_integer("most", most, ge=1)
    if not result.spikes:
        raise ValueError('spikes were not recorded: simulate with record=("rate", "spikes")')
    shown = window([result], t_start, t_stop, trial)
    axes = _pair() if ax is None else list(ax)
    if len(axes) != 2:
        raise ValueError(f"ax must be two Axes, for spikes and activity, got {len(axes)}")
    train = result.spikes[population]
    if result.trials > 1:
        train = train[shown.trial]
    chosen = np.unique(np.linspace(0, size - 1, min(size, most)).astype(int))
    inside = (train["time"] > shown.start) & (train["time"] <= shown.stop)
    inside &= np.isin(train["neuron"], chosen)
    axes[0].plot(
        train["time"][inside] / 1000,
        np.searchsorted(chosen, train["neuron"][inside]),
        linestyle="none",
        # As high as the space of a neuron: pixels would leave out rows, or fall together.
        marker="|",
        markersize=min(0.9 * _height(axes[0]) / len(chosen), LARGEST),
        markeredgewidth=0.5,
        color=colour_of(result.label),
        rasterized=True,
    )
    axes[0].set_ylim(-0.5, len(chosen) - 0.5)
    neurons = f"neuron of {population}"
    axes[0].set_ylabel(neurons if len(chosen) == size else f"{neurons} ({len(chosen)} of {size})")
    tidy(axes[0])
    activity(
        result,
        population=population,
        ax=axes[1],
        t_start=shown.start,
        t_stop=shown.stop,
        trial=trial,
        smooth=smooth,
    )
    axes[0].set_title(axes[1].get_title(loc="left"), loc="left", weight="bold")
    axes[1].set_title("", loc="left")
    axes[0].set_xlim(axes[1].get_xlim())
    return axes


def _height(ax: Axes) -> float:
    # Points.
    return float(72 * ax.get_window_extent().height / ax.figure.dpi)


def _pair() -> list[Axes]:
    from matplotlib import pyplot

    _, axes = pyplot.subplots(
        2, 1, sharex=True, figsize=(8, 4.5), height_ratios=(2, 1), layout="constrained"
    )
    return list(axes)
