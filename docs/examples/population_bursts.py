"""Population bursts of the network of Tsodyks, Uziel and Markram (2000).

Neurons are sorted by their background input: those at the bottom are below threshold and fire
rarely, so that their synapses are recovered when a burst starts. On the right one burst is shown
close up.

    python docs/examples/population_bursts.py docs/figures/population-bursts.png

Parameters are drawn with seed 1, connections and spikes with seed 7.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

import mesopop as mp
from mesopop.plot.style import BLACK, BLUE, PAGE_STYLE, VERMILLION, tidy

SECONDS = 8.0
TRANSIENT = 1000.0  # ms
CLOSE_UP = (-25.0, 35.0)  # ms around the onset


def simulate(seed: int = 7) -> tuple[mp.Result, mp.analysis.PopulationSpikes]:
    """Neuron by neuron, and the bursts in it."""
    experiment = mp.presets.experiment("tsodyks-uziel-markram")
    simulation = mp.Simulation(experiment.network, dt=0.1, seed=seed)
    simulation.run(TRANSIENT, record=())
    result = simulation.run(1000 * SECONDS, record=("rate", "x", "spikes"), record_dt=1.0)
    events = experiment.events
    return result, mp.analysis.population_spikes(
        result.rate["E"], dt=1.0, low=events.low, high=events.high, smooth=events.smooth
    )


def draw(path: str | Path) -> tuple[mp.Result, mp.analysis.PopulationSpikes]:
    """Simulate, and write a figure of spikes, activity and recovered resources."""
    result, bursts = simulate()
    largest = bursts.onsets[np.argmax(bursts.raw_amplitudes)]
    with matplotlib.rc_context(PAGE_STYLE):
        figure = Figure(figsize=(7.1, 5.2), layout="constrained")
        panels = figure.subplots(
            3, 2, sharex="col", sharey="row", width_ratios=(4, 1), height_ratios=(3, 1.4, 1)
        )
        for column, (origin, unit) in enumerate(((TRANSIENT, 1000.0), (TRANSIENT + largest, 1.0))):
            spikes, activity, resources = panels[:, column]
            for name, first, colour in (("E", 0, BLACK), ("I", 400, VERMILLION)):
                train = result.spikes[name]
                spikes.plot(
                    (train["time"] - origin) / unit,
                    first + train["neuron"],
                    linestyle="none",
                    marker="o",
                    markersize=(0.9, 2.0)[column],
                    markeredgewidth=0,
                    color=colour,
                    rasterized=True,
                )
            time = (result.t - origin) / unit
            activity.plot(time, result.rate["E"], color=BLACK, linewidth=0.8)
            resources.plot(time, result.x["E->E"], color=BLUE)
            for panel in (spikes, activity, resources):
                tidy(panel)
        panels[0, 0].set_ylabel("neuron, by background")
        panels[0, 0].set_yticks([0, 100, 200, 300, 400, 500])
        panels[0, 0].set_ylim(0, 500)
        panels[0, 0].set_title("400 excitatory neurons, 100 inhibitory above", loc="left")
        panels[0, 1].set_title("one burst", loc="left")
        panels[1, 0].set_ylabel("activity of E (Hz)")
        panels[1, 0].set_ylim(bottom=0)
        panels[2, 0].set_ylabel("x of E to E")
        panels[2, 0].set_xlabel("time (s)")
        panels[2, 0].set_xlim(0, SECONDS)
        panels[2, 1].set_xlabel("ms from its onset")
        panels[2, 1].set_xlim(*CLOSE_UP)
        figure.savefig(path, dpi=200)
    return result, bursts


if __name__ == "__main__":
    draw(sys.argv[1] if len(sys.argv) > 1 else "population-bursts.png")
