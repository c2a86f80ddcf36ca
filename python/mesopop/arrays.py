"""Read-only float64 arrays as field values: copied, checked, compared and pickled by value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesopop.validation import with_unit

FloatArray = NDArray[np.float64]


def read_only(value: ArrayLike) -> FloatArray:
    """Copy numbers to a read-only float64 array; leave anything else for the validator to refuse.

    Arrays that carry units or a mask are left alone too: copying would drop them without a word.
    """
    special = isinstance(value, np.ndarray) and type(value) not in (np.ndarray, np.memmap)
    if special or isinstance(value, str) or hasattr(value, "rescale"):
        return value  # type: ignore[return-value]
    if isinstance(value, (list, tuple)) and any(isinstance(item, bool) for item in value):
        return value  # type: ignore[return-value]
    try:
        array = np.asarray(value)
    except ValueError:  # ragged
        return value  # type: ignore[return-value]
    if array.dtype.kind not in "iuf":
        return value  # type: ignore[return-value]
    array = array.astype(np.float64)
    array += 0.0  # no negative zeros: equal values have equal bytes
    array.setflags(write=False)
    return array


def value_key(value: Any) -> tuple[tuple[int, ...], bytes]:
    """What two arrays (or numbers) are compared and hashed by."""
    array = np.asarray(value)
    return array.shape, array.tobytes()


def short_repr(value: Any) -> str:
    """At most six numbers of an array, and its length."""
    array = np.asarray(value)
    if array.size <= 6:
        return repr(array.tolist())
    first, last = array[:3].tolist(), array[-2:].tolist()
    return f"[{', '.join(map(repr, first))}, ..., {', '.join(map(repr, last))}] ({array.size})"


def require_array(
    name: str,
    value: Any,
    unit: str = "",
    *,
    gt: float | None = None,
    ge: float | None = None,
    le: float | None = None,
    infinite: bool = False,
    empty: bool = False,
) -> None:
    """Refuse what is not a one-dimensional array of numbers in bounds, naming the first offender.

    Raises
    ------
    TypeError
        If `value` is not an array made by `read_only`.
    ValueError
        If it is not one-dimensional, empty, or holds a number out of bounds, NaN or (unless
        `infinite`) an infinity.
    """
    if not isinstance(value, np.ndarray):
        numbers = f"plain numbers ({unit})" if unit else "plain numbers"
        raise TypeError(f"{name} must be a one-dimensional array of {numbers}, got {value!r}")
    if value.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {value.shape}")
    if not empty and value.size == 0:
        raise ValueError(f"{name} must not be empty")
    _refuse(name, value, unit, np.isnan(value) if infinite else ~np.isfinite(value), "finite")
    if gt is not None:
        _refuse(name, value, unit, value <= gt, f"> {gt:g} {unit}".rstrip())
    if ge is not None:
        _refuse(name, value, unit, value < ge, f">= {ge:g} {unit}".rstrip())
    if le is not None:
        _refuse(name, value, unit, value > le, f"<= {le:g} {unit}".rstrip())


def _refuse(name: str, array: FloatArray, unit: str, bad: NDArray[np.bool_], must: str) -> None:
    if bad.any():
        first = int(np.argmax(bad))
        got = with_unit(float(array[first]), unit)
        raise ValueError(f"{name}[{first}] must be {must}, got {got}")


def require_ascending(name: str, array: FloatArray, unit: str, *, strictly: bool) -> None:
    """Refuse an array that is not sorted, naming the first entry out of order."""
    gaps = np.diff(array)
    bad = gaps <= 0 if strictly else gaps < 0
    if bad.any():
        first = int(np.argmax(bad))
        sign = ">" if strictly else ">="
        bound, got = (with_unit(float(array[index]), unit) for index in (first, first + 1))
        raise ValueError(
            f"{name} must be ascending: {name}[{first + 1}] must be {sign} {bound}, got {got}"
        )


class Rebuilt:
    """Copied and unpickled by the constructor, since NumPy forgets that arrays are read-only."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        cls: type[Any] = type(self)
        values = {field.name: getattr(self, field.name) for field in attrs.fields(cls)}
        return _rebuild, (cls, values)


def _rebuild(cls: type, values: dict[str, Any]) -> Any:
    return cls(**values)
