"""What a comparison of results holds, and how it is shown."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from mesopop.analysis.distances import Distance
from mesopop.analysis.estimate import Estimate
from mesopop.analysis.population_spikes import PopulationSpikes
from mesopop.analysis.report import Table, probability, significant
from mesopop.analysis.up_down import UpDownStates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 80
NAME_WIDTH = 30

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

    def ratio(self, index: int) -> Estimate:
        """Result `index` divided by the first one, for independent results (delta method)."""
        first, other = self.estimates[0], self.estimates[index]
        if not first.value or math.isnan(first.value):
            return Estimate(math.nan, math.nan, other.n)
        ratio = other.value / first.value
        error = math.hypot(other.se, ratio * first.se) / abs(first.value)
        return Estimate(ratio, error, other.n)


@attrs.frozen
class DistributionDistance:
    """How far the distribution of a quantity is from that of the first result.

    Attributes
    ----------
    name : str
        What is distributed.
    distances : tuple of Distance
        Of every result but the first.
    """

    name: str
    distances: tuple[Distance, ...]


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
    distances : tuple of DistributionDistance
        Distances between distributions; empty if not asked for.
    """

    labels: tuple[str, ...]
    statistics: tuple[Statistic, ...]
    events: tuple[Events, ...]
    notes: tuple[str, ...] = ()
    distances: tuple[DistributionDistance, ...] = ()

    def __getitem__(self, name: str) -> Statistic:
        """The statistic of that name."""
        for statistic in self.statistics:
            if statistic.name == name:
                return statistic
        from mesopop.validation import did_you_mean

        raise KeyError(f'"{name}": {did_you_mean(name, [s.name for s in self.statistics])}')

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw all statistics relative to the first result (`plot.comparison`)."""
        from mesopop.plot import comparison

        return comparison(self, ax=ax)

    def to_records(self) -> list[dict[str, Any]]:
        """One flat record for every statistic of every result, e.g. for a data frame.

        Returns
        -------
        list of dict
            Keys `statistic`, `result`, `value`, `se`, `n`, `z` (to the first result; nan for itself
            and without standard errors).
        """
        return [
            {
                "statistic": statistic.name,
                "result": label,
                "value": estimate.value,
                "se": estimate.se,
                "n": estimate.n,
                "z": statistic.z(index) if index else math.nan,
            }
            for statistic in self.statistics
            for index, (label, estimate) in enumerate(
                zip(self.labels, statistic.estimates, strict=True)
            )
        ]

    def to_dict(self) -> dict[str, Any]:
        """Everything that the tables show, in plain dictionaries and lists.

        Returns
        -------
        dict
            `labels`, `statistics` (the records), `distances` (records with keys `quantity`,
            `result`, `ks`, `p`, `wasserstein`, `unit`) and `notes`.
        """
        return {
            "labels": list(self.labels),
            "statistics": self.to_records(),
            "distances": [
                {
                    "quantity": row.name,
                    "result": label,
                    "ks": distance.ks,
                    "p": distance.p,
                    "wasserstein": distance.wasserstein,
                    "unit": distance.unit,
                }
                for row in self.distances
                for label, distance in zip(self.labels[1:], row.distances, strict=True)
            ],
            "notes": self._lines(),
        }

    def __repr__(self) -> str:
        blocks = self._blocks(self._statistics)
        if self.distances:
            blocks += self._blocks(self._distances)
        return "\n\n".join([*blocks, "\n".join(self._lines())])

    def _repr_html_(self) -> str:
        from html import escape

        others = range(1, len(self.labels))
        tables = [self._statistics(others)]
        if self.distances:
            tables.append(self._distances(others))
        notes = "<br>".join(map(escape, self._lines()))
        return "".join(table.html() for table in tables) + f"<p>{notes}</p>"

    def _blocks(self, table_of: Callable[[Sequence[int]], Table]) -> list[str]:
        # Tables of as many results as fit into the width.
        blocks: list[str] = []
        others = list(range(1, len(self.labels)))
        while others or not blocks:
            shown = others
            while len(shown) > 1 and _width(table_of(shown).text()) > WIDTH:
                shown = shown[:-1]
            blocks.append(table_of(shown).text())
            others = others[len(shown) :]
        return blocks

    def _names(self) -> list[str]:
        # Long labels in two lines.
        return [label.replace(", ", "\n") for label in self.labels]

    def _statistics(self, others: Sequence[int]) -> Table:
        names = self._names()
        header = ["", names[0]]
        for index in others:
            header += [names[index], "z"]
        rows = []
        for statistic in self.statistics:
            row = [_cut(statistic.name), str(statistic.estimates[0])]
            for index in others:
                row += [str(statistic.estimates[index]), _signed(statistic.z(index))]
            rows.append(row)
        return Table(header=header, rows=rows, ruled=True)

    def _distances(self, others: Sequence[int]) -> Table:
        names = self._names()
        header = [f"distance to {self.labels[0]}"]
        for index in others:
            header += [f"{names[index]}\nKS", "p", "Wasserstein"]
        rows = []
        for row in self.distances:
            cells = [_cut(row.name)]
            for index in others:
                distance = row.distances[index - 1]
                moved = significant(distance.wasserstein)
                if distance.unit and not math.isnan(distance.wasserstein):
                    moved += f" {distance.unit}"
                cells += [significant(distance.ks, 2), probability(distance.p), moved]
            rows.append(cells)
        return Table(header=header, rows=rows, ruled=True)

    def _lines(self) -> list[str]:
        lines = list(self.notes)
        for label, events in zip(self.labels, self.events, strict=False):
            if events.reason:
                lines += textwrap.wrap(f"{label}: {events.reason}", WIDTH)
        lines.append("± standard error")
        if len(self.labels) > 1:
            lines[-1] += f"; z: difference to {self.labels[0]} in standard errors"
        return lines


def _width(table: str) -> int:
    return max(map(len, table.splitlines()))


def _signed(z: float) -> str:
    return "" if math.isnan(z) else f"{z:+.1f}"


def _cut(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else name[: NAME_WIDTH - 3] + "..."
