"""A network as a text table of at most 80 columns, and as an HTML table for notebooks."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from mesopop.connectivity import FixedInDegree
from mesopop.delays import DelayDistribution
from mesopop.explicit_connections import ExplicitConnections
from mesopop.neurons import SpikeTrains

if TYPE_CHECKING:
    from mesopop.network import Network, Population, Projection

WIDTH = 80
NAME_WIDTH = 24
MAX_ROWS = 8
HEAD_ROWS = 5  # then a line that says how many are left out, then the last rows

POPULATION_HEADER = ("population", "size", "drive", "neuron")
PROJECTION_HEADER = ("projection", "weight", "p", "tau_s", "delay", "short-term plasticity")


def describe(value: Any) -> str:
    """A parameter, a signal, or a model with its parameters, in short."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, SpikeTrains):
        return f"SpikeTrains({sum(train.size for train in value.times)} spikes)"
    if isinstance(value, DelayDistribution):
        return f"{value.delays[0]:g} to {value.delays[-1]:g}"
    if isinstance(value, np.ndarray):
        return f"<{value.size}>"
    if isinstance(value, tuple):
        return " + ".join(map(describe, value))
    if attrs.has(type(value)):
        parameters = (
            f"{parameter.name}={describe(getattr(value, parameter.name))}"
            for parameter in attrs.fields(type(value))
            # A choice that was left at its default goes without saying.
            if not (
                isinstance(parameter.default, str)
                and getattr(value, parameter.name) == parameter.default
            )
        )
        return f"{type(value).__name__}({', '.join(parameters)})"
    return str(value)


def _population_row(population: Population) -> tuple[str, ...]:
    drive = describe(population.drive)
    return population.name, f"{population.size}", drive, describe(population.neuron)


def _connections(projection: Projection) -> str:
    match projection.connectivity:
        case ExplicitConnections() as explicit:
            return f"{len(explicit.matrix.weights)} given"
        case FixedInDegree():
            return f"{describe(projection.probability)}, fixed in-degree"
    return describe(projection.probability)


def _projection_row(projection: Projection) -> tuple[str, ...]:
    ends = f"{projection.source}->{projection.target}"
    stp = projection.stp
    return (
        projection.label if projection.name is None else f"{projection.name}: {ends}",
        describe(projection.weight),
        _connections(projection),
        describe(projection.tau_s),
        describe(projection.delay),
        "-"
        if stp is None
        else " ".join(
            f"{parameter.name}={describe(getattr(stp, parameter.name))}"
            for parameter in attrs.fields(type(stp))
        ),
    )


def _shown(items: Sequence[Any]) -> tuple[Sequence[Any], int, Sequence[Any]]:
    # The first, how many are left out, and the last of a table's rows.
    if len(items) <= MAX_ROWS:
        return items, 0, ()
    tail = MAX_ROWS - HEAD_ROWS - 1
    return items[:HEAD_ROWS], len(items) - HEAD_ROWS - tail, items[-tail:]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def _text_table(header: tuple[str, ...], make_row: Any, items: Sequence[Any]) -> Iterable[str]:
    first, left_out, last = _shown(items)
    rows = [
        tuple(_cut(cell, NAME_WIDTH) for cell in row[:-1]) + row[-1:]
        for row in (header, *map(make_row, first), *map(make_row, last))
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    indent = sum(widths) + 2 * len(widths) + 2
    for index, (name, *middle, final) in enumerate(rows):
        cells = [cell.rjust(width) for cell, width in zip(middle, widths[1:], strict=True)]
        start = "  ".join(["  " + name.ljust(widths[0]), *cells, ""])
        if left_out:
            yield (start + _cut(final, WIDTH - indent)).rstrip()
        else:
            wrapped = textwrap.wrap(final, WIDTH - indent) or [""]
            yield (start + wrapped[0]).rstrip()
            yield from (" " * indent + line for line in wrapped[1:])
        if left_out and index == len(first):
            yield f"  ... {left_out} more"


def _title(network: Network) -> str:
    def count(number: int, thing: str) -> str:
        return f"{number} {thing}" if number == 1 else f"{number} {thing}s"

    return (
        f"Network: {count(len(network.populations), 'population')}, "
        f"{count(sum(population.size for population in network.populations), 'neuron')}, "
        f"{count(len(network.projections), 'projection')} (mV, ms, Hz)"
    )


def as_text(network: Network) -> str:
    """The network in about twenty lines at most, however large."""
    lines = [_title(network)]
    lines += _text_table(POPULATION_HEADER, _population_row, network.populations)
    if network.projections:
        lines += _text_table(PROJECTION_HEADER, _projection_row, network.projections)
    return "\n".join(lines)


def _html_table(header: tuple[str, ...], make_row: Any, items: Sequence[Any]) -> str:
    def row(cells: Iterable[str], tag: str = "td") -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

    first, left_out, last = _shown(items)
    rows = [row(make_row(item)) for item in first]
    if left_out:
        rows.append(f'<tr><td colspan="{len(header)}">... {left_out} more</td></tr>')
    rows += [row(make_row(item)) for item in last]
    return f"<table><thead>{row(header, 'th')}</thead><tbody>{''.join(rows)}</tbody></table>"


def as_html(network: Network) -> str:
    """The same tables for a notebook."""
    tables = [_html_table(POPULATION_HEADER, _population_row, network.populations)]
    if network.projections:
        tables.append(_html_table(PROJECTION_HEADER, _projection_row, network.projections))
    return f"<div><p>{html.escape(_title(network))}</p>{''.join(tables)}</div>"
