"""The outcomes of all runs of a sweep as one `xarray.Dataset`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mesopop.parameter_units import unit_of
from mesopop.sweeps.log import Key
from mesopop.sweeps.points import Points
from mesopop.sweeps.run import Outcome
from mesopop.sweeps.variables import Variable, conflict

if TYPE_CHECKING:
    import xarray


def as_dataset(
    points: Points,
    trials: int,
    outcomes: Mapping[Key, Outcome],
    *,
    base: Mapping[str, Any],
    attributes: Mapping[str, Any],
) -> xarray.Dataset:
    """Join the outcomes of all runs.

    Runs of which a variable is missing have nan there (strings: nothing), as have the ends of
    arrays shorter than the longest. A run that does not fit to those before it has failed.

    Parameters
    ----------
    points : Points
    trials : int
    outcomes : mapping of (point, trial) to Outcome
        Of all runs.
    base : mapping
        The values that points leave open, by path.
    attributes : mapping
    """
    import xarray

    firsts, errors, fitting = _checked(points, trials, outcomes)
    dims = (*points.dims, "trial")
    shape = (*points.shape, trials)
    lengths = _longest(fitting)
    data: dict[str, Any] = {}
    for name, first in firsts.items():
        if first.dims == (name,):
            data[name] = (name, first.values, first.attributes)
            continue
        values = _stacked(
            name, (len(points), trials, *(lengths[dim] for dim in first.dims)), fitting
        )
        data[name] = (
            (*dims, *first.dims),
            values.reshape(*shape, *values.shape[2:]),
            first.attributes,
        )
    data["error"] = (dims, errors.reshape(shape), {"long_name": "why a run failed"})
    dataset = xarray.Dataset(
        data, coords=_coordinates(points, trials, base), attrs=dict(attributes)
    )
    return dataset.set_coords([name for name, first in firsts.items() if first.dims == (name,)])


def _checked(
    points: Points, trials: int, outcomes: Mapping[Key, Outcome]
) -> tuple[dict[str, Variable], NDArray[Any], dict[Key, Outcome]]:
    # In the order of the points, so that the verdict does not depend on who finished first.
    firsts: dict[str, Variable] = {}
    errors = np.full((len(points), trials), "", dtype=object)
    fitting = {}
    for point in range(len(points)):
        for trial in range(trials):
            outcome = outcomes[point, trial]
            error = outcome.error
            for name, variable in outcome.variables.items():
                if name in firsts:
                    error = error or conflict(name, variable, firsts[name])
            if not error:
                fitting[point, trial] = outcome
                for name, variable in outcome.variables.items():
                    firsts.setdefault(name, variable)
            errors[point, trial] = error
    return firsts, errors.astype(np.str_), fitting


def _longest(outcomes: Mapping[Key, Outcome]) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for outcome in outcomes.values():
        for variable in outcome.variables.values():
            for dim, length in zip(variable.dims, variable.values.shape, strict=True):
                lengths[dim] = max(length, lengths.get(dim, 0))
    return lengths


def _stacked(name: str, shape: tuple[int, ...], outcomes: Mapping[Key, Outcome]) -> NDArray[Any]:
    found = {
        key: outcome.variables[name].values
        for key, outcome in outcomes.items()
        if name in outcome.variables
    }
    kind = np.result_type(*{values.dtype for values in found.values()})
    whole = len(found) == shape[0] * shape[1] and all(
        values.shape == shape[2:] for values in found.values()
    )
    if not whole and kind.kind in "ib":
        kind = np.dtype(np.float64)  # for nan
    stacked = np.full(shape, "" if kind.kind == "U" else np.nan if kind.kind == "f" else 0, kind)
    for key, values in found.items():
        place: tuple[Any, ...] = (*key, *map(slice, values.shape))
        stacked[place] = values
    return stacked


def _coordinates(points: Points, trials: int, base: Mapping[str, Any]) -> dict[str, Any]:
    coordinates: dict[str, Any] = {"trial": np.arange(trials)}
    if points.listed is None:
        for path, values in points.axes.items():
            coordinates[path] = (path, *_column(path, values))
        return coordinates
    coordinates["point"] = np.arange(len(points))
    for path in points.paths():
        values = [point.get(path, base[path]) for point in points.listed]
        coordinates[path] = ("point", *_column(path, values))
    return coordinates


def _column(path: str, values: list[Any]) -> tuple[NDArray[Any], dict[str, str]]:
    # Numbers as numbers with their unit, anything else as text.
    if all(type(value) in (int, float) for value in values):
        unit = unit_of(path)
        return np.asarray(values), {"units": unit} if unit else {}
    return np.asarray(["" if value is None else str(value) for value in values]), {}
