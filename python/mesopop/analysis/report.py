"""Tables for people: text of 80 columns, and the same for notebooks."""

from __future__ import annotations

import html
import math
import textwrap

import attrs
import numpy as np

MOST_DECIMALS = 6  # of a number with its error
SMALLEST = 1e-6  # below which numbers have an exponent


def significant(value: float, digits: int = 3) -> str:
    """Format to so many significant digits, without an exponent unless most were zeros."""
    if math.isnan(value):
        return "–"
    if 0 < abs(value) < SMALLEST:
        return f"{value:.{digits - 1}e}"
    if abs(value) >= 10**digits:
        return f"{value:.0f}"
    return np.format_float_positional(
        value, precision=digits, unique=False, fractional=False, trim="-"
    )


def probability(p: float) -> str:
    """Format a p-value to two digits; very small ones by a bound."""
    return "<0.0001" if p < 1e-4 else significant(p, 2)


def p_value(p: float) -> str:
    """The same as a part of a sentence."""
    return "p < 0.0001" if p < 1e-4 else f"p = {significant(p, 2)}"


def with_error(value: float, se: float, unit: str = "") -> str:
    """Format a number to two digits of its standard error; long times in seconds."""
    if math.isnan(value):
        return "–"
    if unit == "ms" and abs(value) >= 1000:
        value, se, unit = value / 1000, se / 1000, "s"
    if se > 1e-6 * abs(value):
        decimals = max(1 - math.floor(math.log10(se)), 0)
        if decimals > MOST_DECIMALS and abs(value) < 0.01:
            text = f"{value:.1e} ± {se:.1e}"
        else:
            decimals = min(decimals, MOST_DECIMALS)
            text = f"{value:.{decimals}f} ± {se:.{decimals}f}"
    else:
        text = significant(value) if math.isnan(se) else f"{significant(value)} ± 0"
    return f"{text} {unit}".rstrip()


def duration(ms: float) -> str:
    """Format a time; long ones in seconds."""
    return with_error(ms, math.nan, "ms")


def counted(n: int, noun: str) -> str:
    """Format a number of things: 1 trial, 2 trials."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


@attrs.frozen(kw_only=True)
class Table:
    """A title, lines below it, rows of equally many cells (the first names the row), and notes.

    A ruled table has a line under its header, whose cells may hold several lines, and numbers at
    the right of their columns.
    """

    title: str = ""
    lines: list[str] = attrs.field(factory=list)
    header: list[str] | None = None
    rows: list[list[str]] = attrs.field(factory=list)
    notes: list[str] = attrs.field(factory=list)
    ruled: bool = False

    def text(self) -> str:
        """Lines of at most 80 columns, if the cells are short enough."""
        out = textwrap.wrap(self.title, 80)
        for line in self.lines:
            out += textwrap.wrap(line, 80, initial_indent="  ", subsequent_indent="  ")
        rows = [*self._header_rows(), *self.rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        if self.ruled:
            rows.insert(len(rows) - len(self.rows), ["-" * width for width in widths])
        indent, gap = ("", "  ") if self.ruled else ("  ", "   ")
        for name, *cells in rows:
            aligned = [
                cell.rjust(width) if self.ruled else cell.ljust(width)
                for cell, width in zip(cells, widths[1:], strict=True)
            ]
            out.append((indent + gap.join([name.ljust(widths[0]), *aligned])).rstrip())
        for note in self.notes:
            out += textwrap.wrap(note, 80, initial_indent="  ", subsequent_indent="  ")
        return "\n".join(out)

    def _header_rows(self) -> list[list[str]]:
        # Several lines stand above each other, the last one next to the rows.
        if not self.header:
            return []
        cells = [cell.split("\n") for cell in self.header]
        height = max(map(len, cells))
        padded = [[""] * (height - len(cell)) + cell for cell in cells]
        return [list(row) for row in zip(*padded, strict=True)]

    def html(self) -> str:
        """The same as an HTML table."""
        n_columns = len(self.rows[0]) if self.rows else 1
        out = ["<table>"]
        if self.title or self.lines:
            caption = "<br>".join(
                [f"<b>{html.escape(self.title)}</b>", *(html.escape(line) for line in self.lines)]
            )
            out.append(f'<caption style="text-align: left">{caption}</caption>')
        if self.header:
            cells = "".join(
                f"<th>{html.escape(cell).replace(chr(10), '<br>')}</th>" for cell in self.header
            )
            out.append(f"<thead><tr>{cells}</tr></thead>")
        align = ' style="text-align: right"' if self.ruled else ""
        out.append("<tbody>")
        for row in self.rows:
            name = f'<th style="text-align: left">{html.escape(row[0])}</th>'
            cells = "".join(f"<td{align}>{html.escape(cell)}</td>" for cell in row[1:])
            out.append(f"<tr>{name}{cells}</tr>")
        for note in self.notes:
            out.append(f'<tr><td colspan="{n_columns}">{html.escape(note)}</td></tr>')
        out += ["</tbody>", "</table>"]
        return "\n".join(out)
