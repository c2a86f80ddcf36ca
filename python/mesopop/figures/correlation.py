"""Correlation of u and x: what it is, and what becomes of the release without it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from mesopop.analysis import ratio_of_averages
from mesopop.analysis.estimate import Estimate, mean
from mesopop.figures.exhibit import Cell, Effort, Exhibit, Numbers
from mesopop.figures.levels import MICRO, deviation, prepared, simulated
from mesopop.figures.panels import legend_of_page, points
from mesopop.network import Network, Population, Projection
from mesopop.neuron_recording import Neurons
from mesopop.neurons import LNP, Poisson
from mesopop.plot.style import GREEN, colour_of, log_scale, tidy
from mesopop.presets.feedforward import SYNAPSES
from mesopop.result import Result
from mesopop.signals import Steps
from mesopop.theory import stationary_synapses
from mesopop.transfer import Softplus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

CLOSURES = ("first_order", "second_order")
LABELS = (MICRO, *CLOSURES)
STP = SYNAPSES["mixed"][0]
PROJECTION = "pre->post"
DT, TRANSIENT, DURATION, SIZE = 0.5, 5000.0, 100_000.0, 100
RATES = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
SCATTER = 10.0  # Hz
# The onset: from one rate to another, in a large population.
BEFORE, AFTER, LEAD, SHOWN, LARGE, BIN = 1.0, 20.0, 5000.0, 2000.0, 1000, 20.0
WINDOWS = ((0.0, 60.0), (60.0, 120.0), (120.0, 240.0), (240.0, 500.0), (500.0, 2000.0))


@attrs.frozen(kw_only=True)
class Findings:
    """Of each rate the covariance and the release per spike by level, and what is drawn besides."""

    covariance: dict[str, list[Estimate]]
    released: dict[str, list[Estimate]]
    scatter: tuple[Array, Array]
    onset: dict[str, Result]


def exhibit(effort: Effort) -> Exhibit:
    """Mixed synapses at rates from 0.5 to 50 Hz, and after a step of the rate."""
    trials, onsets = effort.choose(20, 200, least=2), effort.choose(100, 1000, least=2)
    found = Findings(
        covariance={label: [] for label in LABELS},
        released={label: [] for label in LABELS},
        scatter=_scatter(effort),
        onset={
            label: _onset(prepared(_step(), label, effort=effort, dt=DT, trials=onsets))
            for label in LABELS
        },
    )
    for number, rate in enumerate(RATES):
        for label in LABELS:
            simulation = prepared(
                _network(SIZE, rate), label, effort=effort, dt=DT, trials=trials, key=(number,)
            )
            covariance, released = _stationary(simulation, label)
            found.covariance[label].append(covariance)
            found.released[label].append(released)
    return Exhibit(
        title="Correlation of u and x",
        caption=(
            f"{SIZE} Poisson neurons with the mixed synapses of the preset feedforward (U0 = U = "
            f"{STP.U0:g}, tau_d {STP.tau_d:g} ms, tau_f {STP.tau_f:g} ms); dt {DT} ms; {trials} "
            f"trials of {DURATION / 1000:g} s for each rate, seed {effort.seed}. (a) Covariance of "
            "u and x over neurons and time; lines: theory. (b) Release per spike, deviation from "
            "the exact value. (c) "
            f"u and x of {LARGE} neurons at {SCATTER:g} Hz; ellipses: one and two standard "
            f"deviations of the Gaussian with their exact moments. (d) Release per spike of {LARGE} neurons, mean "
            f"of {onsets} trials, when the rate steps from {BEFORE:g} to {AFTER:g} Hz at t = 0."
        ),
        tables=(_theory(), _covariances(found), _releases(found), _onsets(found)),
        draw=lambda figure: _draw(figure, found),
        size=(7.2, 5.4),
        reading=(
            "A spike raises u and lowers x, so that neurons that have just fired have large u and "
            "small x: Cov(u, x) < 0. First order has u and x of the mean neuron alone (what it has "
            "of a covariance is that of these means, which fluctuate with the number of spikes), "
            "and releases too much: at each rate by that covariance, and more while u and x are "
            "on their way after a step. Second order carries the covariance; what is left is the "
            "error of its Gaussian closure."
        ),
    )


def _network(size: int, rate: float | Steps) -> Network:
    return Network(
        populations=[
            Population("pre", size=size, neuron=Poisson(rate)),
            Population("post", size=1, neuron=LNP(10.0, transfer=Softplus(alpha=1.0))),
        ],
        projections=[Projection("pre", "post", weight=0.0, stp=STP)],
    )


def _step() -> Network:
    return _network(LARGE, Steps(times=[0.0, LEAD], values=[BEFORE, AFTER]))


def _before_spikes(u: Any, x: Any) -> tuple[Any, Any]:
    # Recorded at the ends of steps; a spike releases what they relax to within its step.
    u = STP.U0 + (u - STP.U0) * math.exp(-DT / STP.tau_f)
    return u, 1 + (x - 1) * math.exp(-DT / STP.tau_d)


def _stationary(simulation: Any, label: str) -> tuple[Estimate, Estimate]:
    # Covariance and release per spike.
    simulated(simulation, TRANSIENT, record_dt=100.0)
    if label == MICRO:
        chosen = Neurons("pre", np.arange(SIZE), quantities=("u", "x"))
        run = simulated(simulation, DURATION, record=("rate", "release", chosen), record_dt=100.0)
        neurons = run.neurons["pre"]
        assert neurons.u is not None and neurons.x is not None
        u, x = _before_spikes(neurons.u[PROJECTION], neurons.x[PROJECTION])
        average = (u * x).mean(axis=(1, 2)) - u.mean(axis=(1, 2)) * x.mean(axis=(1, 2))
    else:
        record = ("rate", "release", "u", "x")
        run = simulated(simulation, DURATION, record=record, record_dt=10.0)
        u, x = _before_spikes(run.u[PROJECTION].mean(axis=1), run.x[PROJECTION].mean(axis=1))
        # Poisson spikes meet u x in its mean over time.
        average = run.release[PROJECTION].mean(axis=1) / run.rate["pre"].mean(axis=1) - u * x
    return mean(average), ratio_of_averages(run.release[PROJECTION], run.rate["pre"])


def _scatter(effort: Effort) -> tuple[Array, Array]:
    network = _network(LARGE, SCATTER)
    simulation = prepared(network, MICRO, effort=effort, dt=DT, trials=1, key=(len(RATES),))
    chosen = Neurons("pre", np.arange(LARGE), quantities=("u", "x"))
    neurons = simulated(simulation, TRANSIENT, record=(chosen,), record_dt=DT).neurons["pre"]
    assert neurons.u is not None and neurons.x is not None
    u, x = _before_spikes(neurons.u[PROJECTION][:, -1], neurons.x[PROJECTION][:, -1])
    return u, x


def _onset(simulation: Any) -> Result:
    simulated(simulation, LEAD, record_dt=BIN)
    return simulated(simulation, SHOWN, record_dt=BIN)


def _after_onset(run: Result, start: float, stop: float) -> Estimate:
    bins = slice(round(start / BIN), round(stop / BIN))
    return ratio_of_averages(run.release[PROJECTION][:, bins], run.rate["pre"][:, bins])


def _theory() -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for rate in RATES:
        exact, closure = (
            stationary_synapses(rate, STP, closure=name, dt=DT)
            for name in ("exact", "second_order")
        )
        correlation = exact.cov / math.sqrt(exact.var_u * exact.var_x)
        covariances = (f"{1000 * state.cov:.3f}" for state in (exact, closure))
        rows.append((f"{rate:g}", f"{correlation:.3f}", *covariances))
    return Numbers(
        title="Theory: correlation and covariance (times 1000) of u and x",
        header=("rate\n(Hz)", "correlation,\nexact", "covariance,\nexact", "\nsecond_order"),
        rows=rows,
    )


def _covariances(found: Findings) -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for index, rate in enumerate(RATES):
        values = (found.covariance[label][index] for label in LABELS)
        rows.append(
            (f"{rate:g}", *(Estimate(1000 * cov.value, 1000 * cov.se, cov.n) for cov in values))
        )
    return Numbers(
        title="Simulations: covariance of u and x, times 1000",
        header=("rate\n(Hz)", *LABELS),
        rows=rows,
    )


def _exact(rate: float) -> float:
    return stationary_synapses(rate, STP, dt=DT).release_per_spike


def _releases(found: Findings) -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for index, rate in enumerate(RATES):
        exact = _exact(rate)
        deviations = (deviation(found.released[label][index], exact) for label in LABELS)
        rows.append((f"{rate:g}", f"{exact:.5f}", *deviations))
    return Numbers(
        title="Release per spike: theory, and deviation from it in percent",
        header=("rate\n(Hz)", "\nexact", *(f"{label}\n(%)" for label in LABELS)),
        rows=rows,
    )


def _onsets(found: Findings) -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for start, stop in WINDOWS:
        micro, *others = (_after_onset(found.onset[label], start, stop) for label in LABELS)
        rows.append((f"{start:g}-{stop:g}", micro, *(deviation(other, micro) for other in others)))
    return Numbers(
        title=f"Release per spike after the step from {BEFORE:g} to {AFTER:g} Hz",
        header=("time\n(ms)", "micro", *(f"{label}\n(%)" for label in CLOSURES)),
        rows=rows,
    )


def _draw(figure: Figure, found: Findings) -> None:
    axes = figure.subplots(2, 2)
    _draw_rates(axes[0, 0], axes[0, 1], found)
    _draw_scatter(axes[1, 0], found)
    panel = axes[1, 1]
    for label, run in found.onset.items():
        released = run.release[PROJECTION].mean(axis=0) / run.rate["pre"].mean(axis=0)
        t = (np.arange(len(released)) + 0.5) * BIN
        width = 2.0 if label == MICRO else 1.0  # equal ones stay visible
        panel.plot(t, released, color=colour_of(label), linewidth=width)
    panel.set(xlabel="time from the step (ms)", ylabel="release per spike", xlim=(0, 1000))
    panel.set_ylim(bottom=0)
    for letter, axis in zip("abcd", axes.flat, strict=True):
        axis.set_title(f"({letter})", loc="left")
        tidy(axis)
    legend_of_page(figure, axes[0, 0])


def _draw_rates(left: Axes, right: Axes, found: Findings) -> None:
    grid = np.geomspace(RATES[0], RATES[-1], 60)
    theory = {
        name: [stationary_synapses(rate, STP, closure=name, dt=DT) for rate in grid]
        for name in ("exact", *CLOSURES)
    }
    exact = np.array([state.release_per_spike for state in theory["exact"]])
    for name in ("exact", *CLOSURES):
        style: Any = {"color": colour_of(MICRO if name == "exact" else name), "linewidth": 0.8}
        released = np.array([state.release_per_spike for state in theory[name]])
        covariance = [
            state.release_per_spike - state.u_at_spikes * state.x_at_spikes
            for state in theory[name]
        ]
        left.plot(grid, covariance, **style)
        right.plot(grid, 100 * (released / exact - 1), **style)
    for label in LABELS:
        points(left, RATES, found.covariance[label], label, line=False)
        values = [
            deviation(value, _exact(rate))
            for rate, value in zip(RATES, found.released[label], strict=True)
        ]
        points(right, RATES, values, label, line=False)
    for panel in (left, right):
        log_scale(panel, "x")
        panel.set_xlabel("presynaptic rate (Hz)")
    left.set_ylabel("Cov(u, x)")
    right.set_ylabel("release per spike, deviation (%)")


def _draw_scatter(panel: Axes, found: Findings) -> None:
    u, x = found.scatter
    panel.plot(u, x, ".", color=colour_of(MICRO), markersize=3, alpha=0.5, markeredgewidth=0)
    state = stationary_synapses(SCATTER, STP, dt=DT)
    spread = np.linalg.cholesky([[state.var_u, state.cov], [state.cov, state.var_x]])
    angle = np.linspace(0, 2 * np.pi, 100)
    circle = np.array([np.cos(angle), np.sin(angle)])
    for radius in (1, 2):
        du, dx = radius * spread @ circle
        panel.plot(state.u_at_spikes + du, state.x_at_spikes + dx, color=GREEN, linewidth=1.0)
    panel.set(xlabel="u", ylabel="x")
