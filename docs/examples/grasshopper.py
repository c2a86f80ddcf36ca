"""Recorded spike trains through depressing and facilitating synapses.

The package nitime ships two recordings of grasshopper auditory receptors, ten seconds each, that
hear a sound of randomly changing amplitude. Each second of them stands for one of 20 neurons, which
project through two kinds of synapses. At the microscopic level every neuron has its own u and x; at
the mesoscopic level the number of spikes in each step is all that is used, with means, variances
and covariance of u and x. Receptors fire more regularly than the second-order closure assumes; the
figure tells what that costs.

    python docs/examples/grasshopper.py docs/figures/grasshopper.png

The mesoscopic release is drawn with seed 1; the microscopic one follows from the spikes.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

import mesopop as mp

SECONDS = 10
PIECE = 1000.0  # ms
# The shortest interval between spikes is 3.2 ms.
DT = 0.5

SYNAPSES = {
    "depressing": mp.TsodyksMarkram(U0=0.5, U=0.0, tau_d=100),
    "facilitating": mp.TsodyksMarkram(U0=0.02, U=0.02, tau_d=50, tau_f=300),
}


def recordings() -> list[np.ndarray]:
    """Spike times of the two recordings, ms.

    The files count microseconds: the stimulus beside them is sampled in steps of 50, at 20 kHz, and
    929 spikes until 9,999,300 are 93 Hz, near the 100 Hz that the recording aimed at.
    """
    folder = files("nitime") / "data"
    texts = (folder / f"grasshopper_spike_times{number}.txt" for number in (1, 2))
    return [np.loadtxt(text.read_text().splitlines()) / 1000 for text in texts]


def pieces() -> list[np.ndarray]:
    """Each second of each recording, from 0 to 1000 ms."""
    return [
        times[(times >= start) & (times < start + PIECE)] - start
        for times in recordings()
        for start in PIECE * np.arange(SECONDS)
    ]


def network() -> mp.Network:
    """The receptors, and one neuron that listens through both kinds of synapses."""
    trains = pieces()
    return mp.Network(
        populations=[
            mp.Population("receptors", size=len(trains), neuron=mp.SpikeTrains(trains)),
            mp.Population("target", size=1, neuron=mp.LNP(20, transfer=mp.Softplus(2))),
        ],
        projections=[
            mp.Projection("receptors", "target", weight=1, stp=stp, name=name)
            for name, stp in SYNAPSES.items()
        ],
    )


def simulate(seed: int = 1) -> tuple[mp.Result, mp.Result]:
    """Both levels, one second."""
    receptors = network()
    return (
        mp.simulate(receptors, PIECE, dt=DT, level="micro", seed=seed),
        mp.simulate(receptors, PIECE, dt=DT, level="meso", closure="second_order", seed=seed),
    )


def draw(path: str | Path, smooth: float = 10.0) -> tuple[mp.Result, mp.Result]:
    """Simulate, and write a figure of spikes and release over time."""
    results = simulate()
    with matplotlib.rc_context(mp.plot.style.PAGE_STYLE):
        figure = Figure(figsize=(7.1, 5.2), layout="constrained")
        spikes, *panels = figure.subplots(3, 1, sharex=True)
        trains = results[0].network.population("receptors").neuron.times
        spikes.eventplot([train / 1000 for train in trains], linewidths=0.5, colors="black")
        spikes.set_ylabel("receptor")
        spikes.set_title("20 seconds of grasshopper receptors, side by side", loc="left")
        for panel, name in zip(panels, SYNAPSES, strict=True):
            for result in results:
                release = mp.analysis.exponential_smoothing(
                    result.release[name], dt=result.record_dt, tau=smooth
                )
                per_spike = result.release[name].mean() / result.rate["receptors"].mean()
                panel.plot(
                    result.t / 1000,
                    release,
                    color=mp.plot.style.colour_of(result.label),
                    linewidth=1.0,
                    label=f"{result.label} ({per_spike:.4f} per spike)",
                )
            panel.set_title(f"release, {name} synapses", loc="left")
            panel.set_ylabel("release (Hz)")
            panel.set_ylim(bottom=0)
            mp.plot.style.legend_above(panel)
        for panel in (spikes, *panels):
            mp.plot.style.tidy(panel)
        panels[-1].set_xlabel("time (s)")
        panels[-1].set_xlim(0, PIECE / 1000)
        figure.savefig(path, dpi=200)
    return results


if __name__ == "__main__":
    draw(sys.argv[1] if len(sys.argv) > 1 else "grasshopper.png")
