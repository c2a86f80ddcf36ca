"""Activity of a ring of units over position and time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mesopop.plot.activity_map import activity_map
from mesopop.plot.style import VERMILLION, require_same_length
from mesopop.plot.window import window

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mesopop.analysis.ring import ReplayEvents
    from mesopop.result import Result


def ring_map(
    *results: Result,
    replay: Sequence[ReplayEvents] | None = None,
    ax: Axes | Iterable[Axes] | None = None,
    t_start: float | None = None,
    t_stop: float | None = None,
    trial: int = 0,
    smooth: float = 10.0,
) -> list[Axes]:
    """Draw the activity of a ring in colours over time and position, one trial of each result.

    All populations are taken as units of the ring, in their order.

    Parameters
    ----------
    *results : Result
        One or several of the same network; they share the scale of colours.
    replay : sequence of ReplayEvents, optional
        For each result what `analysis.replay_events` found in it: the paths of its bumps are drawn
        as lines.
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
    ValueError
        If there is no result, a window is empty, a trial does not exist, or `ax` or `replay` does
        not go with the results.

    Examples
    --------
    >>> import numpy as np
    >>> import mesopop as mp
    >>> result = mp.simulate(mp.presets.load("ring"), 500, dt=0.1, level="meso", seed=1, record_dt=5)
    >>> rates = np.array(list(result.rate.values()))
    >>> found = mp.analysis.replay_events(rates, dt=5.0, low=1.0, high=3.0)
    >>> (ax,) = mp.plot.ring_map(result, replay=[found])
    >>> ax.get_ylabel()
    'position (unit)'
    """
    if replay is not None:
        require_same_length("replay", replay, len(results), "result")
        for index, (result, found) in enumerate(zip(results, replay, strict=True)):
            bins = found.position.shape[-1]
            if bins != len(result.t):
                raise ValueError(
                    f"replay[{index}] has {bins} bins, but {result.label} has {len(result.t)}: "
                    "find events in the result that is drawn"
                )
    axes = activity_map(*results, ax=ax, t_start=t_start, t_stop=t_stop, trial=trial, smooth=smooth)
    shown = window(results, t_start, t_stop, trial)
    for index, (result, panel) in enumerate(zip(results, axes, strict=True)):
        units = len(result.network.populations)
        panel.set_yticks([0, units / 4, units / 2, 3 * units / 4])
        panel.set_ylim(-0.5, units - 0.5)
        panel.set_ylabel("position (unit)")
        if replay is not None:
            bins = shown.bins(result)
            path = shown.series(replay[index].position)[bins].copy()
            # Once around the ring is no way back across the panel.
            path[1:][np.abs(np.diff(path)) > units / 2] = np.nan
            panel.plot(result.t[bins] / 1000, path, color=VERMILLION, linewidth=0.8)
    return axes
