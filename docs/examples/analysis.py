"""The figures of docs/analysis.md.

Up and Down states and population spikes of two presets, neuron by neuron and mesoscopically:
thresholds and dwell times, spectra and Fano factors, intervals and amplitudes, a raster, and the
comparison of both levels.

    python docs/examples/analysis.py docs/figures

The simulations have seed 1; they and the figures take about a minute.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

import mesopop as mp

SEED = 1
LEVELS = {"micro": {"level": "micro"}, "meso renewal": {"level": "meso"}}


def simulate(
    name: str, duration: float = 101_000.0, trials: int = 10
) -> tuple[mp.Experiment, list[mp.Result]]:
    """Both levels of a preset, without the first second."""
    preset = mp.presets.experiment(name)
    results = [
        mp.simulate(
            preset.network, duration, dt=0.5, record_dt=1.0, trials=trials, seed=SEED, **engine
        ).after(1000)
        for engine in LEVELS.values()
    ]
    return preset, results


def draw_states(preset: mp.Experiment, results: list[mp.Result]) -> Figure:
    """Histogram with thresholds, dwell times, spectrum and Fano factor."""
    states = [mp.analysis.find_events(result, preset.events) for result in results]
    labels = [result.label for result in results]
    figure = Figure(figsize=(7.1, 5.4), layout="constrained")
    panels = figure.subplots(2, 3)
    mp.plot.distribution(*results, ax=panels[0, 0], thresholds=states[0].segmentation)
    panels[0, 0].legend(frameon=False)
    mp.plot.dwell_times(*states, labels=labels, ax=panels[0, 1:])
    spectra, factors = [], []
    for result in results:
        rate = result.rate["E"]
        spectra.append(mp.analysis.power_spectrum(rate, dt=1.0, segment=20_000.0))
        factors.append(mp.analysis.fano_factor(rate, dt=1.0, size=100))
    mp.plot.power_spectrum(*spectra, labels=labels, ax=panels[1, 0])
    mp.plot.fano_factor(*factors, labels=labels, ax=panels[1, 1])
    mp.plot.intervals(*states, labels=labels, ax=panels[1, 2])
    for panel in (panels[0, 1], *panels[1]):
        panel.get_legend().remove()  # the first panel says which is which
    return figure


def draw_population_spikes(preset: mp.Experiment, results: list[mp.Result]) -> Figure:
    """Average event, intervals, and the interval that follows an amplitude."""
    events = [mp.analysis.find_events(result, preset.events) for result in results]
    figure = Figure(figsize=(7.1, 2.8), layout="constrained")
    panels = figure.subplots(1, 3, width_ratios=(1, 1, 1.3))
    mp.plot.event_average(*results, events=events, ax=panels[0], before=40.0, after=60.0)
    labels = [result.label for result in results]
    mp.plot.intervals(*events, labels=labels, ax=panels[1])
    mp.plot.interval_against_amplitude(*events, labels=labels, ax=panels[2])
    panels[1].get_legend().remove()
    panels[2].set_ylim(top=1.3 * panels[2].get_ylim()[1])
    return figure


def draw_raster(preset: mp.Experiment) -> Figure:
    """Spikes of all neurons through a few Up states."""
    result = mp.simulate(
        preset.network, 12_000, dt=0.5, level="micro", seed=SEED, record=("rate", "spikes")
    )
    figure = Figure(figsize=(7.1, 3.2), layout="constrained")
    mp.plot.raster(result, ax=figure.subplots(2, 1, sharex=True, height_ratios=(2, 1)))
    return figure


def draw_coherence() -> Figure:
    """Two populations with common input from twenty Poisson neurons."""
    neuron = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    names = ["first", "second"]
    network = mp.Network(
        populations=[
            mp.Population("input", size=20, neuron=mp.Poisson(10.0)),
            *(mp.Population(name, size=100, neuron=neuron, drive=12.0) for name in names),
        ],
        projections=[mp.Projection("input", name, weight=0.5, tau_s=3) for name in names],
    )
    spectra = []
    for engine in LEVELS.values():
        result = mp.simulate(network, 60_000, dt=0.5, record_dt=1.0, seed=SEED, **engine)
        first, second = (result.after(1000).rate[name] for name in names)
        spectra.append(mp.analysis.cross_spectrum(first, second, dt=1.0, segment=1000.0))
    figure = Figure(figsize=(4, 2.8), layout="constrained")
    mp.plot.coherence(*spectra, labels=list(LEVELS), ax=figure.subplots())
    return figure


def draw_comparison(preset: mp.Experiment, results: list[mp.Result]) -> Figure:
    """Every statistic relative to the microscopic one."""
    compared = mp.compare(
        *results,
        events=preset.events,
        fano_windows=[10, 100, 1000],
        bands=[(0.4, 4), (4, 15), (15, 60), (60, 250)],
    )
    figure = Figure(figsize=(7.1, 3.8), layout="constrained")
    compared.plot(ax=figure.subplots())
    return figure


def draw(folder: str | Path, duration: float = 101_000.0, trials: int = 10) -> list[Path]:
    """Simulate both presets for so long (ms), and write all figures into a folder."""
    folder = Path(folder)
    with matplotlib.rc_context(mp.plot.style.PAGE_STYLE):
        up_down = simulate("lif-up-down", duration, trials)
        spikes = simulate("lif-population-spikes", duration, trials)
        figures = {
            "up-down-states": draw_states(*up_down),
            "population-spikes": draw_population_spikes(*spikes),
            "raster": draw_raster(up_down[0]),
            "coherence": draw_coherence(),
            "comparison": draw_comparison(*up_down),
        }
        paths = []
        for name, figure in figures.items():
            paths.append(folder / f"analysis-{name}.png")
            figure.savefig(paths[-1], dpi=150)
    return paths


if __name__ == "__main__":
    draw(sys.argv[1] if len(sys.argv) > 1 else ".")
