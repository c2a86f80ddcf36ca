"""How dwell times grow with the number of neurons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mesopop import presets
from mesopop.analysis.estimate import Estimate, EventRate
from mesopop.analysis.report import probability
from mesopop.comparison_table import Statistic
from mesopop.figures.exhibit import Cell, Effort, Exhibit, Numbers
from mesopop.figures.levels import MICRO, prepared, reduced, simulated
from mesopop.figures.panels import legend_of_page
from mesopop.network import Network
from mesopop.plot.style import colour_of, log_scale, tidy
from mesopop.reducers import DwellTimes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRANSIENT, DURATION = 1000.0, 100_000.0
STATES = ("Up", "Down")
# Of each size the number of trials: long dwell times need more of them.
SIZES = {
    "LNP": {100: 10, 150: 10, 200: 20, 250: 30, 300: 40, 350: 60, 400: 80},
    "LIF": {50: 10, 75: 10, 100: 20, 125: 40, 150: 60},
}
PRESETS = {"LNP": "lnp-up-down", "LIF": "lif-up-down"}
LABELS = {"LNP": (MICRO, "renewal"), "LIF": (MICRO, "renewal", "second_order")}

# By neuron, level, state: the rate of leaving the state at each size.
Rates = dict[str, dict[str, dict[str, list[EventRate]]]]


@attrs.frozen(kw_only=True)
class Growth:
    """Fit of log T = a + b N.

    Attributes
    ----------
    offset : float
        a, of T in s; nan if fewer than two sizes have events.
    slope : Estimate
        b.
    p : float
        Of the chi-squared test of the fit; nan for two sizes.
    """

    offset: float
    slope: Estimate
    p: float


def exhibit(effort: Effort) -> Exhibit:
    """Both presets with Up and Down states, at constant N J."""
    rates: Rates = {}
    for name, sizes in SIZES.items():
        rates[name] = {label: {state: [] for state in STATES} for label in LABELS[name]}
        for size, short in sizes.items():
            for label, by_state in rates[name].items():
                trials = effort.choose(short, 10 * short)
                for state, rate in zip(
                    STATES, _rates(name, size, label, trials, effort), strict=True
                ):
                    by_state[state].append(rate)
    shortest, longest = (
        effort.choose(function(trials.values()), 10 * function(trials.values()))
        for function, trials in ((min, SIZES["LNP"]), (max, SIZES["LNP"]))
    )
    return Exhibit(
        title="Dwell times grow exponentially with the number of neurons",
        caption=(
            "The presets lnp-up-down (dt 0.1 ms) and lif-up-down (dt 0.5 ms) with other numbers "
            f"of neurons N at constant N J; {shortest} to {longest} trials of "
            f"{DURATION / 1000:g} s, more for larger N, seed {effort.seed}. Mean dwell time: time "
            "in a state / number of times it was left, which holds if trials end within states, "
            "too; 95 % intervals of a constant rate of leaving (Garwood). Lines: log T = a + b N, "
            "weighted least squares, the variance of log T being 1 / number of times left."
        ),
        tables=(*(_times(name, rates[name]) for name in SIZES), _growths(rates)),
        draw=lambda figure: _draw(figure, rates),
        size=(7.2, 5.2),
        reading=(
            "Leaving a state takes a fluctuation that becomes exponentially rare as N grows, as in "
            "Kramers' problem; infinitely many neurons would never leave. Renewal has the dwell "
            "times of both networks at all N. Second order fails for LIF neurons, and with another "
            "rate of growth: the factor by which it is wrong grows with N, too.\n\n"
            "p is the probability of points as far from the straight line as these: where it is "
            "small, log T is curved, as a prefactor that depends on N makes it."
        ),
    )


def _network(name: str, size: int) -> Network:
    network = presets.load(PRESETS[name])
    (population,), (projection,) = network.populations, network.projections
    return attrs.evolve(
        network,
        populations=[attrs.evolve(population, size=size)],
        projections=[attrs.evolve(projection, weight=projection.weight * population.size / size)],
    )


def _rates(
    name: str, size: int, label: str, trials: int, effort: Effort
) -> tuple[EventRate, EventRate]:
    # Of leaving Up and Down.
    experiment = presets.experiment(PRESETS[name])
    events = experiment.events
    assert events is not None
    simulation = prepared(
        _network(name, size),
        label,
        effort=effort,
        dt=experiment.simulation.dt,
        trials=trials,
        key=(list(SIZES).index(name), size),
    )
    simulated(simulation, TRANSIENT, record_dt=100.0)
    dwell = DwellTimes(
        events.observable,
        events.population,
        low=events.low,
        high=events.high,
        smooth=events.smooth,
    )
    reduced(simulation, DURATION, {"dwell": dwell})
    return dwell.result.up_to_down, dwell.result.down_to_up


def mean_time(rate: EventRate) -> Estimate:
    """Mean dwell time (s) with its standard error, that of an exponential distribution."""
    value = 1 / rate.value if rate.events else math.nan
    se = value / math.sqrt(rate.events) if rate.events else math.nan
    return Estimate(value, se, rate.events)


def growth(sizes: Sequence[int], rates: Sequence[EventRate]) -> Growth:
    """Fit log T = a + b N to rates of leaving."""
    seen = [(size, rate) for size, rate in zip(sizes, rates, strict=True) if rate.events]
    if len(seen) < 2:
        return Growth(offset=math.nan, slope=Estimate(math.nan, math.nan, len(seen)), p=math.nan)
    x = np.array([size for size, _ in seen], dtype=np.float64)
    y = np.log([mean_time(rate).value for _, rate in seen])
    weight = np.sqrt([rate.events for _, rate in seen])
    (slope, offset), covariance = np.polyfit(x, y, 1, w=weight, cov="unscaled")
    p = math.nan
    if len(seen) > 2:
        from scipy.special import chdtrc

        p = float(chdtrc(len(seen) - 2, np.sum(((y - offset - slope * x) * weight) ** 2)))
    error = math.sqrt(float(covariance[0, 0]))
    return Growth(offset=float(offset), slope=Estimate(float(slope), error, len(seen)), p=p)


def _times(name: str, levels: dict[str, dict[str, list[EventRate]]]) -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for index, size in enumerate(SIZES[name]):
        for label, by_state in levels.items():
            cells: list[Cell] = []
            for state in STATES:
                rate = by_state[state][index]
                slow, fast = rate.interval()
                longest = 1 / slow if slow else math.nan
                cells += [mean_time(rate).value, 1 / fast, longest, rate.events]
            rows.append((str(size), label, *cells))
    columns = (f"{{state}}\n{what}" for what in ("T (s)", "from", "to", "left"))
    headings = list(columns)
    return Numbers(
        title=(
            f"{name} neurons: mean dwell times T, their 95 % intervals, and how often the state "
            "was left"
        ),
        header=(
            "N",
            "level",
            *(heading.format(state=state) for state in STATES for heading in headings),
        ),
        rows=rows,
    )


def _growths(rates: Rates) -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for name, levels in rates.items():
        for state in STATES:
            fits = {label: growth(list(SIZES[name]), levels[label][state]) for label in levels}
            for label, fit in fits.items():
                z = Statistic("", (fits[MICRO].slope, fit.slope)).z(1)
                rows.append(
                    (
                        name,
                        state,
                        label,
                        Estimate(100 * fit.slope.value, 100 * fit.slope.se, fit.slope.n),
                        "–" if math.isnan(fit.p) else probability(fit.p),
                        "" if label == MICRO or math.isnan(z) else f"{z:+.1f}",
                    )
                )
    return Numbers(
        title="Growth of log T per 100 neurons",
        header=("neurons", "state", "level", "100 b", "p of fit", "z to micro"),
        rows=rows,
    )


def _draw(figure: Figure, rates: Rates) -> None:
    axes = figure.subplots(len(rates), 2)
    for row, (name, levels) in zip(axes, rates.items(), strict=True):
        for panel, state in zip(row, STATES, strict=True):
            for position, (label, by_state) in enumerate(levels.items()):
                _draw_level(panel, list(SIZES[name]), by_state[state], label, position)
            panel.set(title=f"{name} neurons, {state} states", xlabel="number of neurons N")
            log_scale(panel, "y")
            tidy(panel)
        row[0].set_ylabel("mean dwell time (s)")
    legend_of_page(figure, *axes.flat)


def _draw_level(
    panel: Axes, sizes: list[int], rates: list[EventRate], label: str, position: int
) -> None:
    seen = [(size, rate) for size, rate in zip(sizes, rates, strict=True) if rate.events]
    x = np.array([size for size, _ in seen], dtype=np.float64)
    times = np.array([mean_time(rate).value for _, rate in seen])
    ends = np.array([rate.interval() for _, rate in seen]).reshape(-1, 2)
    # Side by side, so that equal ones can be told apart.
    shift = 0.012 * (position - 0.5) * (sizes[-1] - sizes[0])
    panel.errorbar(
        x + shift,
        times,
        [times - 1 / ends[:, 1], 1 / ends[:, 0] - times],
        fmt="o",
        markersize=4,
        color=colour_of(label),
        elinewidth=0.8,
        label=label,
    )
    fit = growth(sizes, rates)
    if not math.isnan(fit.offset):
        line = np.array([sizes[0], sizes[-1]])
        panel.plot(
            line, np.exp(fit.offset + fit.slope.value * line), color=colour_of(label), lw=0.8
        )
