"""The table of a sweep: points and what their trials gave, in at most 80 columns."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from mesopop.analysis.estimate import Estimate, mean
from mesopop.analysis.report import significant

if TYPE_CHECKING:
    import xarray

# What is said of them, in this order as far as there is room.
_HEADINGS = {
    "rate": ("rate of {}", "Hz"),
    "up_fraction": ("Up\nfraction", ""),
    "mean_up_time": ("Up\ntime", "ms"),
    "mean_down_time": ("Down\ntime", "ms"),
    "events": ("events", ""),
    "mean_interval": ("interval", "ms"),
    "cv_interval": ("CV of\nintervals", ""),
    "release_per_spike": ("release\n{}", ""),
}
_POPULATIONS = 3  # of each at most
_WIDTH = 80


def as_text(data: xarray.Dataset, most_rows: int | None = None) -> str:
    """Means over the trials of every point with their standard errors, and what failed.

    Parameters
    ----------
    data : xarray.Dataset
        What `sweep` returned, with the standard summary.
    most_rows : int, optional
        Of points.
    """
    from tabulate import tabulate

    points = _points(data)
    number = len(next(iter(points.values()), [""]))
    rows = range(number if most_rows is None else min(number, most_rows))
    columns = {
        _heading(path, data[path].attrs.get("units", "1")): [values[row] for row in rows]
        for path, values in points.items()
    }
    left_out = []

    def table(columns: dict[str, list[str]]) -> str:
        return str(
            tabulate(columns, headers="keys", disable_numparse=True, stralign="right")
            if columns
            else ""
        )

    for heading, cells in _statistics(data, rows).items():
        wider = {**columns, heading: cells}
        if max(map(len, table(wider).splitlines())) <= _WIDTH:
            columns = wider
        else:
            left_out.append(heading.replace("\n", " "))
    notes = []
    if len(rows) < number:
        notes.append(f"{len(rows)} of {number} points are listed.")
    if left_out:
        notes.append(f"Not listed: {', '.join(left_out)}.")
    if data.sizes["trial"] > 1:
        notes.append(f"± standard error over {data.sizes['trial']} trials")
    if failures(data):
        notes.append(f"FAILED: {failures(data)}")
    wrapped = [line for note in notes for line in textwrap.wrap(note, _WIDTH)]
    return "\n".join([table(columns), "", *wrapped])


def failures(data: xarray.Dataset) -> str:
    """How many runs failed, and why the first did; empty if none did."""
    errors = data.error.values.ravel()
    failed = errors[errors != ""]
    return f"{len(failed)} of {len(errors)} runs; the first: {failed[0]}" if len(failed) else ""


def _points(data: xarray.Dataset) -> dict[str, list[str]]:
    # Values of the swept parameters, by path, one for each point.
    dims = data.error.dims[:-1]
    if dims == ("point",):
        paths = [name for name in data.coords if data[name].dims == ("point",) and name != "point"]
        return {str(path): list(map(_cell, data[path].values)) for path in paths}
    grids = np.meshgrid(*(np.arange(data.sizes[dim]) for dim in dims), indexing="ij")
    return {
        str(dim): [_cell(data[dim].values[index]) for index in grid.ravel()]
        for dim, grid in zip(dims, grids, strict=True)
    }


def _heading(path: str, unit: str) -> str:
    # Without what all have; in lines of a few words.
    words = path.removeprefix("populations.").removeprefix("projections.")
    words = words.removeprefix("simulation.").replace(".neuron.", ".").replace(".stp.", ".")
    return words.replace(".", "\n") + ("" if unit == "1" else f"\n({unit})")


def _statistics(data: xarray.Dataset, rows: range) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, (heading, unit) in _HEADINGS.items():
        if name not in data:
            continue
        values = data[name].values.reshape(
            -1, data.sizes["trial"], *data[name].shape[_trial(data) :]
        )
        if values.ndim == 2:
            found[_with_unit(heading, unit)] = [_estimate(values[row], unit) for row in rows]
            continue
        labels = data[data[name].dims[-1]].values
        for index, label in enumerate(labels[:_POPULATIONS]):
            column = [_estimate(values[row, :, index], unit) for row in rows]
            found[_with_unit(heading.format(label), unit)] = column
    return found


def _trial(data: xarray.Dataset) -> int:
    return len(data.error.dims)


def _with_unit(heading: str, unit: str) -> str:
    shown = "s" if unit == "ms" else unit
    return f"{heading} ({shown})" if shown else heading


def _estimate(trials: Any, unit: str) -> str:
    known = trials[np.isfinite(trials)].astype(float) * (1e-3 if unit == "ms" else 1.0)
    if len(known) < 2:
        return str(Estimate(float(known[0]) if len(known) else math.nan, math.nan, len(known)))
    return str(mean(known))


def _cell(value: Any) -> str:
    return str(value) if isinstance(value, str) else significant(float(value), 6)
