"""Bursts of excitatory and inhibitory neurons: a random network, and one that both levels know."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mesopop import presets
from mesopop.analysis import Estimate, PopulationSpikes, find_events, time_average
from mesopop.analysis.estimate import mean
from mesopop.experiment import EventSettings
from mesopop.figures.exhibit import Cell, Effort, Exhibit, Numbers
from mesopop.figures.levels import MICRO, deviation, prepared, simulated
from mesopop.network import Network, Population, Projection
from mesopop.neurons import LIF, LNP, Poisson
from mesopop.plasticity import TsodyksMarkram
from mesopop.plot import activity, event_average, intervals
from mesopop.plot.style import BLACK, BLUE, GREEN, tidy
from mesopop.result import Result
from mesopop.transfer import Softplus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABELS = (MICRO, "renewal", "second_order")
RANDOM = "tsodyks-uziel-markram"
TRANSIENT = 1000.0  # ms
RANDOM_DURATION, RANDOM_SHOWN = 20_000.0, 6000.0  # ms
DURATION, SHOWN = 100_000.0, 20_000.0  # ms

# The network of both levels; parameters are mesopop's own.
SIZE = {"E": 400, "I": 100}
DRIVE = {"E": 10.0, "I": 9.0}  # mV
T_REF = {"E": 3.0, "I": 2.0}  # ms
DEPRESSING = TsodyksMarkram(U0=0.5, U=0.5, tau_d=800.0)
FACILITATING = TsodyksMarkram(U0=0.04, U=0.04, tau_d=100.0, tau_f=1000.0)
# N J in mV.
WEIGHT = {("E", "E"): 300.0, ("E", "I"): 900.0, ("I", "E"): -150.0, ("I", "I"): -100.0}
STATIC_WEIGHT = 90.0  # of E to I instead
POISSON_RATE = 2.2  # Hz, near that of E
EVENTS = EventSettings(population="E", kind="population_spikes", low=10.0, high=30.0, smooth=5.0)


@attrs.frozen(kw_only=True, eq=False)
class Run:
    """A simulation with its bursts."""

    result: Result
    bursts: PopulationSpikes


Levels = dict[str, Run]


def exhibit(effort: Effort) -> Exhibit:
    """The network of Tsodyks, Uziel and Markram, and a homogeneous one at both levels."""
    random_trials = effort.choose(10, 100, least=2)
    trials = effort.choose(60, 240)
    random = _random_network(random_trials, effort)
    variants = {
        "facilitating": _levels(network(facilitating=True), trials, effort, 1),
        "static": _levels(network(facilitating=False), trials, effort, 2),
    }
    correlation_trials = effort.choose(40, 400, least=2)
    correlations = {
        label: _correlation_of_kinds(label, correlation_trials, effort) for label in LABELS
    }
    return Exhibit(
        title="Bursts of excitatory and inhibitory neurons",
        caption=(
            f"Above: preset {RANDOM}, 400 excitatory and 100 inhibitory neurons connected at "
            "random, with parameters that differ between neurons, which the mesoscopic level does "
            f"not know; {random_trials} trials of 20 s after 1 s, dt 0.1 ms; neurons by their "
            "background, I above E. "
            "Middle and below: 400 (E) and 100 (I) LIF neurons, all connected, dt 0.5 ms, "
            f"{trials} trials of 100 s after 1 s. tau_m 20 ms, v_th 15, v_reset 0, delta_u 2 mV, "
            "10 Hz at threshold; t_ref 3 (E), 2 ms (I); drive 10 (E), 9 mV (I); tau_s 3, delay 1 "
            "ms. N J in mV and synapses: E to E 300 and I to E -150, depressing (U0 = U = 0.5, "
            "tau_d 800 ms); E to I 900 and I to I -100, facilitating (U0 = U = 0.04, tau_d 100, "
            "tau_f 1000 ms); in the variant E to I is static, 90 mV. These numbers are mesopop's "
            "own. Bursts: activity of E, smoothed over 5 ms, up through 30 and down through 10 Hz. "
            f"Last table: {correlation_trials} trials of 20 s after 2 s of 400 Poisson neurons, "
            "release in bins of 20 ms less the mean release per spike times the number of spikes. "
            "Thin curves: exponential distributions; bands: 95 % (intervals), one standard error "
            f"(average burst); seed {effort.seed}."
        ),
        tables=(
            _random_table(random),
            _table("facilitating", variants["facilitating"]),
            _table("static", variants["static"]),
            _two_kinds(correlations),
        ),
        draw=lambda figure: _draw(figure, random, variants),
        size=(7.2, 9.6),
        reading=(
            "Bursts begin when fluctuations meet synapses that have recovered; depression and "
            "inhibition end them. The intervals, rates and amplitudes of renewal are those of micro, "
            "with static synapses from E to I as with facilitating ones. In the latter case E has two "
            "kinds of plastic synapses, and a neuron that has fired before releases less onto E and "
            "more onto I, both with the same spike. The closures keep the covariances between the "
            "kinds and draw the deviations of both together, so that their releases correlate as they "
            "do neuron by neuron (last table).\n\n"
            "Second order, which takes the neurons that fire for a random sample, makes bursts too "
            "small, and their intervals too long, by less where both kinds are plastic."
        ),
    )


def network(*, facilitating: bool) -> Network:
    """Excitatory and inhibitory LIF neurons, all connected, with plastic synapses.

    Parameters
    ----------
    facilitating : bool
        Whether the synapses from E to I facilitate; otherwise they are static.
    """
    stp = {"E": DEPRESSING, "I": FACILITATING}
    projections = []
    for (source, target), weight in WEIGHT.items():
        static = not facilitating and (source, target) == ("E", "I")
        projections.append(
            Projection(
                source,
                target,
                weight=(STATIC_WEIGHT if static else weight) / SIZE[source],
                tau_s=3.0,
                delay=1.0,
                stp=None if static else stp[target],
            )
        )
    return Network(
        populations=[
            Population(
                name,
                size=size,
                drive=DRIVE[name],
                neuron=LIF(
                    tau_m=20.0,
                    v_th=15.0,
                    v_reset=0.0,
                    t_ref=T_REF[name],
                    delta_u=2.0,
                    rate_at_threshold=10.0,
                ),
            )
            for name, size in SIZE.items()
        ],
        projections=projections,
    )


def _random_network(trials: int, effort: Effort) -> Run:
    experiment = presets.experiment(RANDOM)
    assert experiment.events is not None
    simulation = prepared(experiment.network, MICRO, effort=effort, dt=0.1, trials=trials, key=(0,))
    record = ("rate", "x", "spikes")
    result = simulated(simulation, TRANSIENT + RANDOM_DURATION, record=record).after(TRANSIENT)
    return Run(result=result, bursts=_bursts(result, experiment.events))


def _levels(network: Network, trials: int, effort: Effort, key: int) -> Levels:
    runs = {}
    for label in LABELS:
        simulation = prepared(network, label, effort=effort, dt=0.5, trials=trials, key=(key,))
        result = simulated(simulation, TRANSIENT + DURATION, record=("rate",)).after(TRANSIENT)
        runs[label] = Run(result=result, bursts=_bursts(result, EVENTS))
    return runs


def _correlation_of_kinds(label: str, trials: int, effort: Effort) -> Estimate:
    # Of what two kinds of synapses of the same Poisson neurons release beyond their mean per spike.
    readout = LNP(10.0, transfer=Softplus(alpha=1.0))
    network = Network(
        populations=[
            Population("E", size=SIZE["E"], neuron=Poisson(POISSON_RATE)),
            *(Population(name, size=1, neuron=readout) for name in ("first", "second")),
        ],
        projections=[
            Projection("E", "first", weight=0.001, stp=DEPRESSING),
            Projection("E", "second", weight=0.001, stp=FACILITATING),
        ],
    )
    simulation = prepared(network, label, effort=effort, dt=0.5, trials=trials, key=(3,))
    result = simulated(simulation, 22_000.0, record_dt=20.0).after(2000.0)
    spikes = result.rate["E"]
    deviations = [y - y.mean() / spikes.mean() * spikes for y in result.release.values()]
    first, second = deviations
    products = (first * second).mean(axis=1)
    return mean(products / np.sqrt((first**2).mean() * (second**2).mean()))


def _two_kinds(correlations: dict[str, Estimate]) -> Numbers:
    return Numbers(
        title=(
            "Correlation of what depressing and facilitating synapses of the same "
            f"{SIZE['E']} Poisson neurons ({POISSON_RATE:g} Hz) release beyond the mean per spike"
        ),
        header=("", *correlations),
        rows=[("correlation", *correlations.values())],
    )


def _bursts(result: Result, events: EventSettings) -> PopulationSpikes:
    found = find_events(result, events)
    assert isinstance(found, PopulationSpikes)
    return found


MEASURES: dict[str, Callable[[Run], Estimate]] = {
    "rate of E (Hz)": lambda run: time_average(run.result.rate["E"]),
    "rate of I (Hz)": lambda run: time_average(run.result.rate["I"]),
    "interval of bursts (ms)": lambda run: run.bursts.mean_interval,
    "CV of the intervals": lambda run: run.bursts.cv_interval,
    "amplitude, smoothed (Hz)": lambda run: run.bursts.mean_amplitude,
    "width (ms)": lambda run: run.bursts.mean_width,
}


def _random_table(run: Run) -> Numbers:
    rows: list[tuple[Cell, ...]] = [("number of bursts", len(run.bursts))]
    rows += [(name, measure(run)) for name, measure in MEASURES.items()]
    return Numbers(title=f"Preset {RANDOM}", header=("", MICRO), rows=rows)


def _table(kind: str, levels: Levels) -> Numbers:
    rows: list[tuple[Cell, ...]] = [
        ("number of bursts", *(len(run.bursts) for run in levels.values()))
    ]
    for name, measure in MEASURES.items():
        values = [measure(run) for run in levels.values()]
        rows.append((name, *values))
        if measure is MEASURES["interval of bursts (ms)"]:
            rows.append(("  deviation (%)", "", *(deviation(v, values[0]) for v in values[1:])))
    return Numbers(
        title=f"All connected, synapses from E to I {kind}", header=("", *levels), rows=rows
    )


def _draw(figure: Figure, random: Run, variants: dict[str, Levels]) -> None:
    parts = figure.subfigures(3, 1, squeeze=False, height_ratios=(4.2, 3.2, 2.2))
    above, middle, below = parts[:, 0]
    _draw_random(above, random)
    levels = variants["facilitating"]
    _draw_activity(middle, levels)
    axes = below.subplots(1, 3)
    for panel, (kind, runs) in zip(axes, variants.items(), strict=False):
        intervals(*(run.bursts for run in runs.values()), labels=list(runs), ax=panel)
        panel.set_title(f"E to I {kind}", loc="left")
    axes[1].set_ylabel("")
    event_average(
        *(run.result for run in levels.values()),
        events=[run.bursts for run in levels.values()],
        ax=axes[2],
        before=25.0,
        after=35.0,
    )
    axes[2].set_title("average burst, facilitating", loc="left")


def _draw_random(figure: Figure, run: Run) -> None:
    spikes, rate, resources = panels = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1, 1))
    for name, first, colour in (("E", 0, BLACK), ("I", SIZE["E"], GREEN)):
        train = run.result.spikes[name][0]
        train = train[train["time"] <= TRANSIENT + RANDOM_SHOWN]
        spikes.plot(
            train["time"] / 1000,
            first + train["neuron"],
            linestyle="none",
            marker="o",
            markersize=0.9,
            markeredgewidth=0,
            color=colour,
            rasterized=True,
        )
    spikes.set(ylim=(0, sum(SIZE.values())), ylabel="neuron, I above E")
    spikes.set_title(f"{RANDOM}: random and heterogeneous, neuron by neuron", loc="left")
    shown = run.result.t <= TRANSIENT + RANDOM_SHOWN
    time = run.result.t[shown] / 1000
    rate.plot(time, run.result.rate["E"][0, shown], color=BLACK, linewidth=0.6)
    rate.set(ylim=(0, None), ylabel="E (Hz)")
    resources.plot(time, run.result.x["E->E"][0, shown], color=BLUE)
    resources.set(ylabel="x, E to E", xlabel="time (s)", xlim=(time[0], time[-1]))
    for panel in panels:
        tidy(panel)
    figure.align_ylabels(panels)


def _draw_activity(figure: Figure, levels: Levels) -> None:
    axes: list[Axes] = list(figure.subplots(len(levels), 1, sharex=True, sharey=True))
    activity(
        *(run.result for run in levels.values()),
        ax=axes,
        t_start=TRANSIENT,
        t_stop=TRANSIENT + SHOWN,
        smooth=EVENTS.smooth,
        states=[run.bursts for run in levels.values()],
    )
    for panel, label in zip(axes, levels, strict=True):
        panel.set_title(f"{label}: all connected, E to I facilitating", loc="left")
        panel.set_ylabel("")
    axes[1].set_ylabel("activity of E (Hz)")
