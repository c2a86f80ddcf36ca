"""Fixed points over the drive, and what noise makes of them in finite networks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from mesopop import presets
from mesopop.analysis import (
    Estimate,
    EventRate,
    PopulationSpikes,
    UpDownStates,
    exponential_smoothing,
    find_events,
)
from mesopop.experiment import EventSettings, Experiment
from mesopop.figures.exhibit import Cell, Effort, Exhibit, Numbers
from mesopop.figures.levels import MICRO, prepared, simulated
from mesopop.figures.panels import legend_of_page
from mesopop.parameter_path import with_parameter
from mesopop.plot import bifurcation_diagram as draw_diagram
from mesopop.plot.style import colour_of, log_scale, tidy
from mesopop.theory import BifurcationDiagram, bifurcation_diagram

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRIVE = "populations.E.drive"
TRANSIENT, DURATION = 1000.0, 50_000.0  # ms
CELLS = 60  # of a histogram
LEAST_EVENTS = 5  # behind a mean time that is shown


@attrs.frozen(kw_only=True)
class Case:
    """A network, where it is simulated, and what it is compared with.

    Parameters
    ----------
    preset : str
    span : tuple of float
        Drives for which fixed points are shown, mV.
    drives : tuple of float
        Of the simulations, mV, equidistant.
    closures : tuple of str
        Those that differ from each other.
    top : float
        Of the histograms, in the units of the observable.
    """

    preset: str
    span: tuple[float, float]
    drives: tuple[float, ...]
    closures: tuple[str, ...]
    top: float

    @property
    def experiment(self) -> Experiment:
        """Of the preset."""
        return presets.experiment(self.preset)

    @property
    def events(self) -> EventSettings:
        """Of the preset."""
        events = self.experiment.events
        assert events is not None
        return events


def _grid(start: float, step: float, count: int) -> tuple[float, ...]:
    return tuple(round(start + step * index, 6) for index in range(count))


# For LNP neurons second order is the same as renewal.
CASES = (
    Case(
        preset="lif-up-down",
        span=(7.0, 11.5),
        drives=_grid(9.4, 0.14, 12),
        closures=("renewal", "second_order"),
        top=60.0,
    ),
    Case(
        preset="lnp-up-down",
        span=(-9.0, -1.6),
        drives=_grid(-4.2, 0.2, 12),
        closures=("renewal",),
        top=80.0,
    ),
    Case(
        preset="lnp-population-spikes",
        span=(-5.3, -0.3),
        drives=_grid(-5.0, 0.4, 12),
        closures=("renewal",),
        top=80.0,
    ),
)


@attrs.frozen(kw_only=True, eq=False)
class Point:
    """A simulation at one drive.

    Parameters
    ----------
    found : UpDownStates or PopulationSpikes
    histogram : ndarray, shape (CELLS,)
        Of the smoothed observable from 0 (rates) or -top/10 (potentials) to the top of the case.
    """

    found: UpDownStates | PopulationSpikes
    histogram: NDArray[np.float64]


@attrs.frozen(kw_only=True, eq=False)
class Study:
    """Theory and simulations of a network.

    Parameters
    ----------
    case : Case
    diagrams : dict of closure to BifurcationDiagram
    points : dict of label to list of Point
        One for each drive.
    """

    case: Case
    diagrams: dict[str, BifurcationDiagram]
    points: dict[str, list[Point]]


def exhibit(effort: Effort) -> Exhibit:
    """Up and Down states of LIF and LNP neurons, and population spikes, over the drive."""
    trials = effort.choose(10, 100)
    studies = [_study(number, case, trials, effort) for number, case in enumerate(CASES)]
    return Exhibit(
        title="Bifurcations over the drive, and noise",
        caption=(
            "Presets lif-up-down (100 LIF neurons), lnp-up-down and lnp-population-spikes (200 LNP "
            "neurons each) at other drives. Above: fixed points of the infinite network with the "
            "closure of the colour, stable (solid) or not (dashed), folds and Hopf points; grey: "
            "distribution of the activity, smoothed over 10 ms, or of the mean potential h, neuron "
            "by neuron, each column relative to its largest value (power 0.3, so that rare values "
            "are seen). Below: statistics of "
            f"both levels, {trials} trials of {DURATION / 1000:g} s after {TRANSIENT / 1000:g} s "
            f"at each drive, dt 0.5 (LIF) or 0.1 ms (LNP), seed {effort.seed}, events by the "
            "thresholds of the presets. Mean times in a state, Up (filled) and Down (open), are the "
            "time spent there by the number of switches, if there were "
            f"{LEAST_EVENTS} or more. CV: of the intervals between population spikes. Trials start in "
            "the Down state. Bars: standard errors."
        ),
        tables=(_bifurcations(studies), *(table for study in studies for table in _tables(study))),
        draw=lambda figure: _draw(figure, studies),
        size=(7.2, 7.2),
        reading=(
            "Where two fixed points are stable noise switches between them. Population spikes "
            "begin far below the Hopf point, where the only fixed point is stable and noise alone "
            "excites them, and are most regular where none is stable. Above the second Hopf point "
            "there are few because the potential hardly ever falls below the threshold that ends "
            "an event.\n\n"
            "LIF: in second order fold and Hopf point of the Up state lie at higher drives than in "
            "renewal, since the closure takes the neurons that fire for a random sample. Its Up "
            "states are shorter, and it switches where the network of neurons, as that of "
            "renewal, is already Up most of the time. LNP: the assumption holds, and both levels "
            "agree."
        ),
    )


def _study(number: int, case: Case, trials: int, effort: Effort) -> Study:
    experiment = case.experiment
    diagrams = {
        closure: bifurcation_diagram(experiment.network, DRIVE, *case.span, closure=closure)
        for closure in case.closures
    }
    points = {
        label: [
            _point(case, label, drive, trials, effort, (number, index))
            for index, drive in enumerate(case.drives)
        ]
        for label in (MICRO, *case.closures)
    }
    return Study(case=case, diagrams=diagrams, points=points)


def _point(
    case: Case, label: str, drive: float, trials: int, effort: Effort, key: tuple[int, int]
) -> Point:
    experiment, events = case.experiment, case.events
    simulation = prepared(
        with_parameter(experiment.network, DRIVE, drive),
        label,
        effort=effort,
        dt=experiment.simulation.dt,
        trials=trials,
        key=key,
    )
    result = simulated(
        simulation, TRANSIENT + DURATION, record=(events.observable,), record_dt=1.0
    ).after(TRANSIENT)
    series = exponential_smoothing(
        getattr(result, events.observable)["E"], dt=result.record_dt, tau=events.smooth
    )
    return Point(
        found=find_events(result, events),
        histogram=np.histogram(series, bins=_edges(case))[0].astype(np.float64),
    )


def _edges(case: Case) -> NDArray[np.float64]:
    bottom = 0.0 if case.events.observable == "rate" else -case.top / 10
    return np.linspace(bottom, case.top, CELLS + 1)


def _mean_time(rate: EventRate) -> Estimate:
    # In s. The error is that of as many exponential times.
    if rate.events < LEAST_EVENTS:
        return Estimate(math.nan, math.nan, rate.events)
    value = 1 / rate.value
    return Estimate(value, value / math.sqrt(rate.events), rate.events)


Measure = Callable[[Point], Estimate]


def _up_fraction(point: Point) -> Estimate:
    assert isinstance(point.found, UpDownStates)
    # In percent.
    fraction = point.found.up_fraction
    return Estimate(100 * fraction.value, 100 * fraction.se, fraction.n)


def _up_time(point: Point) -> Estimate:
    assert isinstance(point.found, UpDownStates)
    return _mean_time(point.found.up_to_down)


def _down_time(point: Point) -> Estimate:
    assert isinstance(point.found, UpDownStates)
    return _mean_time(point.found.down_to_up)


def _frequency(point: Point) -> Estimate:
    # Events per s; the error is that of a Poisson count.
    events = len(point.found.onsets)
    seconds = point.found.segmentation.trials * point.found.segmentation.duration / 1000
    return Estimate(events / seconds, math.sqrt(events) / seconds, events)


def _irregularity(point: Point) -> Estimate:
    assert isinstance(point.found, PopulationSpikes)
    if len(point.found.intervals) < LEAST_EVENTS:
        return Estimate(math.nan, math.nan, len(point.found.intervals))
    return point.found.cv_interval


def _bifurcations(studies: list[Study]) -> Numbers:
    rows: list[tuple[Cell, ...]] = []
    for study in studies:
        for closure, diagram in study.diagrams.items():
            for found in diagram.bifurcations:
                rows.append(
                    (
                        study.case.preset,
                        closure,
                        found.kind,
                        f"{found.parameter:.3f}",
                        f"{found.point.rate['E']:.2f}",
                        "" if math.isnan(found.frequency) else f"{found.frequency:.2f}",
                    )
                )
    return Numbers(
        title="Folds and Hopf points of the infinite networks",
        header=("", "closure", "", "drive\n(mV)", "rate\n(Hz)", "oscillation\n(Hz)"),
        rows=rows,
    )


def _tables(study: Study) -> list[Numbers]:
    labels, case = list(study.points), study.case
    if case.events.kind == "population_spikes":
        measures = {"events (1/s)": _frequency, "CV": _irregularity}
    elif len(labels) < 3:
        measures = {"Up (%)": _up_fraction, "Up time (s)": _up_time}
    else:
        measures = {"Up (%)": _up_fraction, "onsets (1/s)": _frequency}
    # Three labels of two quantities are too wide for one table.
    names = list(measures)
    groups = [names] if len(labels) < 3 else [[name] for name in names]
    tables = []
    for group in groups:
        columns = [(name, label) for name in group for label in labels]
        rows: list[tuple[Cell, ...]] = []
        for index, drive in enumerate(case.drives):
            values = [measures[name](study.points[label][index]) for name, label in columns]
            rows.append((f"{drive:.2f}", *values))
        header = ("drive\n(mV)", *(f"{name}\n{label}" for name, label in columns))
        tables.append(Numbers(title=f"{case.preset} over the drive", header=header, rows=rows))
    return tables


def _draw(figure: Figure, studies: list[Study]) -> None:
    axes = figure.subplots(3, len(studies), height_ratios=(1.5, 1, 1))
    for column, study in enumerate(studies):
        above, middle, below = axes[:, column]
        _draw_diagram(above, study)
        above.set_title(study.case.preset, loc="left")
        if study.case.events.kind == "up_down_states":
            _draw_points(middle, study, _up_fraction, "time Up (%)")
            middle.set_ylim(-3, 103)
            _draw_points(below, study, _up_time, "", style="o-")
            _draw_points(below, study, _down_time, "mean time in a state (s)", style="o--")
        else:
            _draw_points(middle, study, _frequency, "events (1/s)")
            middle.set_ylim(0, None)
            _draw_points(below, study, _irregularity, "CV of the intervals")
            below.set_ylim(0, None)
        if study.case.events.kind == "up_down_states":
            log_scale(below, "y")
        below.set_xlabel("drive (mV)")
        edge = study.case.drives[1] - study.case.drives[0]
        below.set_xlim(study.case.drives[0] - edge / 2, study.case.drives[-1] + edge / 2)
        middle.sharex(below)
        middle.tick_params(labelbottom=False)
    legend_of_page(figure, *axes[1], axes[0, -1])


def _draw_diagram(ax: Axes, study: Study) -> None:
    case = study.case
    step = case.drives[1] - case.drives[0]
    columns = np.append(np.asarray(case.drives) - step / 2, case.drives[-1] + step / 2)
    histograms = np.array([point.histogram for point in study.points[MICRO]]).T
    relative = histograms / histograms.max(axis=0)
    ax.pcolormesh(columns, _edges(case), relative**0.3, cmap="Greys", vmax=1.6, rasterized=True)
    for closure, diagram in study.diagrams.items():
        draw_diagram(diagram, quantity=case.events.observable, color=colour_of(closure), ax=ax)
    ax.set_ylim(_edges(case)[0], case.top)
    ax.set_xlim(case.span)
    ax.set_xlabel("drive (mV)")
    ax.set_ylabel("activity (Hz)" if case.events.observable == "rate" else "h (mV)")


def _draw_points(ax: Axes, study: Study, measure: Measure, name: str, style: str = "o-") -> None:
    for label, points in study.points.items():
        values = [measure(point) for point in points]
        ax.errorbar(
            study.case.drives,
            [estimate.value for estimate in values],
            yerr=[estimate.se for estimate in values],
            fmt=style,
            markersize=2.5,
            markerfacecolor="white" if "--" in style else None,
            linewidth=0.7,
            color=colour_of(label),
            label=label,
        )
    if name:
        ax.set_ylabel(name)
    tidy(ax)
