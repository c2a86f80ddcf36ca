"""Results side by side: the same statistics of each, with standard errors."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import attrs

from mesopop.analysis.averages import ratio_of_averages, time_average
from mesopop.analysis.estimate import Estimate, coefficient_of_variation
from mesopop.analysis.events import find_events
from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.analysis.up_down import UpDownStates

if TYPE_CHECKING:
    from mesopop.experiment import EventSettings
    from mesopop.result import Result

WIDTH = 80
NAME_WIDTH = 30
MOST_ROWS = 8  # of populations, and of projections

Events = UpDownStates | PopulationSpikes


@attrs.frozen
class Statistic:
    """One row of a comparison.

    Attributes
    ----------
    name : str
        What it is, with its unit.
    estimates : tuple of Estimate
        One for each result.
    """

    name: str
    estimates: tuple[Estimate, ...]

    def z(self, index: int) -> float:
        """Difference of result `index` to the first one in standard errors of the difference.

        z = (b - a) / sqrt(se_a^2 + se_b^2), for independent results; nan without standard errors.
        """
        first, other = self.estimates[0], self.estimates[index]
        error = math.hypot(first.se, other.se)
        return (other.value - first.value) / error if error > 0 else math.nan


@attrs.frozen(eq=False, repr=False)
class Comparison:
    """Statistics of several results side by side; the others are compared with the first.

    Attributes
    ----------
    labels : tuple of str
        Of the results: "micro", or the closure.
    statistics : tuple of Statistic
        The rows.
    events : tuple of UpDownStates or PopulationSpikes
        What was found in each result; empty if not asked for.
    notes : tuple of str
        What the table leaves out.
    """

    labels: tuple[str, ...]
    statistics: tuple[Statistic, ...]
    events: tuple[Events, ...]
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Statistic:
        """The statistic of that name."""
        for statistic in self.statistics:
            if statistic.name == name:
                return statistic
        from mesopop.validation import did_you_mean

        raise KeyError(f'"{name}": {did_you_mean(name, [s.name for s in self.statistics])}')

    def __repr__(self) -> str:
        return "\n\n".join([*self._blocks(), "\n".join(self._lines())])

    def _repr_html_(self) -> str:
        from html import escape

        notes = "<br>".join(map(escape, self._lines()))
        return self._table(range(1, len(self.labels)), "html") + f"<p>{notes}</p>"

    def _blocks(self) -> list[str]:
        # Tables of the first result beside as many others as fit into the width.
        blocks: list[str] = []
        others = list(range(1, len(self.labels)))
        while others or not blocks:
            shown = others
            while len(shown) > 1 and _width(self._table(shown, "simple")) > WIDTH:
                shown = shown[:-1]
            blocks.append(self._table(shown, "simple"))
            others = others[len(shown) :]
        return blocks

    def _table(self, others: Sequence[int], layout: str) -> str:
        from tabulate import tabulate

        # Long labels in two lines.
        names = [label.replace(", ", "\n") for label in self.labels]
        header = ["", names[0]]
        for index in others:
            header += [names[index], "z"]
        rows = []
        for statistic in self.statistics:
            row = [_cut(statistic.name), str(statistic.estimates[0])]
            for index in others:
                row += [str(statistic.estimates[index]), _signed(statistic.z(index))]
            rows.append(row)
        return str(
            tabulate(
                rows,
                header,
                tablefmt=layout,
                disable_numparse=True,
                colalign=["left"] + ["right"] * (len(header) - 1),
            )
        )

    def _lines(self) -> list[str]:
        lines = list(self.notes)
        for label, events in zip(self.labels, self.events, strict=False):
            if events.reason:
                lines += textwrap.wrap(f"{label}: {events.reason}", WIDTH)
        lines.append("± standard error")
        if len(self.labels) > 1:
            lines[-1] += f"; z: difference to {self.labels[0]} in standard errors"
        return lines


def compare(*results: Result, events: EventSettings | None = None) -> Comparison:
    """Compare results of the same network: rates, release and events, with standard errors.

    Parameters
    ----------
    *results : Result
        One or several, with rate and release; cut their transients with `Result.after`.
    events : EventSettings, optional
        Which events to find, e.g. those of a preset's experiment.

    Returns
    -------
    Comparison
        Prints as a table. Standard errors of rates and release are over trials or batches
        (`analysis.time_average`), those of dwell times and intervals over events.

    Raises
    ------
    ValueError
        If there is no result, the networks differ, or a recording is too short.
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
    """
    if not results:
        raise ValueError("compare needs at least one result")
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
        for all_of_them, what in ((network.populations, "populations"), (releasing, "synapses"))
        if len(all_of_them) > MOST_ROWS
    ]
    found = () if events is None else tuple(find_events(result, events) for result in results)
    if found:
        rows += _event_rows(found)
    labels = tuple(result.label for result in results)
    return Comparison(labels, tuple(rows), found, tuple(notes))


def _event_rows(found: tuple[Events, ...]) -> list[Statistic]:
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
        ]
    kind = "Up onsets" if states else "events"
    rows += [
        row(f"interval between {kind} (s)", (_seconds(e.mean_interval) for e in found)),
        row("CV of the intervals", (coefficient_of_variation(e.intervals) for e in found)),
    ]
    if states:
        rows.append(row("number of Up onsets", (_count(len(s.onsets)) for s in states)))
        rows.append(row("states cut off by a border", (_count(len(s.censored)) for s in states)))
    else:
        rows.append(row("number of events", (_count(len(s)) for s in spikes)))
        rows.append(row("events cut off by a border", (_count(len(s.censored)) for s in spikes)))
    return rows


def _seconds(time: Estimate) -> Estimate:
    return Estimate(time.value / 1000, time.se / 1000, time.n)


def _count(number: int) -> Estimate:
    return Estimate(float(number), math.nan, number)


def _width(table: str) -> int:
    return max(map(len, table.splitlines()))


def _signed(z: float) -> str:
    return "" if math.isnan(z) else f"{z:+.1f}"


def _cut(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 3] + "..."
