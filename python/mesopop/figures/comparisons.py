"""Tables of comparisons, a row for each level: they stay narrow with four of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mesopop.analysis.estimate import Estimate
from mesopop.analysis.report import significant
from mesopop.comparison_table import Comparison, Statistic
from mesopop.figures.exhibit import Cell, Numbers


def joined(single: Sequence[Comparison]) -> Comparison:
    """One comparison of several results, from one of each: they need not be kept together."""
    rows = zip(*(comparison.statistics for comparison in single), strict=True)
    return Comparison(
        labels=tuple(comparison.labels[0] for comparison in single),
        statistics=tuple(
            Statistic(row[0].name, tuple(statistic.estimates[0] for statistic in row))
            for row in rows
        ),
        events=tuple(comparison.events[0] for comparison in single),
    )


def by_level(title: str, comparison: Comparison, columns: Mapping[str, str]) -> Numbers:
    """Statistics of each level.

    Parameters
    ----------
    title : str
    comparison : Comparison
    columns : mapping
        Names of statistics to headings.
    """
    rows: list[tuple[Cell, ...]] = []
    for index, label in enumerate(comparison.labels):
        cells = (_cell(comparison[name].estimates[index]) for name in columns)
        rows.append((label.removeprefix("meso "), *cells))
    return Numbers(title=title, header=("level", *columns.values()), rows=rows)


def z_scores(title: str, comparison: Comparison, columns: Mapping[str, str]) -> Numbers:
    """How many standard errors each level is away from the first one; arguments as `by_level`."""
    rows: list[tuple[Cell, ...]] = []
    for index, label in enumerate(comparison.labels):
        if index:
            cells = (f"{comparison[name].z(index):+.1f}" for name in columns)
            rows.append((label.removeprefix("meso "), *cells))
    return Numbers(title=title, header=("level", *columns.values()), rows=rows)


def tables_of(
    name: str,
    comparison: Comparison,
    first: Mapping[str, str],
    second: Mapping[str, str],
    tested: Mapping[str, str],
    *,
    what: str,
) -> tuple[Numbers, ...]:
    """Two tables by level, the second of `what`, and one of the differences to micro."""
    return (
        by_level(f"{name} neurons", comparison, first),
        by_level(f"{name} neurons: {what}", comparison, second),
        z_scores(
            f"{name} neurons: difference to micro in standard errors of the difference",
            comparison,
            tested,
        ),
    )


def _cell(estimate: Estimate) -> Cell:
    # Counts have no error.
    exact = estimate.value == estimate.n
    return significant(estimate.value, 6) if exact else estimate
