"""One page that shows what an experiment gave at every level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib

from mesopop.analysis.events import find_events
from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.analysis.report import significant
from mesopop.analysis.up_down import UpDownStates
from mesopop.plot.activity import activity
from mesopop.plot.activity_map import activity_map
from mesopop.plot.distribution import distribution
from mesopop.plot.dwell_times import dwell_times, intervals
from mesopop.plot.event_average import event_average
from mesopop.plot.rates import rates
from mesopop.plot.style import PAGE_STYLE, legend_above
from mesopop.plot.synapses import synapses
from mesopop.plot.window import Window, eventful_window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import GridSpec

    from mesopop.experiment import Experiment
    from mesopop.result import Result

# Inches.
WIDTH, ACTIVITY, SYNAPSES, MAP, DISTRIBUTION, TITLE = 7.1, 1.35, 0.85, 1.9, 1.9, 0.5
BEGINNING, BEGINNING_OF_MAP = 2000.0, 5000.0  # ms, shown of experiments without events
MOST_PANELS = 4  # of populations; activity of more is shown as a map


def overview(
    experiment: Experiment, *results: Result, figure: Figure | None = None, title: str = ""
) -> Figure:
    """Draw activity, u and x, and the distribution of the events (or of the activity) on one page.

    With events: a stretch of one trial of each result, Up states or events marked; below them dwell
    times, or intervals between events and their average, of all trials. Without: the beginning of a
    trial, all results in each panel, and how the activity is distributed; of more than four
    populations a map for each result, and their mean rates.

    Parameters
    ----------
    experiment : Experiment
        Its events and transient are used; results are given with the transient.
    *results : Result
        One or several, each longer than the transient.
    figure : Figure, optional
        An empty one, which gets a fitting size. Default: a new pyplot figure.
    title : str
        Stands before the title of the experiment.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there is no result, or one is too short for its events.

    Examples
    --------
    >>> import mesopop as mp
    >>> preset = mp.presets.experiment("feedforward")
    >>> result = mp.simulate(preset.network, 4000, dt=0.5, level="meso", seed=1)
    >>> figure = mp.plot.overview(preset, result)
    >>> len(figure.axes)
    5
    """
    if not results:
        raise ValueError("overview needs at least one result")
    with matplotlib.rc_context(PAGE_STYLE):
        if figure is None:
            from matplotlib import pyplot

            figure = pyplot.figure()
        figure.set_layout_engine("constrained", h_pad=0.03, w_pad=0.05)
        if experiment.events is not None:
            caption = _with_events(figure, experiment, results)
        elif len(experiment.network.populations) <= MOST_PANELS:
            caption = _without_events(figure, experiment, results)
        else:
            caption = _of_many(figure, experiment, results)
        heading = ": ".join(filter(None, (title, experiment.title)))
        figure.suptitle(f"{heading}\n{caption}".strip(), x=0.01, ha="left", fontsize=8)
    return figure


def _with_events(figure: Figure, experiment: Experiment, results: Sequence[Result]) -> str:
    assert experiment.events is not None
    settings, labels = experiment.events, [result.label for result in results]
    cut = [result.after(experiment.simulation.transient) for result in results]
    found = [find_events(result, settings) for result in cut]
    shown = eventful_window(cut, found)
    plastic = _plastic_projection(experiment, settings.population)

    heights = [ACTIVITY, *([SYNAPSES] if plastic else [])] * len(cut)
    grid = _grid(figure, [*heights, DISTRIBUTION])
    per_level = 2 if plastic else 1
    panels: list[Axes] = []
    for index in range(len(cut)):
        first = panels[0] if panels else None
        panels.append(figure.add_subplot(grid[per_level * index, :], sharex=first, sharey=first))
    start, stop, trial = shown.start, shown.stop, shown.trial
    activity(
        *cut,
        population=settings.population,
        ax=panels,
        t_start=start,
        t_stop=stop,
        trial=trial,
        states=found,
    )
    for index, result in enumerate(cut if plastic else ()):
        below = figure.add_subplot(grid[2 * index + 1, :], sharex=panels[0])
        synapses(result, projection=plastic, ax=below, t_start=start, t_stop=stop, trial=trial)
    _only_last_shows_time(figure.axes)

    bottom = [figure.add_subplot(grid[-1, side]) for side in (0, 1)]
    states = [events for events in found if isinstance(events, UpDownStates)]
    spikes = [events for events in found if isinstance(events, PopulationSpikes)]
    if states:
        dwell_times(*states, labels=labels, ax=bottom)
        mark = "bars: Up states"
    else:
        intervals(*spikes, labels=labels, ax=bottom[0])
        event_average(*cut, events=spikes, population=settings.population, ax=bottom[1])
        mark = "bars: population spikes"
    figure.align_ylabels([*figure.axes[: len(heights)], bottom[0]])
    return f"{_stretch(shown, experiment)}; {mark}; thin curves below: exponential of equal rate"


def _without_events(figure: Figure, experiment: Experiment, results: Sequence[Result]) -> str:
    cut = [result.after(experiment.simulation.transient) for result in results]
    names = [population.name for population in experiment.network.populations]
    plastic = _plastic_projection(experiment, names[0])
    end = min(BEGINNING, *(float(result.t[-1]) for result in results))
    shown = Window(start=0.0, stop=end)

    heights = [ACTIVITY] * len(names) + ([SYNAPSES] if plastic else [])
    grid = _grid(figure, [*heights, DISTRIBUTION], columns=len(names))
    for row, name in enumerate(names):
        panel = figure.add_subplot(grid[row, :], sharex=figure.axes[0] if row else None)
        activity(*results, population=name, ax=panel, t_start=0.0, t_stop=end)
        if row:  # the first panel says which is which
            panel.set_title("", loc="left")
            if panel.legend_ is not None:
                panel.legend_.remove()
    if plastic:
        below = figure.add_subplot(grid[len(names), :], sharex=figure.axes[0])
        synapses(*results, projection=plastic, ax=below, t_start=0.0, t_stop=end)
    _only_last_shows_time(figure.axes)
    bottom = [figure.add_subplot(grid[-1, column]) for column in range(len(names))]
    for name, panel in zip(names, bottom, strict=True):
        distribution(*cut, population=name, ax=panel)
    figure.align_ylabels([*figure.axes[: len(heights)], bottom[0]])
    return _stretch(shown, experiment)


def _of_many(figure: Figure, experiment: Experiment, results: Sequence[Result]) -> str:
    cut = [result.after(experiment.simulation.transient) for result in results]
    end = min(BEGINNING_OF_MAP, *(float(result.t[-1]) for result in results))
    grid = _grid(figure, [*[MAP] * len(results), DISTRIBUTION], columns=1)
    panels: list[Axes] = []
    for row in range(len(results)):
        panels.append(figure.add_subplot(grid[row, 0], sharex=panels[0] if panels else None))
    activity_map(*results, ax=panels, t_start=0.0, t_stop=end)
    _only_last_shows_time(panels)
    bottom = rates(*cut, ax=figure.add_subplot(grid[-1, 0]))
    if len(results) > 1:
        legend_above(bottom)
    return _stretch(Window(start=0.0, stop=end), experiment)


def _grid(figure: Figure, heights: list[float], columns: int = 2) -> GridSpec:
    figure.set_size_inches(WIDTH, TITLE + sum(heights))
    return figure.add_gridspec(len(heights), columns, height_ratios=heights)


def _plastic_projection(experiment: Experiment, population: str) -> str | None:
    # The first that starts at the population, else the first at all.
    plastic = [p for p in experiment.network.projections if p.stp is not None]
    plastic.sort(key=lambda projection: projection.source != population)
    return plastic[0].label if plastic else None


def _stretch(shown: Window, experiment: Experiment) -> str:
    start, stop = (significant(time / 1000) for time in (shown.start, shown.stop))
    return f"trial {shown.trial + 1} of {experiment.simulation.trials}, {start} to {stop} s"


def _only_last_shows_time(panels: list[Axes]) -> None:
    for panel in panels[:-1]:
        panel.tick_params(labelbottom=False)
        panel.set_xlabel("")
