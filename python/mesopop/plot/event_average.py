"""Average activity around population spikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.plot.style import as_list, colour_of, require_same_length, say, tidy
from mesopop.validation import require_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mesopop.result import Result


def event_average(
    *results: Result,
    events: Sequence[PopulationSpikes],
    population: str | None = None,
    ax: Axes | None = None,
    before: float = 100.0,
    after: float = 100.0,
) -> Axes:
    """Draw the activity around the peaks of population spikes, averaged over all complete events.

    Parameters
    ----------
    *results : Result
        One or several, in colours by level and closure.
    events : sequence of PopulationSpikes
        Found in each of them, bin by bin.
    population : str, optional
        Default: the first one.
    ax : Axes, optional
        Default: a new figure.
    before, after : float
        How much to show before and after the peak, ms. Events nearer to a border are left out.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there is no result, a time is not > 0 ms, or `events` does not go with the results.
    """
    if not results:
        raise ValueError("event_average needs at least one result")
    require_same_length("events", events, len(results), "result")
    before = require_number("before", before, "ms", gt=0)
    after = require_number("after", after, "ms", gt=0)
    if population is None:
        population = results[0].network.populations[0].name
    results[0].network.population(population)
    ax = as_list(ax, 1, "figure")[0]
    for index, (result, found) in enumerate(zip(results, events, strict=True)):
        rate = np.atleast_2d(result.rate[population])
        dt = result.record_dt
        offsets = np.arange(-round(before / dt), round(after / dt) + 1)
        peaks = np.rint(found.peak_times / dt).astype(int) - 1
        inside = (peaks + offsets[0] >= 0) & (peaks + offsets[-1] < rate.shape[1])
        if not inside.any():
            continue
        around = rate[found.trials[inside, None], peaks[inside, None] + offsets]
        ax.plot(
            offsets * dt,
            around.mean(axis=0),
            color=colour_of(result.label, index),
            linewidth=1.0 if index else 2.0,  # equal ones stay visible
            label=result.label,
        )
    if not ax.lines:
        say(ax, "no complete event")
    ax.set_xlim(-before, after)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("time from peak (ms)")
    ax.set_ylabel(f"mean activity of {population} (Hz)")
    tidy(ax)
    return ax
