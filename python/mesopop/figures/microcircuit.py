"""The cortical microcircuit with static and plastic synapses: rates, spectra, a thalamic volley."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from mesopop import presets
from mesopop.analysis import Estimate, PowerSpectrum, power_spectrum, time_average
from mesopop.analysis.estimate import mean, ratio
from mesopop.figures.exhibit import Cell, Effort, Exhibit, Numbers
from mesopop.figures.levels import MICRO, prepared, simulated
from mesopop.figures.panels import legend_of_page
from mesopop.network import Network, Population, Projection
from mesopop.neurons import Poisson
from mesopop.plot import power_spectrum as draw_spectrum
from mesopop.plot.style import BLACK, GREEN, PURPLE, colour_of, tidy
from mesopop.presets.microcircuit import NAMES, PSP, RATES
from mesopop.result import Result
from mesopop.signals import Steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SYNAPSES = ("static", "plastic")
CLOSURES = ("renewal", "second_order")
DT = 0.1
SPECTRUM_OF = "L23E"

# The thalamus of Potjans and Diesmann: size, and connection probability by target.
THALAMUS, THALAMIC_SIZE = "Th", 902
THALAMIC_PROBABILITY = {"L4E": 0.0983, "L4I": 0.0619, "L6E": 0.0512, "L6I": 0.0196}
VOLLEY_RATE, VOLLEY = 120.0, 10.0  # Hz, ms
FIRST, SECOND, END = 1500.0, 1600.0, 1700.0  # ms
BASELINE = 1000.0  # begins then, ends at the first volley, ms
RESPONSE = 60.0  # ms after the beginning of a volley

STATIONARY, TRANSIENT = 20_000.0, 2000.0  # ms


@attrs.frozen(kw_only=True)
class Response:
    """What a volley does to one population.

    Parameters
    ----------
    peak : Estimate
        Activity at the peak of the mean over trials, Hz.
    latency : float
        Of that peak after the beginning of the first volley, ms.
    spikes : Estimate
        Per neuron in the response to the first volley, beyond the baseline.
    paired : Estimate
        The same of the second volley relative to the first.
    """

    peak: Estimate
    latency: float
    spikes: Estimate
    paired: Estimate


@attrs.frozen(kw_only=True, eq=False)
class Circuit:
    """Everything simulated with one kind of synapses.

    Parameters
    ----------
    rates : dict of label to dict of population to Estimate
        Hz; micro: before the volley.
    spectra : dict of closure to PowerSpectrum
    volley : dict of label to Result
    """

    rates: dict[str, dict[str, Estimate]]
    spectra: dict[str, PowerSpectrum]
    volley: dict[str, Result]

    def response(self, label: str, name: str) -> Response:
        """Of a population to the volleys."""
        return response(self.volley[label].rate[name])


def exhibit(effort: Effort) -> Exhibit:
    """Static against plastic synapses, and mesoscopic against neuron by neuron."""
    # Neuron by neuron each trial takes half a minute and 0.6 GB: a quick look goes without them.
    trials = {MICRO: effort.choose(2, 6, least=0), "renewal": effort.choose(200, 2000, least=2)}
    trials = {label: number for label, number in trials.items() if number}
    long = effort.choose(6, 100)
    circuits = {
        kind: _circuit(kind, number, trials, long, effort) for number, kind in enumerate(SYNAPSES)
    }
    counts = ", ".join(f"{number} ({label})" for label, number in trials.items())
    return Exhibit(
        title="Cortical microcircuit with static and with plastic synapses",
        caption=(
            "Preset microcircuit (77,169 neurons in 8 populations, connected at random), "
            "synapses=static and plastic; dt 0.1 ms. Stationary rates and spectra: "
            f"{long} trials of 20 s after 2 s; rates neuron by neuron are those from 1 to 1.5 s "
            "of the trials with volleys. Thalamic volleys: 902 Poisson neurons, silent but for "
            "120 Hz during 10 ms from 1.5 s (time 0) and from 1.6 s on. They reach L4E, L4I, L6E, "
            "L6I with the probabilities of Potjans and Diesmann (2014), 0.0983, 0.0619, 0.0512, "
            "0.0196; weights and delays are those of the preset's excitatory synapses, and static. "
            f"Trials: {counts}. Lines: means over trials, bins of 1 ms. A response is the number of "
            "spikes per neuron beyond the baseline in 60 ms from the beginning of a volley; "
            "paired: that of the second volley relative to the first. "
            f"Errors are standard errors over trials; seed {effort.seed}."
        ),
        tables=(
            *(_rates(kind, circuit) for kind, circuit in circuits.items()),
            *(_responses(kind, circuit) for kind, circuit in circuits.items()),
        ),
        draw=lambda figure: _draw(figure, circuits),
        size=(7.2, 9.4),
        reading=(
            "Plastic synapses are scaled to the rates of the static circuit, and keep them within "
            "some percent. "
            "A first volley excites both circuits. A second one after 100 ms does the same to the "
            "static one; in the plastic one it finds depressed synapses among the excitatory "
            "populations. It still excites layer 4, to which most thalamic synapses go, but all "
            "other layers answer much less.\n\n"
            "Neuron by neuron rates are some percent higher: neurons receive different random "
            "samples of spikes, whose fluctuations the mesoscopic level does not know. Responses "
            "vary much from trial to trial, so that few trials neuron by neuron say little about "
            "their means; the ratio of paired volleys is therefore that of the mesoscopic level."
        ),
    )


def network(kind: str) -> Network:
    """The preset with a thalamus that fires two volleys."""
    circuit = presets.load("microcircuit", synapses=kind)
    rate = Steps(
        [0.0, FIRST, FIRST + VOLLEY, SECOND, SECOND + VOLLEY],
        [0.0, VOLLEY_RATE, 0.0, VOLLEY_RATE, 0.0],
    )
    thalamic = [
        Projection(THALAMUS, target, weight=PSP, probability=probability, tau_s=0.5, delay=1.5)
        for target, probability in THALAMIC_PROBABILITY.items()
    ]
    return Network(
        populations=[
            *circuit.populations,
            Population(THALAMUS, size=THALAMIC_SIZE, neuron=Poisson(rate)),
        ],
        projections=[*circuit.projections, *thalamic],
    )


def response(rate: NDArray[np.float64]) -> Response:
    """Measure the responses to both volleys.

    Parameters
    ----------
    rate : ndarray, shape (trials, bins)
        Hz, in bins of 1 ms from the start of the trials.
    """
    rate = np.atleast_2d(rate)
    before = rate[:, round(BASELINE) : round(FIRST)].mean()

    def evoked(start: float) -> NDArray[np.float64]:
        # A mean of all trials as baseline: that of one trial would add its own noise.
        inside = rate[:, round(start) : round(start + RESPONSE)]
        spikes: NDArray[np.float64] = (inside - before).sum(axis=1) / 1000
        return spikes

    first, second = evoked(FIRST), evoked(SECOND)
    mean_course = rate.mean(axis=0)[round(FIRST) : round(FIRST + RESPONSE)]
    peak = int(np.argmax(mean_course))
    return Response(
        peak=mean(rate[:, round(FIRST) + peak]),
        latency=float(peak + 1),
        spikes=mean(first),
        paired=ratio(second, first),
    )


def _circuit(kind: str, number: int, trials: dict[str, int], long: int, effort: Effort) -> Circuit:
    rates, spectra, volley = {}, {}, {}
    for closure in CLOSURES:
        simulation = prepared(
            presets.load("microcircuit", synapses=kind),
            closure,
            effort=effort,
            dt=DT,
            trials=long,
            key=(number, 0),
        )
        result = simulated(simulation, TRANSIENT + STATIONARY, record=("rate",)).after(TRANSIENT)
        rates[closure] = {name: time_average(result.rate[name]) for name in NAMES}
        spectra[closure] = power_spectrum(result.rate[SPECTRUM_OF], dt=1.0, segment=1000.0)
    for label, count in trials.items():
        simulation = prepared(
            network(kind), label, effort=effort, dt=DT, trials=count, key=(number, 1)
        )
        volley[label] = simulated(simulation, END, record=("rate",))
    if MICRO in volley:
        stretch = slice(round(BASELINE), round(FIRST))
        micro = volley[MICRO].rate
        rates[MICRO] = {name: time_average(micro[name][..., stretch]) for name in NAMES}
    return Circuit(rates=rates, spectra=spectra, volley=volley)


def _rates(kind: str, circuit: Circuit) -> Numbers:
    labels = [label for label in (MICRO, *CLOSURES) if label in circuit.rates]
    rows: list[tuple[Cell, ...]] = []
    for name, published in zip(NAMES, RATES, strict=True):
        nest = (f"{published:.3f}",) if kind == "static" else ()
        rows.append((name, *nest, *(circuit.rates[label][name] for label in labels)))
    return Numbers(
        title=f"Stationary rates with {kind} synapses (Hz)",
        header=("", *(("NEST",) if kind == "static" else ()), *labels),
        rows=rows,
    )


def _responses(kind: str, circuit: Circuit) -> Numbers:
    labels = list(circuit.volley)
    rows: list[tuple[Cell, ...]] = []
    for name in NAMES:
        found = [circuit.response(label, name) for label in labels]
        rows.append(
            (
                name,
                *(r.peak for r in found),
                *(f"{r.latency:g}" for r in found),
                found[-1].paired,
            )
        )
    return Numbers(
        title=f"Responses to thalamic volleys with {kind} synapses",
        header=(
            "",
            *(f"peak (Hz)\n{label}" for label in labels),
            *(f"after (ms)\n{label}" for label in labels),
            f"paired\n{labels[-1]}",
        ),
        rows=rows,
    )


def _draw(figure: Figure, circuits: dict[str, Circuit]) -> None:
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(1, 3.1))[:, 0]
    panels = above.subplots(1, 3)
    for panel, (kind, circuit) in zip(panels, circuits.items(), strict=False):
        draw_spectrum(*circuit.spectra.values(), labels=list(circuit.spectra), ax=panel)
        panel.set_title(f"{SPECTRUM_OF}, {kind} synapses", loc="left")
    panels[1].sharey(panels[0])
    panels[1].set_ylabel("")
    _draw_paired(panels[2], circuits)
    axes = below.subplots(len(NAMES), len(circuits), sharex=True, sharey="row")
    for column, (kind, circuit) in enumerate(circuits.items()):
        for row, name in enumerate(NAMES):
            _draw_course(axes[row, column], circuit, name)
        axes[0, column].set_title(f"{kind} synapses", loc="left")
        axes[-1, column].set_xlabel("time from the first volley (ms)")
    for row, name in enumerate(NAMES):
        axes[row, 0].set_ylabel(f"{name} (Hz)")
        axes[row, 0].set_ylim(bottom=0)
    legend_of_page(figure, *axes.flat, *panels)
    below.align_ylabels(axes[:, 0])


def _draw_course(ax: Axes, circuit: Circuit, name: str) -> None:
    for start in (0.0, SECOND - FIRST):
        ax.axvspan(start, start + VOLLEY, color="0.9", linewidth=0, zorder=0)
    for label, result in circuit.volley.items():
        time = result.t - FIRST
        shown = time > -30
        course = np.atleast_2d(result.rate[name]).mean(axis=0)
        ax.plot(time[shown], course[shown], color=colour_of(label), linewidth=0.8, label=label)
    ax.set_xlim(-30, END - FIRST)
    tidy(ax)


def _draw_paired(ax: Axes, circuits: dict[str, Circuit]) -> None:
    position = np.arange(len(NAMES))
    for (kind, circuit), colour, shift in zip(
        circuits.items(), (PURPLE, GREEN), (-0.12, 0.12), strict=True
    ):
        paired = [circuit.response("renewal", name).paired for name in NAMES]
        ax.errorbar(
            position + shift,
            [estimate.value for estimate in paired],
            yerr=[estimate.se for estimate in paired],
            fmt="o",
            markersize=3,
            color=colour,
            label=kind,
        )
    ax.axhline(1.0, color=BLACK, linewidth=0.5, linestyle=":")
    ax.set_xticks(position, NAMES, rotation=90)
    ax.set_ylim(0, None)
    ax.set_ylabel("second / first response")
    ax.set_title("paired volleys, renewal", loc="left")
    tidy(ax)
