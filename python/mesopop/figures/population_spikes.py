"""Irregular population spikes, at both levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from mesopop import presets
from mesopop.analysis import population_spikes
from mesopop.analysis.estimate import Estimate, mean
from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.comparison import compare
from mesopop.comparison_table import Statistic
from mesopop.experiment import Experiment
from mesopop.figures.comparisons import joined, tables_of
from mesopop.figures.exhibit import Effort, Exhibit, Numbers
from mesopop.figures.levels import MICRO, prepared, simulated
from mesopop.figures.panels import legend_of_page, traces_above
from mesopop.plot import event_average, intervals
from mesopop.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABELS = (MICRO, "renewal", "second_order", "first_order")
NAMES = {"lif-population-spikes": "LIF", "lnp-population-spikes": "LNP"}
DRAWN = "LIF"
PROJECTION = "E->E"
TRANSIENT, DURATION, SHOWN = 1000.0, 100_000.0, 30_000.0
AROUND, BEFORE, AFTER = 60.0, 100.0, 400.0  # ms, of the activity and of x
FIRST = {
    "rate of E (Hz)": "rate\n(Hz)",
    "release per spike, E->E": "release\nper spike",
    "interval between events (s)": "interval\n(s)",
    "CV of the intervals": "CV of the\nintervals",
}
SECOND = {
    "number of events": "events",
    "released": "released\nper neuron",
    "x before": "x before",
    "x after": "x after",
}
TESTED = {
    "rate of E (Hz)": "rate",
    "release per spike, E->E": "release",
    "interval between events (s)": "interval",
    "CV of the intervals": "CV",
    "released": "released",
    "x before": "x before",
    "x after": "x after",
}


def exhibit(effort: Effort) -> Exhibit:
    """The LIF preset in the figure, the LNP preset in the tables only."""
    trials = effort.choose(50, 150, least=2)
    tables: list[Numbers] = []
    shown: tuple[list[Result], list[PopulationSpikes]] = ([], [])
    for number, (preset, name) in enumerate(NAMES.items()):
        experiment, compared, found = presets.experiment(preset), [], []
        for label in LABELS:
            result = _result(experiment, label, trials, effort, number)
            compared.append(compare(result, events=experiment.events))
            found.append(_events(experiment, result))
            if name == DRAWN:
                shown[0].append(result)
                shown[1].append(found[-1])
        whole = joined(compared)
        statistics = (*whole.statistics, *_of_events(found))
        comparison = attrs.evolve(whole, statistics=statistics)
        tables += tables_of(name, comparison, FIRST, SECOND, TESTED, what="the events")
    return Exhibit(
        title="Population spikes",
        caption=(
            "The presets lif-population-spikes (200 LIF neurons, dt 0.5 ms; figure and tables) "
            "and lnp-population-spikes (200 LNP neurons, dt 0.1 ms; tables), depressing synapses; "
            f"{trials} trials of {DURATION / 1000:g} s after {TRANSIENT / 1000:g} s, seed "
            f"{effort.seed}. Above: activity of the first trial, smoothed with 10 ms; bars: "
            "population spikes. Below: activity and x around the peak of the smoothed activity, "
            "mean of all events; intervals between events that are longer than t, with 95 % bands, "
            "thin: exponential of the same rate. x before: in the bin before an event; x "
            "after, in its last bin."
        ),
        tables=tuple(tables),
        draw=lambda figure: _draw(figure, *shown),
        size=(7.2, 6.6),
        reading=(
            "LIF neurons: renewal has the intervals of the network, neuron by neuron, and the "
            "shape of the events. First and second order fail: they wait nearly twice as long for "
            "the next event, and the event is smaller. Between events neurons fire irregularly, "
            "but not like Poisson processes, and what their closures release is too little (see "
            "poisson-assumption).\n\n"
            "LNP neurons are Poisson neurons for a given input: renewal and second order are the "
            "same equations for them, and agree with the network. So does first order: the noise of "
            "the release that it misses matters little here."
        ),
    )


def _result(experiment: Experiment, label: str, trials: int, effort: Effort, number: int) -> Result:
    events, settings = experiment.events, experiment.simulation
    assert events is not None
    simulation = prepared(
        experiment.network, label, effort=effort, dt=settings.dt, trials=trials, key=(number,)
    )
    simulated(simulation, TRANSIENT, record_dt=100.0)
    record = tuple(dict.fromkeys(("rate", "release", "x", events.observable)))
    return simulated(simulation, DURATION, record=record)


def _events(experiment: Experiment, result: Result) -> PopulationSpikes:
    # With what they release, which `compare` does not ask for.
    events = experiment.events
    assert events is not None
    return population_spikes(
        getattr(result, events.observable)[events.population],
        dt=result.record_dt,
        low=events.low,
        high=events.high,
        smooth=events.smooth,
        release=result.release[PROJECTION],
        x=result.x[PROJECTION],
    )


def _of_events(events: list[PopulationSpikes]) -> tuple[Statistic, ...]:
    def of(name: str, attribute: str) -> Statistic:
        estimates: list[Estimate] = [mean(getattr(found, attribute)) for found in events]
        return Statistic(name, tuple(estimates))

    return (
        of("released", "released"),
        of("x before", "x_before"),
        of("x after", "x_after"),
    )


def _draw(figure: Figure, results: list[Result], events: list[PopulationSpikes]) -> None:
    below = traces_above(figure, results, events, shown=SHOWN)
    left, middle, right = below.subplots(1, 3)
    event_average(*results, events=events, ax=left, before=AROUND, after=AROUND)
    event_average(
        *results, events=events, projection=PROJECTION, ax=middle, before=BEFORE, after=AFTER
    )
    intervals(*events, labels=[result.label for result in results], ax=right)
    left.set_ylabel("mean activity (Hz)")
    right.set_xlabel("interval (s)")
    legend_of_page(below, left)
