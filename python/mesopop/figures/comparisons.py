"""Tables of comparisons, a row for each level: they stay narrow with four of them."""

from __future__ import annotations

from collections.abc import Mapping

from mesopop.analysis.estimate import Estimate
from mesopop.analysis.report import significant
from mesopop.comparison_table import Comparison
from mesopop.figures.exhibit import Cell, Numbers


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


def _cell(estimate: Estimate) -> Cell:
    # Counts have no error.
    exact = estimate.value == estimate.n
    return significant(estimate.value, 6) if exact else estimate
