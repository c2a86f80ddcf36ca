"""The points of a sweep: which parameters have which values, and the random numbers of each."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from mesopop.network import Network
from mesopop.parameter_path import parameter, with_parameter
from mesopop.validation import did_you_mean, real_number, whole_number

SIMULATION = (
    "level",
    "method",
    "closure",
    "noise",
    "bin_tolerance",
    "initial",
    "history",
    "dt",
    "duration",
    "record_dt",
    "transient",
)
PREFIX = "simulation."

Point = dict[str, Any]


class Points:
    """The points of a sweep in order, made when asked for.

    Parameters
    ----------
    axes : mapping of str to list
        Paths and their values.
    listed : list of dict, optional
        The points one by one; `axes` is then empty.
    """

    def __init__(self, axes: Mapping[str, list[Any]], listed: list[Point] | None = None) -> None:
        self.axes = dict(axes)
        self.listed = listed
        if listed is None:
            self.dims: tuple[str, ...] = tuple(axes)
            self.shape: tuple[int, ...] = tuple(map(len, axes.values()))
        else:
            self.dims, self.shape = ("point",), (len(listed),)

    def __len__(self) -> int:
        return math.prod(self.shape)

    def __getitem__(self, index: int) -> Point:
        if self.listed is not None:
            return self.listed[index]
        where = np.unravel_index(index, self.shape) if self.shape else ()
        pairs = zip(self.axes.items(), where, strict=True)
        return {path: values[i] for (path, values), i in pairs}

    def paths(self) -> list[str]:
        """All paths that occur, each once."""
        if self.listed is None:
            return list(self.axes)
        return list(dict.fromkeys(path for point in self.listed for path in point))

    def specification(self) -> Any:
        """What tells these points from others, ready for JSON."""
        if self.listed is None:
            return {"grid": canonical(self.axes)}
        return {"points": canonical(self.listed)}


def as_points(
    parameters: Mapping[str, Iterable[Any]] | Sequence[Mapping[str, Any]], network: Network
) -> Points:
    """A grid of a mapping, a list of points of a sequence; every path checked.

    Raises
    ------
    ValueError
        If a path leads nowhere, there are no points, or the same occurs twice.
    TypeError
        If it is neither.
    """
    if isinstance(parameters, Mapping):
        axes = {path: _values(path, values) for path, values in parameters.items()}
        for path, values in axes.items():
            _require_different(path, values)
        points = Points(axes)
    elif isinstance(parameters, Sequence) and not isinstance(parameters, str):
        for index, point in enumerate(parameters):
            if not isinstance(point, Mapping):
                raise TypeError(f"parameters[{index}] must map paths to values, got {point!r}")
        listed = [{path: _plain(v) for path, v in point.items()} for point in parameters]
        if not listed:
            raise ValueError("parameters must hold at least one point")
        _require_different("parameters", listed)
        points = Points({}, listed)
    else:
        raise TypeError(
            "parameters must map paths to sequences of values (a grid), or be a sequence of points "
            f"that map paths to values, got {parameters!r}"
        )
    for path in points.paths():
        if not isinstance(path, str):
            raise TypeError(f"parameters must go by their paths, got {path!r}")
        _require_path(network, path)
    return points


def apply(network: Network, settings: Mapping[str, Any], point: Point) -> tuple[Network, Point]:
    """Network and settings of one point.

    Raises
    ------
    ValueError, TypeError
        If a value does not fit.
    """
    changed = dict(settings)
    for path, value in point.items():
        if path.startswith(PREFIX):
            changed[path.removeprefix(PREFIX)] = value
        else:
            network = with_parameter(network, path, value)
    return network, changed


def base_value(network: Network, settings: Mapping[str, Any], path: str) -> Any:
    """The value of a parameter at points that leave it open."""
    if path.startswith(PREFIX):
        return settings[path.removeprefix(PREFIX)]
    return parameter(network, path)


def seed_of(base: np.random.SeedSequence, point: Point, trial: int) -> np.random.SeedSequence:
    """The random numbers of one trial of a point.

    They depend on the seed of the sweep, the values of the point and the number of the trial, and
    on nothing else: not on which other points and trials there are.
    """
    text = json.dumps(canonical(point), sort_keys=True)
    words = np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], "<u4")
    return np.random.SeedSequence(
        base.entropy, spawn_key=(*base.spawn_key, *map(int, words), trial)
    )


def canonical(value: Any) -> Any:
    """A value in what JSON knows, equal for equal values: 10 and 10.0 are the same number."""
    value = _plain(value)
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, float)):
        return float(value) + 0.0  # no negative zero
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [canonical(item) for item in value]
    if attrs.has(type(value)):
        fields = {f.name: canonical(getattr(value, f.name)) for f in attrs.fields(type(value))}
        return {"type": type(value).__name__, **fields}
    raise TypeError(f"cannot tell {type(value).__name__} objects apart: {value!r}")


def _plain(value: Any) -> Any:
    # NumPy's numbers and strings as Python's; TOML and JSON know no others.
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, str):
        return str(value)
    whole = whole_number(value)
    return whole if type(whole) is int else real_number(value)


def _values(path: str, values: Iterable[Any]) -> list[Any]:
    if isinstance(values, (str, Mapping)) or not isinstance(values, Iterable):
        raise TypeError(f'"{path}" must have a sequence of values, got {values!r}')
    found = [_plain(value) for value in values]
    if not found:
        raise ValueError(f'"{path}" must have at least one value')
    return found


def _require_different(name: str, values: list[Any]) -> None:
    seen: set[str] = set()
    for value in values:
        key = json.dumps(canonical(value), sort_keys=True)
        if key in seen:
            # It would repeat the same random numbers.
            raise ValueError(f'"{name}": values must differ, got {value!r} twice')
        seen.add(key)


def _require_path(network: Network, path: str) -> None:
    if path.startswith(PREFIX):
        name = path.removeprefix(PREFIX)
        if name not in SIMULATION:
            raise ValueError(
                f'unknown parameter "{path}": "{name}"; {did_you_mean(name, SIMULATION)}'
            )
        return
    try:
        parameter(network, path)
    except ValueError as error:
        if path.startswith(("populations.", "projections.")):
            raise
        raise ValueError(f"{error}, simulation") from None
