"""Noise-driven switching between Up and Down states, at both levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesopop import presets
from mesopop.analysis.thresholds import Thresholds
from mesopop.analysis.up_down import UpDownStates
from mesopop.comparison import compare
from mesopop.experiment import Experiment
from mesopop.figures.comparisons import joined, tables_of
from mesopop.figures.exhibit import Effort, Exhibit, Numbers
from mesopop.figures.levels import MICRO, prepared, simulated
from mesopop.figures.panels import legend_of_page, traces_above
from mesopop.plot import distribution, dwell_times
from mesopop.plot.style import log_scale
from mesopop.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABELS = (MICRO, "renewal", "second_order", "first_order")
NAMES = {"lif-up-down": "LIF", "lnp-up-down": "LNP"}
DRAWN = "LIF"
TRANSIENT, DURATION, SHOWN = 1000.0, 100_000.0, 40_000.0
LEAST_DENSITY = 1e-5  # 1/Hz, that is shown
FIRST = {
    "rate of E (Hz)": "rate\n(Hz)",
    "release per spike, E->E": "release\nper spike",
    "fraction of time Up": "fraction\nof time Up",
    "number of Up onsets": "number of\nUp onsets",
}
SECOND = {
    "mean Up time (s)": "mean Up time\n(s)",
    "mean Down time (s)": "mean Down time\n(s)",
    "interval between Up onsets (s)": "interval of onsets\n(s)",
    "CV of the intervals": "CV of the\nintervals",
}
TESTED = {
    "rate of E (Hz)": "rate",
    "release per spike, E->E": "release",
    "fraction of time Up": "fraction",
    "mean Up time (s)": "Up time",
    "mean Down time (s)": "Down time",
    "interval between Up onsets (s)": "interval",
    "CV of the intervals": "CV",
}


def exhibit(effort: Effort) -> Exhibit:
    """The LIF preset in the figure, the LNP preset in the tables only."""
    trials = effort.choose(50, 150, least=2)
    tables: list[Numbers] = []
    shown: tuple[list[Result], list[UpDownStates]] = ([], [])
    for number, (preset, name) in enumerate(NAMES.items()):
        experiment, compared = presets.experiment(preset), []
        for label in LABELS:
            result = _result(experiment, label, trials, effort, number)
            compared.append(compare(result, events=experiment.events))
            if name == DRAWN:
                shown[0].append(result)
        comparison = joined(compared)
        tables += tables_of(
            name, comparison, FIRST, SECOND, TESTED, what="dwell times and intervals"
        )
        if name == DRAWN:
            shown[1].extend(e for e in comparison.events if isinstance(e, UpDownStates))
    return Exhibit(
        title="Switching between Up and Down states",
        caption=(
            f"The presets lif-up-down (100 LIF neurons, dt 0.5 ms; figure and tables) and "
            "lnp-up-down (200 LNP neurons, dt 0.1 ms; tables), depressing synapses; "
            f"{trials} trials of {DURATION / 1000:g} s after {TRANSIENT / 1000:g} s, seed "
            f"{effort.seed}. Above: activity of the first trial, smoothed with 10 ms; bars: Up "
            "states. Below: distribution of the smoothed activity, dotted: thresholds; dwell times "
            "that are longer than t, with 95 % bands, thin: exponential of the same rate of "
            "leaving. Mean dwell times are those of complete ones."
        ),
        tables=tuple(tables),
        draw=lambda figure: _draw(figure, *shown),
        size=(7.2, 6.6),
        reading=(
            "LIF neurons: renewal has all statistics of the network, neuron by neuron. First and "
            "second order fail: they hardly stay Up. In the Up state neurons fire regularly, and "
            "these closures, made for Poisson neurons, release too little there and fluctuate too "
            "much (see poisson-assumption).\n\n"
            "LNP neurons are Poisson neurons for a given input: renewal and second order are the "
            "same equations for them, and agree with the network. First order, which misses part of "
            "the noise of the release, differs little."
        ),
    )


def _result(experiment: Experiment, label: str, trials: int, effort: Effort, number: int) -> Result:
    events, settings = experiment.events, experiment.simulation
    assert events is not None
    simulation = prepared(
        experiment.network, label, effort=effort, dt=settings.dt, trials=trials, key=(number,)
    )
    simulated(simulation, TRANSIENT, record_dt=100.0)
    record = tuple(dict.fromkeys(("rate", "release", events.observable)))
    return simulated(simulation, DURATION, record=record)


def _draw(figure: Figure, results: list[Result], states: list[UpDownStates]) -> None:
    below = traces_above(figure, results, states, shown=SHOWN)
    left, *dwells = below.subplots(1, 3)
    found = states[0].segmentation
    distribution(*results, ax=left, thresholds=Thresholds(low=found.low, high=found.high))
    log_scale(left, "y")
    left.set_ylim(LEAST_DENSITY, 1)
    labels = [result.label for result in results]
    dwell_times(*states, labels=labels, ax=dwells)
    dwells[1].set_ylabel("")
    legend_of_page(below, left)
