"""Results side by side: the same statistics of each, with standard errors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

from mesopop.analysis.averages import ratio_of_averages, time_average
from mesopop.analysis.distances import distance, distance_of_series
from mesopop.analysis.estimate import Estimate, EventRate, coefficient_of_variation, mean
from mesopop.analysis.events import find_events
from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.analysis.report import significant
from mesopop.analysis.smoothing import settled
from mesopop.analysis.spectra import band_name, power_spectrum
from mesopop.analysis.up_down import UpDownStates
from mesopop.analysis.variability import fano_factor
from mesopop.comparison_table import Comparison, DistributionDistance, Events, Statistic

if TYPE_CHECKING:
    from mesopop.experiment import EventSettings
    from mesopop.result import FloatArray, Result

MOST_ROWS = 8  # of populations, and of projections
SMOOTH = 10.0  # ms, of the activity whose distributions are compared, without events


def compare(
    *results: Result,
    events: EventSettings | None = None,
    fano_windows: Sequence[float] = (),
    bands: Sequence[tuple[float, float]] = (),
    distances: bool = False,
) -> Comparison:
    """Compare results of the same network: rates, release and events, with standard errors.

    Parameters
    ----------
    *results : Result
        One or several, with rate and release; cut their transients with `Result.after`.
    events : EventSettings, optional
        Which events to find, e.g. those of a preset's experiment.
    fano_windows : sequence of float
        Counting windows (ms) of Fano factors of the activity (`analysis.fano_factor`).
    bands : sequence of (low, high)
        Bands (Hz) whose mean spectral power is compared (`analysis.power_spectrum`).
    distances : bool
        Whether to compare distributions, too: of the smoothed activity
        (`analysis.distance_of_series`), and of complete dwell times, or of intervals and amplitudes
        (`analysis.distance`).

    Returns
    -------
    Comparison
        Prints as a table, draws itself (`plot`), and gives its numbers (`to_dict`, `to_records`).
        Standard errors of rates and release are over trials or batches
        (`analysis.time_average`), those of dwell times and intervals over events, those of the rates
        of leaving a state those of a Poisson count. Results of one label are numbered.

    Raises
    ------
    TypeError
        If something else than a result is given.
    ValueError
        If there is no result, the networks differ, a band is no pair, a recording is too short for what is asked for,
        or distributions are to be compared of results recorded in bins of different width.
    KeyError
        If something needed was not recorded.

    Examples
    --------
    >>> import mesopop as mp
    >>> net = mp.presets.load("feedforward")
    >>> micro, meso = (
    ...     mp.simulate(net, 20_000, dt=0.5, level=level, seed=1) for level in ("micro", "meso")
    ... )
    >>> comparison = mp.compare(micro.after(3000), meso.after(3000))
    >>> comparison.labels
    ('micro', 'meso renewal')
    >>> abs(comparison["rate of pre (Hz)"].z(1)) < 4
    True
    >>> comparison = mp.compare(
    ...     micro.after(3000), meso.after(3000), fano_windows=[50], bands=[(4, 15)], distances=True
    ... )
    >>> [statistic.name for statistic in comparison.statistics[-4:]]  # doctest: +NORMALIZE_WHITESPACE
    ['Fano factor of pre, 50 ms', 'Fano factor of post, 50 ms',
     'power of pre, 4-15 Hz (Hz)', 'power of post, 4-15 Hz (Hz)']
    >>> [row.name for row in comparison.distances]
    ['activity of pre', 'activity of post']
    """
    from mesopop.result import Result

    if not results:
        raise ValueError("compare needs at least one result")
    for result in results:
        if not isinstance(result, Result):
            raise TypeError(f"results must be Result, got {result!r}")
    for band in bands:
        if np.shape(band) != (2,):
            raise ValueError(f"bands must hold pairs (low, high) in Hz, got {band!r}")
    network = results[0].network
    for result in results[1:]:
        if result.network != network:
            raise ValueError(f'"{result.label}" is of another network than "{results[0].label}"')
    rows = [
        Statistic(
            f"rate of {population.name} (Hz)",
            tuple(time_average(result.rate[population.name]) for result in results),
        )
        for population in network.populations[:MOST_ROWS]
    ]
    # Projections of one source and equal plasticity release the same.
    plastic = {(p.source, p.stp): p for p in reversed(network.projections) if p.stp is not None}
    releasing = list(reversed(plastic.values()))
    rows += [
        Statistic(
            f"release per spike, {projection.label}",
            tuple(
                ratio_of_averages(result.release[projection.label], result.rate[projection.source])
                for result in results
            ),
        )
        for projection in releasing[:MOST_ROWS]
    ]
    notes = [
        f"{MOST_ROWS} of {len(all_of_them)} {what} are listed"
        for all_of_them, what in ((network.populations, "populations"), (releasing, "releases"))
        if len(all_of_them) > MOST_ROWS
    ]
    found: tuple[Events, ...] = ()
    unit = ""
    if events is not None:
        found = tuple(find_events(result, events) for result in results)
        unit = "Hz" if events.observable == "rate" else "mV"
        rows += _event_rows(found, unit)
    names = [population.name for population in network.populations[:MOST_ROWS]]
    rows += _fano_rows(results, names, fano_windows) + _power_rows(results, names, bands)
    compared: list[DistributionDistance] = []
    if distances:
        smooth = SMOOTH if events is None else events.smooth
        compared = _activity_distances(results, names, smooth)
        compared += _event_distances(found, unit)
    labels = _distinct([result.label for result in results])
    return Comparison(labels, tuple(rows), found, tuple(notes), tuple(compared))


def _distinct(labels: Sequence[str]) -> tuple[str, ...]:
    # Repeated ones are numbered: two seeds of one level, e.g.
    seen: Counter[str] = Counter()
    distinct = []
    for label in labels:
        seen[label] += 1
        distinct.append(label if seen[label] == 1 else f"{label}, run {seen[label]}")
    return tuple(distinct)


def _fano_rows(
    results: Sequence[Result], names: Sequence[str], windows: Sequence[float]
) -> list[Statistic]:
    if not len(windows):
        return []
    rows = []
    for name in names:
        factors = [
            fano_factor(
                result.rate[name],
                dt=result.record_dt,
                size=result.network.population(name).size,
                windows=windows,
            )
            for result in results
        ]
        rows += [
            Statistic(
                f"Fano factor of {name}, {significant(window)} ms",
                tuple(factor.at(window) for factor in factors),
            )
            for window in windows
        ]
    return rows


def _power_rows(
    results: Sequence[Result], names: Sequence[str], bands: Sequence[tuple[float, float]]
) -> list[Statistic]:
    if not len(bands):
        return []
    rows = []
    for name in names:
        spectra = [power_spectrum(result.rate[name], dt=result.record_dt) for result in results]
        rows += [
            Statistic(
                f"power of {name}, {band_name(band)} (Hz)",
                tuple(_plain(spectrum.band(*band)) for spectrum in spectra),
            )
            for band in bands
        ]
    return rows


def _activity_distances(
    results: Sequence[Result], names: Sequence[str], smooth: float
) -> list[DistributionDistance]:
    dt = results[0].record_dt
    for result in results:
        if not math.isclose(result.record_dt, dt, rel_tol=1e-9):
            raise ValueError(
                f"distances need bins of equal width: {dt} ms of {results[0].label}, got "
                f"{result.record_dt} ms of {result.label}"
            )
    rows = []
    for name in names:
        first, *others = (settled(result.rate[name], dt, smooth) for result in results)
        found = (distance_of_series(first, other, dt=dt, unit="Hz") for other in others)
        rows.append(DistributionDistance(f"activity of {name}", tuple(found)))
    return rows


def _event_distances(found: Sequence[Events], amplitude: str) -> list[DistributionDistance]:
    def row(name: str, samples: Sequence[FloatArray], unit: str) -> DistributionDistance:
        others = (distance(samples[0], other, unit=unit) for other in samples[1:])
        return DistributionDistance(name, tuple(others))

    rows = []
    states = [events for events in found if isinstance(events, UpDownStates)]
    spikes = [events for events in found if isinstance(events, PopulationSpikes)]
    if states:
        rows.append(row("Up times", [s.up_times for s in states], "ms"))
        rows.append(row("Down times", [s.down_times for s in states], "ms"))
    if found:
        what = "Up onsets" if states else "events"
        rows.append(row(f"intervals between {what}", [e.intervals for e in found], "ms"))
    if spikes:
        rows.append(row("amplitudes of events", [e.amplitudes for e in spikes], amplitude))
    return rows


def _event_rows(found: tuple[Events, ...], unit: str) -> list[Statistic]:
    def row(name: str, estimates: Iterable[Estimate]) -> Statistic:
        return Statistic(name, tuple(estimates))

    states = [events for events in found if isinstance(events, UpDownStates)]
    spikes = [events for events in found if isinstance(events, PopulationSpikes)]
    rows = []
    if states:
        rows += [
            row("fraction of time Up", (s.up_fraction for s in states)),
            row("mean Up time (s)", (_seconds(s.mean_up_time) for s in states)),
            row("mean Down time (s)", (_seconds(s.mean_down_time) for s in states)),
            row("rate of leaving Up (Hz)", (_rate(s.up_to_down) for s in states)),
            row("rate of leaving Down (Hz)", (_rate(s.down_to_up) for s in states)),
        ]
    kind = "Up onsets" if states else "events"
    rows += [
        row(f"interval between {kind} (s)", (_seconds(e.mean_interval) for e in found)),
        row("CV of the intervals", (coefficient_of_variation(e.intervals) for e in found)),
    ]
    if spikes:
        rows.append(row(f"amplitude of events ({unit})", (s.mean_amplitude for s in spikes)))
        rows.append(row("width of events (ms)", (_plain(s.mean_width) for s in spikes)))
        if all(s.released is not None for s in spikes):
            rows.append(row("released per event", (_released(s) for s in spikes)))
    if states:
        rows.append(row("number of Up onsets", (_count(len(s.onsets)) for s in states)))
        rows.append(row("states cut off by a border", (_count(len(s.censored)) for s in states)))
    else:
        rows.append(row("number of events", (_count(len(s)) for s in spikes)))
        rows.append(row("events cut off by a border", (_count(len(s.censored)) for s in spikes)))
    return rows


def _plain(estimate: Estimate) -> Estimate:
    # The name of a row has the unit.
    return attrs.evolve(estimate, unit="")


def _rate(rate: EventRate) -> Estimate:
    # Of a Poisson count; without any event there is no telling.
    se = rate.value / math.sqrt(rate.events) if rate.events else math.nan
    return Estimate(rate.value, se, rate.events)


def _released(spikes: PopulationSpikes) -> Estimate:
    assert spikes.released is not None
    return mean(spikes.released)


def _seconds(time: Estimate) -> Estimate:
    return Estimate(time.value / 1000, time.se / 1000, time.n)


def _count(number: int) -> Estimate:
    return Estimate(float(number), math.nan, number)
