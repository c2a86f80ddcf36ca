"""What a summary says of a run, as labelled arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from mesopop.analysis.estimate import Estimate

RESERVED = ("point", "trial", "error")


@frozen(eq=False)
class Variable:
    """A labelled array.

    Attributes
    ----------
    dims : tuple of str
        One name for each dimension.
    values : ndarray
        Of float64, int64, bool or strings.
    attributes : dict of str
        E.g. its units.
    """

    dims: tuple[str, ...]
    values: NDArray[Any]
    attributes: dict[str, str] = field(factory=dict)

    def to_json(self) -> list[Any]:
        """Dimensions, values and attributes in what JSON knows."""
        return [list(self.dims), self.values.tolist(), self.attributes]

    @classmethod
    def from_json(cls, parts: list[Any]) -> Variable:
        """The variable that `to_json` wrote, to the bit."""
        dims, values, attributes = parts
        array = np.asarray(values)
        if array.size == 0:
            array = _empty(len(dims))
        return cls(tuple(dims), array, attributes)


def as_variables(summary: Any) -> dict[str, Variable]:
    """Variables of what a summary function returned.

    Raises
    ------
    TypeError
        If it is not a mapping of names to numbers, arrays, estimates, or tuples of dimensions,
        values and perhaps attributes.
    ValueError
        If dimensions and shape do not go together.
    """
    if not isinstance(summary, Mapping):
        raise TypeError(f"must return a mapping of names to values, got {summary!r}")
    variables: dict[str, Variable] = {}
    for name, value in summary.items():
        if not isinstance(name, str):
            raise TypeError(f"must return a mapping of names to values, got name {name!r}")
        if name in RESERVED:
            raise ValueError(f'must not call anything "{name}", which the sweep itself does')
        if isinstance(value, Estimate):
            attributes = {"units": value.unit} if value.unit else {}
            variables[name] = _variable(name, (), value.value, attributes)
            variables[f"{name}_se"] = _variable(f"{name}_se", (), value.se, attributes)
        elif isinstance(value, tuple) and len(value) in (2, 3) and _are_dims(value[0]):
            dims = (value[0],) if isinstance(value[0], str) else tuple(value[0])
            variables[name] = _variable(name, dims, value[1], dict(*value[2:]))
        else:
            variables[name] = _variable(name, None, value, {})
    _require_one_length(variables)
    return variables


def _require_one_length(variables: Mapping[str, Variable]) -> None:
    lengths: dict[str, int] = {}
    for name, variable in variables.items():
        for dim, length in zip(variable.dims, variable.values.shape, strict=True):
            if dim in RESERVED:
                raise ValueError(f'"{name}" must not have a dimension "{dim}" of the sweep itself')
            if lengths.setdefault(dim, length) != length:
                raise ValueError(
                    f'"{name}" has length {length} along "{dim}", others have {lengths[dim]}'
                )


def _are_dims(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, (tuple, list)) and all(isinstance(name, str) for name in value)


def _variable(
    name: str, dims: tuple[str, ...] | None, values: Any, attributes: dict[str, str]
) -> Variable:
    array = np.asarray(values)
    kinds = {"f": np.float64, "i": np.int64, "u": np.int64, "b": np.bool_, "U": np.str_}
    if array.dtype.kind not in kinds:
        raise TypeError(f'"{name}" must be numbers or strings, got {values!r}')
    if dims is None:
        dims = tuple(f"{name}_{axis}" for axis in range(array.ndim))
    if len(dims) != array.ndim:
        raise ValueError(
            f'"{name}": number of dimensions {dims} must match its shape {array.shape}'
        )
    array = array.astype(kinds[array.dtype.kind]) if array.size else _empty(array.ndim)
    return Variable(dims, array, {str(k): str(v) for k, v in attributes.items()})


def _empty(ndim: int) -> NDArray[Any]:
    # Lists cannot tell shapes and types of nothing apart.
    return np.empty((0,) * ndim, np.float64)


def conflict(name: str, variable: Variable, first: Variable) -> str:
    """Why a variable cannot stand in one array with that of an earlier run; empty if it can."""
    if variable.dims != first.dims:
        return f'"{name}" has dimensions {variable.dims}, in an earlier run {first.dims}'
    if (variable.values.dtype.kind == "U") != (first.values.dtype.kind == "U"):
        return f'"{name}" is of strings or of numbers, other than in an earlier run'
    if variable.dims == (name,) and not np.array_equal(variable.values, first.values):
        return f'coordinate "{name}" differs from that of an earlier run'
    return ""
