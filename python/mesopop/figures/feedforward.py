"""Mean and spectrum of the input that Poisson neurons send through plastic synapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mesopop import presets
from mesopop.analysis import PowerSpectrum, power_spectrum, ratio_of_averages
from mesopop.analysis.estimate import Estimate
from mesopop.figures.exhibit import Cell, Effort, Exhibit, Numbers
from mesopop.figures.levels import MICRO, deviation, prepared, simulated
from mesopop.figures.panels import legend_of_page
from mesopop.plot import power_spectrum as draw_spectrum
from mesopop.plot.style import colour_of, tidy
from mesopop.presets.feedforward import SYNAPSES
from mesopop.result import Result
from mesopop.theory import linear_spectrum, stationary_synapses

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLOSURES = ("first_order", "second_order")
LABELS = (MICRO, *CLOSURES)
RATE, DT, DURATION, TRANSIENT, ONSET = 10.0, 0.5, 23_000.0, 3000.0, 1500.0
BANDS = ((0.5, 4.0), (4.0, 30.0), (30.0, 500.0))
BIN = 20  # ms, of the means over trials
PROJECTION = "pre->post"


def exhibit(effort: Effort) -> Exhibit:
    """Three kinds of synapses, neuron by neuron and with the two closures of the paper."""
    trials = effort.choose(200, 2000, least=2)
    onsets: dict[str, dict[str, np.ndarray]] = {}
    released: dict[str, dict[str, Estimate]] = {}
    spectra: dict[str, dict[str, PowerSpectrum]] = {}
    for number, synapse in enumerate(SYNAPSES):
        network = presets.load("feedforward", synapse=synapse)
        onsets[synapse], released[synapse], spectra[synapse] = {}, {}, {}
        for label in LABELS:
            simulation = prepared(
                network, label, effort=effort, dt=DT, trials=trials, key=(number,)
            )
            run = simulated(simulation, DURATION)
            onsets[synapse][label] = _onset(run)
            late = run.after(TRANSIENT)
            release = late.release[PROJECTION]
            released[synapse][label] = ratio_of_averages(release, late.rate["pre"])
            spectra[synapse][label] = power_spectrum(release, dt=run.record_dt, segment=4000)
    return Exhibit(
        title="Input through plastic synapses from a finite number of Poisson neurons",
        caption=(
            f"100 Poisson neurons at {RATE:g} Hz that start at t = 0; synapses of the preset "
            f"feedforward; dt {DT} ms; {trials} trials of 23 s, seed {effort.seed}. Above: release "
            f"y per neuron, mean over the trials in bins of {BIN} ms. Below: its power spectral "
            "density from 3 s on, with 95 % bands; dashed: theory of second order for dt -> 0."
        ),
        tables=(_release(released), _power(spectra)),
        draw=lambda figure: _draw(figure, onsets, spectra),
        size=(7.2, 4.4),
        reading=(
            "Second order has the mean of all three kinds. First order has it where u and x "
            "cannot be correlated, and is too large with mixed synapses: neurons of large u have "
            "small x, which it does not know; most of all soon after the onset. Its fluctuations "
            "are too small at all frequencies, since every spike releases the same, and those of "
            "second order with mixed synapses somewhat too large, since u and x are no Gaussian "
            "pair."
        ),
    )


def _onset(run: Result) -> np.ndarray:
    release = run.release[PROJECTION]
    bins = release[:, : round(ONSET / run.record_dt)]
    means: np.ndarray = bins.mean(axis=0).reshape(-1, round(BIN / run.record_dt)).mean(axis=1)
    return means


def _release(released: dict[str, dict[str, Estimate]]) -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for synapse, means in released.items():
        exact = stationary_synapses(RATE, SYNAPSES[synapse][0], dt=DT).release_per_spike
        deviations = [deviation(means[label], exact) for label in LABELS]
        rows.append((synapse, f"{exact:.5f}", *deviations))
    return Numbers(
        title="Release per spike from 3 s on: theory, and deviation from it in percent",
        header=("synapse", "exact", *(f"{label}\n(%)" for label in LABELS)),
        rows=rows,
    )


def _power(spectra: dict[str, dict[str, PowerSpectrum]]) -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for synapse, levels in spectra.items():
        for low, high in BANDS:
            values = {label: levels[label].band(low, high) for label in LABELS}
            micro = values[MICRO]
            deviations = [deviation(values[label], micro) for label in CLOSURES]
            rows.append(
                (
                    synapse,
                    f"{low:g}-{high:g}",
                    Estimate(1000 * micro.value, 1000 * micro.se, micro.n),
                    *deviations,
                )
            )
    return Numbers(
        title="Power spectral density of the release, mean over bands; deviation from micro",
        header=(
            "synapse",
            "band\n(Hz)",
            "micro\n(0.001 Hz^2/Hz)",
            *(f"{label}\n(%)" for label in CLOSURES),
        ),
        rows=rows,
    )


def _draw(
    figure: Figure,
    onsets: dict[str, dict[str, np.ndarray]],
    spectra: dict[str, dict[str, PowerSpectrum]],
) -> None:
    axes = figure.subplots(2, len(onsets))
    for column, synapse in enumerate(onsets):
        above, below = axes[:, column]
        for label, means in onsets[synapse].items():
            t = (np.arange(len(means)) + 0.5) * BIN
            width = 2.0 if label == MICRO else 1.0  # equal ones stay visible
            above.plot(t, means, color=colour_of(label), linewidth=width, label=label)
        above.set(title=f"{synapse} synapses", xlabel="time (ms)", xlim=(0, ONSET), ylim=(0, None))
        tidy(above)
        levels = spectra[synapse]
        frequency = levels[MICRO].frequency
        theory = linear_spectrum(presets.load("feedforward", synapse=synapse), frequency)
        draw_spectrum(
            *levels.values(),
            labels=list(levels),
            theory=(frequency, theory.release[PROJECTION]),
            ax=below,
        )
        if column:
            below.set_ylabel("")
    axes[0, 0].set_ylabel("release y (Hz)")
    legend_of_page(figure, *axes.flat)
