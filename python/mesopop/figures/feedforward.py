"""Mean and spectrum of the input that Poisson neurons send through plastic synapses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mesopop import presets
from mesopop.analysis import PowerSpectrum, power_spectrum, ratio_of_averages
from mesopop.analysis.estimate import Estimate
from mesopop.figures.exhibit import Cell, Effort, Exhibit, Numbers
from mesopop.plot import power_spectrum as draw_spectrum
from mesopop.plot.style import colour_of, tidy
from mesopop.presets.feedforward import SYNAPSES
from mesopop.result import Result
from mesopop.simulation import simulate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLOSURES = ("first_order", "second_order")
LABELS = ("micro", *CLOSURES)
DT, TRANSIENT, ONSET = 0.5, 3000.0, 1500.0
BANDS = ((0.5, 4.0), (4.0, 30.0), (30.0, 500.0))
PROJECTION = "pre->post"


def exhibit(effort: Effort) -> Exhibit:
    """Three kinds of synapses, neuron by neuron and with both closures of the paper."""
    trials = effort.choose(100, 1000)
    runs = {synapse: _runs(synapse, trials, effort) for synapse in SYNAPSES}
    spectra = {
        synapse: {
            label: power_spectrum(run.after(TRANSIENT).release[PROJECTION], dt=DT, segment=4000)
            for label, run in levels.items()
        }
        for synapse, levels in runs.items()
    }
    return Exhibit(
        title="Input through plastic synapses from a finite number of Poisson neurons",
        caption=(
            "100 Poisson neurons at 10 Hz that start at t = 0; synapses of the preset "
            f"feedforward; {trials} trials of 23 s; dt {DT} ms. Above: modulated activity y "
            "(release per neuron), mean over the trials in bins of 20 ms. Below: its power "
            "spectral density from 3 s on, with 95 % bands."
        ),
        tables=(_release(runs), _power(spectra)),
        draw=lambda figure: _draw(figure, runs, spectra),
        size=(7.2, 4.4),
    )


def _runs(synapse: str, trials: int, effort: Effort) -> dict[str, Result]:
    network = presets.load("feedforward", synapse=synapse)
    common = {"dt": DT, "trials": trials, "seed": effort.seed, "n_threads": effort.n_threads}
    runs = {"micro": simulate(network, 23_000, level="micro", **common)}
    for closure in CLOSURES:
        runs[closure] = simulate(network, 23_000, level="meso", closure=closure, **common)
    return runs


def _release(runs: dict[str, dict[str, Result]]) -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for synapse, levels in runs.items():
        after = {label: run.after(TRANSIENT) for label, run in levels.items()}
        means = [
            ratio_of_averages(run.release[PROJECTION], run.rate["pre"]) for run in after.values()
        ]
        rows.append((synapse, *means))
    return Numbers(title="Release per spike", header=("synapse", *LABELS), rows=rows)


def _power(spectra: dict[str, dict[str, PowerSpectrum]]) -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for synapse, levels in spectra.items():
        for low, high in BANDS:
            values: list[Estimate] = [levels[label].band(low, high) for label in LABELS]
            rows.append((synapse, f"{low:g} to {high:g}", *values))
    return Numbers(
        title="Mean power spectral density of the release (Hz^2/Hz)",
        header=("synapse", "band (Hz)", *LABELS),
        rows=rows,
    )


def _draw(
    figure: Figure, runs: dict[str, dict[str, Result]], spectra: dict[str, dict[str, PowerSpectrum]]
) -> None:
    axes = figure.subplots(2, len(runs))
    width = round(20 / DT)
    for column, synapse in enumerate(runs):
        above, below = axes[:, column]
        for label, run in runs[synapse].items():
            bins = round(ONSET / DT)
            mean = run.release[PROJECTION].mean(axis=0)[:bins].reshape(-1, width).mean(axis=1)
            t = (np.arange(len(mean)) + 0.5) * width * DT
            above.plot(t, mean, color=colour_of(label), label=label)
        above.set(title=f"{synapse} synapses", xlabel="time (ms)", xlim=(0, ONSET), ylim=(0, None))
        tidy(above)
        draw_spectrum(*spectra[synapse].values(), labels=LABELS, ax=below)
        if column:
            below.set_ylabel("")
    axes[0, 0].set_ylabel("release y (Hz)")
    axes[0, 0].legend(frameon=False)
