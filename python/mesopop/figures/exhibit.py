"""What a figure is made of: numbers in tables, and how to draw them."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import attrs

from mesopop.analysis.estimate import Estimate
from mesopop.analysis.report import Table, significant, with_error
from mesopop.validation import integer, number, require_integer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

T = TypeVar("T")
Cell = str | int | float | Estimate
WIDTH = 80
PERCENT = "%"


def _threads(instance: object, attribute: attrs.Attribute[int | None], value: int | None) -> None:
    if value is not None:
        require_integer("n_threads", value, ge=1)


@attrs.frozen(kw_only=True)
class Effort:
    """How much to simulate.

    Attributes
    ----------
    long : bool
        Publication quality instead of minutes.
    seed : int
        Of all random numbers, >= 0.
    n_threads : int, optional
        Default: all processors.
    amount : float
        Part of the trials to simulate, > 0: less than 1 for a quick look.

    Examples
    --------
    >>> from mesopop.figures import Effort
    >>> Effort(amount=0.1).choose(100, 1000), Effort(long=True).choose(100, 1000)
    (10, 1000)
    >>> Effort(seed=-1)
    Traceback (most recent call last):
    ...
    ValueError: seed must be >= 0, got -1
    """

    long: bool = False
    seed: int = attrs.field(default=1, validator=integer(ge=0))
    n_threads: int | None = attrs.field(default=None, validator=_threads)
    amount: float = attrs.field(default=1.0, validator=number(gt=0))

    def choose(self, short: T, long: T, *, least: int = 1) -> T:
        """One of two sizes. Integers are numbers of trials: times `amount`, but at least `least`.

        Anything else, say a grid of points, is left as it is.
        """
        size = long if self.long else short
        if isinstance(size, int):
            return type(size)(max(least, round(self.amount * size)))
        return size


@attrs.frozen(kw_only=True)
class Numbers:
    """A table of what a figure shows.

    Attributes
    ----------
    title : str
    header : tuple of str
        Of all columns, with units; the first names the rows.
    rows : list of tuples
        Text, numbers or estimates in the units of the header, as many as there are columns.
    """

    title: str
    header: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = attrs.field()

    @rows.validator
    def _check_rows(self, _: object, rows: list[tuple[Cell, ...]]) -> None:
        for row in rows:
            if len(row) != len(self.header):
                raise ValueError(f"rows must have {len(self.header)} cells, got {len(row)}: {row}")

    def text(self) -> str:
        """For people."""
        cells = [[_shown(cell) for cell in row] for row in self.rows]
        table = Table(header=list(self.header), rows=cells, ruled=True)
        return "\n".join([*textwrap.wrap(self.title, WIDTH), "", table.text()])

    def csv(self) -> str:
        """For programs: an estimate takes two columns, value and standard error."""
        estimated = [
            any(isinstance(row[column], Estimate) for row in self.rows)
            for column in range(len(self.header))
        ]
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        names = [heading.replace("\n", " ") for heading in self.header]
        writer.writerow(_doubled(names, estimated, lambda name: (name, f"{name}, standard error")))
        for row in self.rows:
            writer.writerow(_doubled(row, estimated, _value_and_error))
        return out.getvalue()


@attrs.frozen(kw_only=True)
class Exhibit:
    """A figure with the numbers behind it.

    Attributes
    ----------
    title : str
    caption : str
        What is shown, with all parameters that the reader needs.
    tables : tuple of Numbers
    draw : callable
        Draws into an empty matplotlib Figure of size `size`.
    size : tuple of float
        Width and height (inches).
    reading : str
        What the numbers say, and where a closure fails; paragraphs are divided by empty lines.
    """

    title: str
    caption: str
    tables: tuple[Numbers, ...]
    draw: Callable[[Figure], None]
    size: tuple[float, float] = (7.2, 4.8)
    reading: str = ""

    def text(self) -> str:
        """Title, caption, tables and reading, in 80 columns if the cells are short enough."""
        reading = self.reading.split("\n\n") if self.reading else []
        blocks = [
            _wrapped(self.title),
            _wrapped(self.caption),
            *(table.text() for table in self.tables),
            *(_wrapped(paragraph) for paragraph in reading),
        ]
        return "\n\n".join(blocks)


def _wrapped(paragraph: str) -> str:
    return "\n".join(textwrap.wrap(paragraph, WIDTH))


def _shown(cell: Cell) -> str:
    # Units are in the header.
    if isinstance(cell, Estimate):
        if cell.unit == PERCENT and cell.se < 1e-3:
            return f"{cell.value:.4f} ± {cell.se:.4f}"  # more decimals say nothing
        return with_error(cell.value, cell.se)
    return significant(cell) if isinstance(cell, float) else str(cell)


def _value_and_error(cell: Cell) -> tuple[object, object]:
    return (cell.value, cell.se) if isinstance(cell, Estimate) else (cell, "")


def _doubled(
    cells: object, estimated: list[bool], pair: Callable[..., tuple[object, object]]
) -> list[object]:
    out: list[object] = []
    for cell, two in zip(cells, estimated, strict=True):  # type: ignore[call-overload]
        out += pair(cell) if two else (cell,)
    return out
