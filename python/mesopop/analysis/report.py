"""Tables for people: text of 80 columns, and the same for notebooks."""

from __future__ import annotations

import html
import math
import textwrap

import attrs
import numpy as np


def significant(value: float, digits: int = 3) -> str:
    """Format to so many significant digits, without an exponent."""
    if math.isnan(value):
        return "–"
    if abs(value) >= 10**digits:
        return f"{value:.0f}"
    return np.format_float_positional(
        value, precision=digits, unique=False, fractional=False, trim="-"
    )


def with_error(value: float, se: float, unit: str = "") -> str:
    """Format a number to two digits of its standard error; long times in seconds."""
    if math.isnan(value):
        return "–"
    if unit == "ms" and abs(value) >= 1000:
        value, se, unit = value / 1000, se / 1000, "s"
    if se > 1e-6 * abs(value):
        decimals = min(max(1 - math.floor(math.log10(se)), 0), 6)
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
    """A title, lines below it, rows of equally many cells (the first names the row), and notes."""

    title: str
    lines: list[str]
    header: list[str] | None
    rows: list[list[str]]
    notes: list[str]

    def text(self) -> str:
        """Lines of at most 80 columns."""
        rows = ([self.header] if self.header else []) + self.rows
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        out = textwrap.wrap(self.title, 80)
        for line in self.lines:
            out += textwrap.wrap(line, 80, initial_indent="  ", subsequent_indent="  ")
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            out.append(("  " + "   ".join(cells)).rstrip())
        for note in self.notes:
            out += textwrap.wrap(note, 80, initial_indent="  ", subsequent_indent="  ")
        return "\n".join(out)

    def html(self) -> str:
        """The same as an HTML table."""
        n_columns = len(self.rows[0]) if self.rows else 1
        out = ["<table>"]
        caption = "<br>".join(
            [f"<b>{html.escape(self.title)}</b>", *(html.escape(line) for line in self.lines)]
        )
        out.append(f'<caption style="text-align: left">{caption}</caption>')
        if self.header:
            cells = "".join(f"<th>{html.escape(cell)}</th>" for cell in self.header)
            out.append(f"<thead><tr>{cells}</tr></thead>")
        out.append("<tbody>")
        for row in self.rows:
            name = f'<th style="text-align: left">{html.escape(row[0])}</th>'
            cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
            out.append(f"<tr>{name}{cells}</tr>")
        for note in self.notes:
            out.append(f'<tr><td colspan="{n_columns}">{html.escape(note)}</td></tr>')
        out += ["</tbody>", "</table>"]
        return "\n".join(out)
