"""Presynaptic neurons that do not fire like Poisson processes: where the closures of the paper end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from mesopop.analysis import PowerSpectrum, power_spectrum, ratio_of_averages
from mesopop.analysis.estimate import Estimate
from mesopop.figures.exhibit import Cell, Effort, Exhibit, Numbers
from mesopop.figures.levels import MICRO, deviation, prepared, simulated
from mesopop.figures.panels import legend_of_page, points
from mesopop.network import Network, Population, Projection
from mesopop.neurons import LIF, LNP
from mesopop.plot import power_spectrum as draw_spectrum
from mesopop.plot.style import colour_of, tidy
from mesopop.presets.feedforward import SYNAPSES
from mesopop.theory import Intervals, intervals, renewal_spectrum, stationary_synapses
from mesopop.transfer import Softplus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLOSURES = ("first_order", "second_order", "renewal")
LABELS = (MICRO, *CLOSURES)
NEURON = LIF(tau_m=20.0, v_th=15.0, v_reset=0.0, t_ref=4.0, delta_u=2.0, rate_at_threshold=10.0)
DRIVES = (12.9, 14.5, 16.5, 19.5, 25.0)  # mV: from irregular to regular firing
SIZE, DT, TRANSIENT, DURATION, SEGMENT = 200, 0.5, 5000.0, 50_000.0, 5000.0
BANDS = ((0.4, 4.0), (4.0, 15.0), (15.0, 60.0), (60.0, 500.0))
RELEASE = "mixed"  # of which the spectrum is shown


@attrs.frozen(kw_only=True)
class Findings:
    """Release per spike by synapse, level and drive; spectra at the highest rate by level."""

    released: dict[str, dict[str, list[Estimate]]]
    activity: dict[str, PowerSpectrum]
    release: dict[str, PowerSpectrum]


def exhibit(effort: Effort) -> Exhibit:
    """LIF neurons from 3 to 28 Hz, without coupling, and all closures."""
    trials = effort.choose(30, 300, least=2)
    found = Findings(
        released={synapse: {label: [] for label in LABELS} for synapse in SYNAPSES},
        activity={},
        release={},
    )
    for number, drive in enumerate(DRIVES):
        for label in LABELS:
            simulation = prepared(
                _network(drive), label, effort=effort, dt=DT, trials=trials, key=(number,)
            )
            simulated(simulation, TRANSIENT, record_dt=100.0)
            run = simulated(simulation, DURATION)
            for synapse in SYNAPSES:
                released = ratio_of_averages(run.release[synapse], run.rate["pre"])
                found.released[synapse][label].append(released)
            if drive == DRIVES[-1]:
                found.activity[label] = power_spectrum(run.rate["pre"], dt=1.0, segment=SEGMENT)
                found.release[label] = power_spectrum(run.release[RELEASE], dt=1.0, segment=SEGMENT)
    slowest, *_, fastest = _intervals()
    return Exhibit(
        title="Presynaptic neurons that do not fire like Poisson processes",
        caption=(
            f"{SIZE} LIF neurons (tau_m {NEURON.tau_m:g} ms, v_th {NEURON.v_th:g} mV, t_ref "
            f"{NEURON.t_ref:g} ms, delta_u {NEURON.delta_u:g} mV, {NEURON.rate_at_threshold:g} Hz "
            f"at threshold) without coupling at drives of {', '.join(f'{d:g}' for d in DRIVES)} "
            f"mV, from irregular to regular firing (CV of the intervals {slowest.cv:.2f} to "
            f"{fastest.cv:.2f}); synapses of the preset feedforward; dt {DT} ms; {trials} "
            f"trials of {DURATION / 1000:g} s in the stationary state, seed {effort.seed}. Above: "
            "release per spike, deviation from the exact value; lines: theory of each closure. "
            f"Below: power spectral densities at {fastest.rate:.1f} Hz "
            "with 95 % bands; dashed: renewal theory."
        ),
        tables=(
            *(_releases(synapse, levels) for synapse, levels in found.released.items()),
            _power("activity A", found.activity),
            _power(f"release y of the {RELEASE} synapses", found.release),
        ),
        draw=lambda figure: _draw(figure, found),
        size=(7.2, 5.2),
        reading=(
            "First and second order take the neurons that fire now as a random sample. Those that "
            "fire regularly are the ones that have not fired for long: x is larger, u smaller than "
            "in the mean of all neurons. So both closures release several percent too little "
            "through depressing synapses, and too much through facilitating ones. With mixed "
            "synapses first order does better than second order, but only as its two errors, "
            "this and the missing Cov(u, x), have opposite signs. Their equation for the activity, "
            "the same in both, keeps expected numbers of survivors and misplaces the power of "
            "regular firing, and second order makes the slow fluctuations of the release many "
            "times too large.\n\n"
            "Renewal keeps u and x for each time since the last spike, and counts of neurons in "
            "place of expected numbers. The error of its Gaussian closure is too small to be seen "
            "here."
        ),
    )


def _network(drive: float) -> Network:
    return Network(
        populations=[
            Population("pre", size=SIZE, neuron=NEURON, drive=drive),
            Population("post", size=1, neuron=LNP(10.0, transfer=Softplus(alpha=1.0))),
        ],
        projections=[
            Projection("pre", "post", weight=0.0, stp=stp, name=name)
            for name, (stp, _) in SYNAPSES.items()
        ],
    )


def _intervals() -> list[Intervals]:
    return [intervals(NEURON, drive, dt=DT) for drive in DRIVES]


def _theory(synapse: str, spikes: Intervals, closure: str) -> float:
    return stationary_synapses(spikes, SYNAPSES[synapse][0], closure=closure).release_per_spike


def _releases(synapse: str, levels: dict[str, list[Estimate]]) -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for index, spikes in enumerate(_intervals()):
        exact = _theory(synapse, spikes, "exact")
        deviations = (deviation(levels[label][index], exact) for label in LABELS)
        rows.append((f"{spikes.rate:.1f}", *deviations))
    return Numbers(
        title=f"Release per spike of {synapse} synapses, deviation from the exact value in percent",
        header=("rate\n(Hz)", *(f"{label}\n(%)" for label in LABELS)),
        rows=rows,
    )


def _power(what: str, spectra: dict[str, PowerSpectrum]) -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for low, high in BANDS:
        micro = spectra[MICRO].band(low, high)
        rows.append(
            (
                f"{low:g}-{high:g}",
                Estimate(1000 * micro.value, 1000 * micro.se, micro.n),
                *(deviation(spectra[label].band(low, high), micro) for label in CLOSURES),
            )
        )
    return Numbers(
        title=f"Power spectral density of the {what} at {_intervals()[-1].rate:.1f} Hz",
        header=("band\n(Hz)", "micro\n(0.001 Hz^2/Hz)", *(f"{label}\n(%)" for label in CLOSURES)),
        rows=rows,
    )


def _draw(figure: Figure, found: Findings) -> None:
    above, below = figure.subfigures(2, 1, squeeze=False)[:, 0]
    panels = above.subplots(1, 3)
    for panel, (synapse, levels) in zip(panels, found.released.items(), strict=True):
        _draw_release(panel, synapse, levels)
    panels[0].set_ylabel("release per spike,\ndeviation (%)")
    legend_of_page(above, panels[0])
    left, right = below.subplots(1, 2)
    spikes, frequency = _intervals()[-1], found.activity[MICRO].frequency
    draw_spectrum(
        *found.activity.values(),
        labels=list(found.activity),
        theory=(frequency, renewal_spectrum(spikes, frequency, size=SIZE)),
        ax=left,
    )
    draw_spectrum(*found.release.values(), labels=list(found.release), ax=right)
    for panel, title in ((left, "activity A"), (right, f"release y, {RELEASE} synapses")):
        panel.set_title(f"{title}, {spikes.rate:.0f} Hz")
        panel.legend_.remove()
    right.set_ylabel("")


def _draw_release(panel: Axes, synapse: str, levels: dict[str, list[Estimate]]) -> None:
    grid = [intervals(NEURON, drive, dt=DT) for drive in np.linspace(DRIVES[0], DRIVES[-1], 25)]
    exact = [_theory(synapse, spikes, "exact") for spikes in grid]
    for closure in CLOSURES:
        values = [_theory(synapse, spikes, closure) for spikes in grid]
        panel.plot(
            [spikes.rate for spikes in grid],
            100 * (np.divide(values, exact) - 1),
            color=colour_of(closure),
            linewidth=0.8,
        )
    rates = [spikes.rate for spikes in _intervals()]
    exact = [_theory(synapse, spikes, "exact") for spikes in _intervals()]
    for label in LABELS:
        deviations = [deviation(*pair) for pair in zip(levels[label], exact, strict=True)]
        points(panel, rates, deviations, label, line=False)
    panel.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    panel.set(title=f"{synapse} synapses", xlabel="presynaptic rate (Hz)")
    panel.set_xlim(left=0)
    tidy(panel)
