"""Working memory held by facilitated synapses, after Mongillo, Barak and Tsodyks (2008).

A cue (dark) excites the selective population. With the weaker background it then falls silent,
and the memory is in the facilitation u alone: a readout (light), the same for all excitatory
neurons, evokes a population spike after the cue, but neither before nor when u has decayed. With
the stronger background population spikes keep u up.

    python docs/examples/working_memory.py docs/figures/working-memory.png

10,000 neurons, both levels with seed 2.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

import mesopop as mp
from mesopop.plot.style import BLACK, BLUE, GREEN, PAGE_STYLE, colour_of, tidy
from mesopop.presets.mongillo_working_memory import BACKGROUND, CUE, READOUTS

DURATION = 9000.0  # ms
SHOWN = 100  # neurons of each excitatory population
LABEL = "selective->selective"
TITLES = {
    "silent": "23.1 mV: memory in synapses alone",
    "spikes": "24 mV: memory kept by population spikes",
}


def simulate(background: str, seed: int = 2, scale: float = 1.0) -> tuple[mp.Result, mp.Result]:
    """Both levels."""
    network = mp.presets.load("mongillo-working-memory", background=background, scale=scale)
    record = ("rate", "u", "x")
    return (
        mp.simulate(
            network, DURATION, dt=0.1, seed=seed, record=(*record, "spikes"), record_dt=5.0
        ),
        mp.simulate(
            network, DURATION, dt=0.1, level="meso", seed=seed, record=record, record_dt=5.0
        ),
    )


def draw(path: str | Path, scale: float = 1.0) -> dict[str, tuple[mp.Result, mp.Result]]:
    """Simulate, and write a figure of spikes, activity, u and x for both backgrounds."""
    results = {background: simulate(background, scale=scale) for background in BACKGROUND}
    with matplotlib.rc_context(PAGE_STYLE):
        figure = Figure(figsize=(7.1, 5.6), layout="constrained")
        panels = figure.subplots(4, 2, sharex=True, sharey="row", height_ratios=(2, 1, 1, 1.2))
        for column, (background, levels) in enumerate(results.items()):
            raster, *activities, synapses = panels[:, column]
            for name, first, colour in (("nonselective", 0, "0.55"), ("selective", SHOWN, BLACK)):
                train = levels[0].spikes[name]
                train = train[train["neuron"] < SHOWN]
                raster.plot(
                    train["time"] / 1000,
                    first + train["neuron"],
                    linestyle="none",
                    marker="o",
                    markersize=1.0,
                    markeredgewidth=0,
                    color=colour,
                    rasterized=True,
                )
            for panel, result in zip(activities, levels, strict=True):
                panel.plot(
                    result.t / 1000,
                    result.rate["selective"],
                    color=colour_of(result.label),
                    linewidth=0.8,
                )
            for (style, width), result in zip((("-", 1.0), (":", 0.8)), levels, strict=True):
                for quantity, values, colour in (("u", result.u, BLUE), ("x", result.x, GREEN)):
                    synapses.plot(
                        result.t / 1000,
                        values[LABEL],
                        color=colour,
                        linestyle=style,
                        linewidth=width,
                        label=f"{quantity}, {result.settings.level}",
                    )
            for panel in panels[:, column]:
                for start, end, _ in (CUE, *(READOUTS if background == "silent" else ())):
                    shade = "0.75" if start == CUE[0] else "0.9"
                    panel.axvspan(start / 1000, end / 1000, color=shade, linewidth=0, zorder=0)
                tidy(panel)
            raster.set_title(TITLES[background], loc="left")
        panels[0, 0].set_yticks([SHOWN / 2, 3 * SHOWN / 2], ["non-\nselective", "selective"])
        panels[0, 0].set_ylim(0, 2 * SHOWN)
        panels[0, 0].tick_params(axis="y", length=0)
        panels[0, 1].tick_params(axis="y", length=0)
        for panel, name in zip(panels[1:3, 0], ("micro", "meso"), strict=True):
            panel.set_ylabel(f"{name} (Hz)")
            panel.set_ylim(bottom=0)
        panels[3, 0].set_ylabel("synapses")
        panels[3, 0].set_ylim(0, 1)
        handles, labels = panels[3, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
        for panel in panels[3]:
            panel.set_xlabel("time (s)")
            panel.set_xlim(0, DURATION / 1000)
        figure.savefig(path, dpi=200)
    return results


if __name__ == "__main__":
    draw(sys.argv[1] if len(sys.argv) > 1 else "working-memory.png")
