"""Averages around population spikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mesopop.analysis.event_average import event_average as analysed
from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.plot.style import (
    as_list,
    colour_of,
    legend_above,
    require_kind,
    require_same_length,
    say,
    tidy,
)
from mesopop.result import Result
from mesopop.validation import require_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def event_average(
    *results: Result,
    events: Sequence[PopulationSpikes],
    population: str | None = None,
    projection: str | None = None,
    ax: Axes | None = None,
    before: float = 100.0,
    after: float = 100.0,
) -> Axes:
    """Draw the activity around the peaks of population spikes, averaged over all complete events.

    The band is one standard error wide on both sides (`analysis.event_average`).

    Parameters
    ----------
    *results : Result
        One or several, in colours by level and closure.
    events : sequence of PopulationSpikes
        Found in each of them, bin by bin.
    population : str, optional
        Default: the first one.
    projection : str, optional
        Label of a plastic projection: draw the mean x of its neurons instead of the activity.
    ax : Axes, optional
        Default: a new figure, with a legend if there are several results.
    before, after : float
        How much to show before and after the peak, ms. Events nearer to a border are left out.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        If something else is given.
    ValueError
        If there is no result, a time is not > 0 ms, or `events` does not go with the results.
    KeyError
        If x of the projection was not recorded.

    Examples
    --------
    >>> import mesopop as mp
    >>> preset = mp.presets.experiment("lif-population-spikes")
    >>> result = mp.simulate(preset.network, 10_000, dt=0.5, level="meso", seed=1)
    >>> ax = mp.plot.event_average(result, events=[mp.analysis.find_events(result, preset.events)])
    >>> ax.get_xlabel()
    'time from peak (ms)'
    """
    if not results:
        raise ValueError("event_average needs at least one result")
    require_kind(results, Result, "results")
    require_same_length("events", events, len(results), "result")
    before = require_number("before", before, "ms", gt=0)
    after = require_number("after", after, "ms", gt=0)
    if population is None:
        population = results[0].network.populations[0].name
    results[0].network.population(population)
    named = ax is None and len(results) > 1
    quantity = f"mean activity of {population} (Hz)" if projection is None else "mean x"
    ax = as_list(ax, 1, "figure")[0]
    for index, (result, found) in enumerate(zip(results, events, strict=True)):
        series = result.rate[population] if projection is None else result.x[projection]
        average = analysed(series, found, before=before, after=after)
        if not average.n:
            continue
        colour = colour_of(result.label, index)
        ax.fill_between(
            average.times,
            average.mean - average.se,
            average.mean + average.se,
            color=colour,
            alpha=0.25,
            linewidth=0,
        )
        ax.plot(
            average.times,
            average.mean,
            color=colour,
            linewidth=1.0 if index else 2.0,  # equal ones stay visible
            label=result.label,
        )
    if not ax.lines:
        say(ax, "no complete event")
    ax.set_xlim(-before, after)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("time from peak (ms)")
    ax.set_ylabel(quantity)
    if named:
        legend_above(ax)
    tidy(ax)
    return ax
