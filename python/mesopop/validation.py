"""Checks of arguments whose errors name the argument, its value with unit, and the bound."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

import attrs

_MANY, _FEW = 15, 8  # names: fewer than so many are listed in full

Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]


def real_number(value: float) -> float:
    """Convert a real number to a plain float; leave anything else for the validator to refuse."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    return value


def whole_number(value: int) -> int:
    """Convert an integer to a plain int; leave anything else for the validator to refuse."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    return value


def with_unit(value: object, unit: str = "") -> str:
    """Write a value as in an error message, e.g. ``-5.0 ms``."""
    return f"{value!r} {unit}" if unit else repr(value)


def require_number(
    name: str,
    value: float,
    unit: str = "",
    *,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
) -> float:
    """Return `value` as a plain float if it is a finite number within the bounds.

    Parameters
    ----------
    name : str
        The argument, as the error should call it.
    value : float
        Any real number except bool; NumPy scalars included.
    unit : str
        ``"ms"``, ``"mV"``, ``"Hz"`` or nothing.
    gt, ge, lt, le : float, optional
        The value must be >, >=, <, <= these.

    Raises
    ------
    TypeError
        If `value` is not a number.
    ValueError
        If it is not finite or out of bounds, e.g. ``tau_d must be >= 0 ms, got -5.0 ms``.
    """
    number = real_number(value)
    if type(number) is not float:
        kind = f"a number ({unit})" if unit else "a number"
        raise TypeError(f"{name} must be {kind}, got {value!r}")
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {with_unit(number, unit)}")
    _require_bounds(name, number, unit, gt, ge, lt, le)
    return number


def require_integer(name: str, value: int, *, ge: int | None = None) -> int:
    """Return `value` as a plain int if it is an integer (not a bool) and >= `ge`.

    Raises
    ------
    TypeError
        If `value` is not an integer.
    ValueError
        If it is below the bound.
    """
    number = whole_number(value)
    if type(number) is not int:
        raise TypeError(f"{name} must be an integer, got {value!r}")
    _require_bounds(name, number, "", None, ge, None, None)
    return number


def _require_bounds(
    name: str,
    value: float,
    unit: str,
    gt: float | None,
    ge: float | None,
    lt: float | None,
    le: float | None,
) -> None:
    if gt is not None and not value > gt:
        sign, bound = ">", gt
    elif ge is not None and not value >= ge:
        sign, bound = ">=", ge
    elif lt is not None and not value < lt:
        sign, bound = "<", lt
    elif le is not None and not value <= le:
        sign, bound = "<=", le
    else:
        return
    limit = f"{bound:g} {unit}" if unit else f"{bound:g}"
    raise ValueError(f"{name} must be {sign} {limit}, got {with_unit(value, unit)}")


def number(
    unit: str = "",
    *,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
) -> Validator:
    """Validator of a finite number within bounds; to be used with the converter `real_number`."""

    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        require_number(attribute.name, value, unit, gt=gt, ge=ge, lt=lt, le=le)

    return check


def integer(*, ge: int | None = None) -> Validator:
    """Validator of an integer >= `ge`; to be used with the converter `whole_number`."""

    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        require_integer(attribute.name, value, ge=ge)

    return check


def text(*, empty: bool = False) -> Validator:
    """Validator of a string, empty only if said so."""

    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not isinstance(value, str):
            raise TypeError(f"{attribute.name} must be a string, got {value!r}")
        if not value and not empty:
            raise ValueError(f"{attribute.name} must not be empty")

    return check


def instance_of(*classes: type) -> Validator:
    """Validator of an instance of one of the classes, which the error lists by name."""

    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not isinstance(value, classes):
            names = " or ".join(cls.__name__ for cls in classes)
            raise TypeError(f"{attribute.name} must be a {names}, got {value!r}")

    return check


def one_of(*options: str) -> Validator:
    """Validator of one word out of a few."""

    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if value not in options:
            words = " or ".join(f'"{option}"' for option in options)
            raise ValueError(f"{attribute.name} must be {words}, got {value!r}")

    return check


def steps(name: str, value_ms: float, dt: float, step: str = "dt") -> int:
    """Convert a time to a number of time steps.

    Parameters
    ----------
    name : str
        The argument, as the error should call it.
    value_ms : float
        A time >= 0, ms.
    dt : float
        The time step, ms.
    step : str
        What the error should call it.

    Returns
    -------
    int
        ``value_ms / dt``. Nothing is ever truncated: a time must lie within 1e-6 of a step of a
        multiple of `dt`.

    Raises
    ------
    ValueError
        Otherwise; the error names the value, `dt` and the nearest multiples.
    """
    value = require_number(name, value_ms, "ms", ge=0)
    dt = require_number(step, dt, "ms", gt=0)
    exact = value / dt
    nearest = round(exact)
    # Beyond 1e9 steps the rounding of the two numbers themselves exceeds 1e-6 of a step.
    if abs(exact - nearest) > max(1e-6, exact * 2.0**-51):
        below, above = math.floor(exact) * dt, math.ceil(exact) * dt
        raise ValueError(
            f"{name} must be a multiple of {step} = {dt!r} ms, got {value!r} ms; "
            f"the nearest are {below:.12g} ms and {above:.12g} ms"
        )
    return nearest


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of an error about an unknown name: one that is like it, if any is, and the known."""
    names = list(known)
    if not names:
        return "there are none"
    # Compared without regard to case, since "e" for "E" is the likeliest slip.
    folded = {candidate.casefold(): candidate for candidate in reversed(names)}
    alike = difflib.get_close_matches(str(name).casefold(), folded, n=1)
    listed = ", ".join(names if len(names) < _MANY else [*names[:_FEW], "..."])
    return f'did you mean "{folded[alike[0]]}"? Known: {listed}' if alike else f"known: {listed}"
