"""What the number of presynaptic neurons does to the mean and the variance of their input."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mesopop.analysis import ratio_of_averages, variance
from mesopop.analysis.estimate import Estimate
from mesopop.figures.exhibit import Cell, Effort, Exhibit, Numbers
from mesopop.figures.levels import MICRO, deviation, prepared, simulated
from mesopop.figures.panels import legend_of_page, points
from mesopop.network import Network, Population, Projection
from mesopop.neurons import LNP, Poisson
from mesopop.plot.style import colour_of, log_scale, tidy
from mesopop.presets.feedforward import SYNAPSES
from mesopop.theory import linear_spectrum, stationary_synapses
from mesopop.transfer import Softplus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

CLOSURES = ("first_order", "second_order")
LABELS = (MICRO, *CLOSURES)
SIZES = (1, 5, 20, 50, 200, 1000)
RATE, DT, TRANSIENT, BIN = 10.0, 0.5, 3000.0, 50.0
ACTIVITY, CORRELATED = "activity", "mixed"

# By quantity and level, one estimate for each size.
Found = dict[str, dict[str, list[Estimate]]]


def exhibit(effort: Effort) -> Exhibit:
    """N from 1 to 1000, neuron by neuron and with the two closures of the paper."""
    trials = effort.choose(200, 2000, least=2)
    released: dict[str, list[Estimate]] = {label: [] for label in LABELS}
    variances: Found = {name: {label: [] for label in LABELS} for name in (ACTIVITY, *SYNAPSES)}
    for size in SIZES:
        for label in LABELS:
            simulation = prepared(
                _network(size), label, effort=effort, dt=DT, trials=trials, key=(size,)
            )
            simulated(simulation, TRANSIENT, record_dt=BIN)
            run = simulated(simulation, 20_000.0, record_dt=BIN)
            series = {ACTIVITY: run.rate["pre"], **run.release}
            for name, values in series.items():
                variances[name][label].append(_times(size, variance(values)))
            mean = ratio_of_averages(run.release[CORRELATED], run.rate["pre"])
            released[label].append(mean)
    return Exhibit(
        title="Finite numbers of neurons and synapses",
        caption=(
            f"N Poisson neurons at {RATE:g} Hz, synapses of the preset feedforward; dt {DT} ms; "
            f"{trials} trials of 20 s in the stationary state, seed {effort.seed}. Upper left: "
            "release per spike of the mixed synapses, deviation from the exact value. Others: N "
            f"times the variance of the release y in bins of {BIN:g} ms, 95 % intervals; dashed: "
            "linear theory of second and first order (N -> infinity, dt -> 0)."
        ),
        tables=(_means(released), _fluctuations(variances)),
        draw=lambda figure: _draw(figure, released, variances),
        size=(7.2, 5.0),
        reading=(
            "Neuron by neuron N times the variance does not depend on N, and the activity has the "
            "same variance at all levels. First order lets all spikes of a bin release the same: "
            "it knows the finite number of spikes but not that u and x differ between the neurons "
            "that fire, and misses that part of the variance however large N is. Second order "
            "draws the release for as many spikes as there are, from a Gaussian distribution of u and "
            "x; that of mixed synapses is none, and their variance about 2 % too large.\n\n"
            "First order ignores Cov(u, x) of the neurons, so with mixed synapses its mean is "
            "wrong in the limit N -> infinity too. With one neuron it is exact, and as the "
            "means of few neurons are themselves correlated, its error grows like 1 - 1/N."
        ),
    )


def _network(size: int) -> Network:
    return Network(
        populations=[
            Population("pre", size=size, neuron=Poisson(RATE)),
            Population("post", size=1, neuron=LNP(10.0, transfer=Softplus(alpha=1.0))),
        ],
        projections=[
            Projection("pre", "post", weight=0.0, stp=stp, name=name)
            for name, (stp, _) in SYNAPSES.items()
        ],
    )


def _times(size: int, estimate: Estimate) -> Estimate:
    return Estimate(size * estimate.value, size * estimate.se, estimate.n)


def _exact(synapse: str) -> float:
    return stationary_synapses(RATE, SYNAPSES[synapse][0], dt=DT).release_per_spike


def _means(released: dict[str, list[Estimate]]) -> Numbers:
    exact = _exact(CORRELATED)
    rows: list[tuple[Cell, ...]] = [
        (str(size), *(deviation(released[label][index], exact) for label in LABELS))
        for index, size in enumerate(SIZES)
    ]
    return Numbers(
        title=(
            f"Release per spike of {CORRELATED} synapses, deviation from the exact value, "
            f"{exact:.5f}, in percent"
        ),
        header=("N", *(f"{label}\n(%)" for label in LABELS)),
        rows=rows,
    )


def _fluctuations(variances: Found) -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for name, levels in variances.items():
        for index, size in enumerate(SIZES):
            micro = levels[MICRO][index]
            others = (deviation(levels[label][index], micro) for label in CLOSURES)
            rows.append((name, size, micro, *others))
    return Numbers(
        title=(
            f"N times the variance of the activity, and of the release of each kind of synapse, in "
            f"bins of {BIN:g} ms; deviation from micro"
        ),
        header=("", "N", "micro\n(Hz^2)", *(f"{label}\n(%)" for label in CLOSURES)),
        rows=rows,
    )


def variance_of_bins(density: Callable[[Array], Array], width: float) -> float:
    """Variance of a series averaged over bins, from its one-sided spectral density.

    Parameters
    ----------
    density : callable
        Of frequencies (Hz); smooth, and flat from 1 kHz on.
    width : float
        Of the bins, ms.
    """
    from scipy.integrate import trapezoid

    width /= 1000
    few = np.geomspace(1e-3, 1000.0, 200)
    values = density(few)
    frequency = np.linspace(few[0], few[-1], 200_000)
    between = np.interp(np.log(frequency), np.log(few), values)
    below = values[0] * few[0]
    # Above, the mean of sinc^2.
    above = values[-1] / (2 * np.pi**2 * width**2 * few[-1])
    within = trapezoid(between * np.sinc(frequency * width) ** 2, frequency)
    return float(below + within + above)


def _linear_variance(synapse: str, closure: str) -> float:
    # N Var(y).
    def density(frequency: Array) -> Array:
        return linear_spectrum(_network(1), frequency, closure=closure).release[synapse]

    return variance_of_bins(density, BIN)


def _draw(figure: Figure, released: dict[str, list[Estimate]], variances: Found) -> None:
    axes = figure.subplots(2, 2, sharex=True)
    first, *others = axes.flat
    exact = _exact(CORRELATED)
    for label in LABELS:
        values = [deviation(value, exact) for value in released[label]]
        points(first, SIZES, values, label)
    first.axhline(0, color="0.6", linewidth=0.6, zorder=0)
    first.set(title=f"{CORRELATED} synapses: mean", ylabel="release per spike,\ndeviation (%)")
    for panel, synapse in zip(others, SYNAPSES, strict=True):
        for closure in reversed(CLOSURES):
            panel.axhline(
                _linear_variance(synapse, closure),
                color=colour_of(closure),
                linestyle="--",
                linewidth=0.8,
            )
        for label in LABELS:
            points(panel, SIZES, variances[synapse][label], label)
        panel.set(title=f"{synapse} synapses: variance", ylabel="N Var(y), 50 ms (Hz²)")
    for panel in axes.flat:
        _scale(panel)
    for panel in axes[1]:
        panel.set_xlabel("number of neurons N")
    legend_of_page(figure, first)


def _scale(panel: Axes) -> None:
    log_scale(panel, "x")
    tidy(panel)
