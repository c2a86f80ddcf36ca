"""Short-term synaptic plasticity."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from attrs import field, frozen

from mesopop.arrays import FloatArray, Rebuilt, read_only, require_array, short_repr, value_key
from mesopop.validation import Validator, real_number, require_number

# One number for all neurons, or one per neuron.
Parameter = float | FloatArray


def _as_parameter(value: Any) -> Parameter:
    number = real_number(value)
    return number if isinstance(number, float) else read_only(value)


def _key(value: Any) -> Any:
    return value_key(value) if isinstance(value, np.ndarray) else value


def _repr(value: Any) -> str:
    return short_repr(value) if isinstance(value, np.ndarray) else repr(value)


def _parameter(unit: str = "", *, gt: float | None = None, le: float | None = None) -> Validator:
    # Validator: every number > gt, or >= 0 without it, and <= le.
    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        ge = 0.0 if gt is None else None
        if isinstance(value, (np.ndarray, list, tuple)):
            require_array(attribute.name, value, unit, ge=ge, gt=gt, le=le)
        else:
            require_number(attribute.name, value, unit, ge=ge, gt=gt, le=le)

    return check


def _field(validator: Validator, default: Any = attrs.NOTHING) -> Any:
    return field(default=default, converter=_as_parameter, validator=validator, eq=_key, repr=_repr)


@frozen(kw_only=True)
class TsodyksMarkram(Rebuilt):
    """Deterministic Tsodyks-Markram dynamics, one pair (u, x) per presynaptic neuron.

    du/dt = (U0 - u)/tau_f + U (1 - u-) s(t),    dx/dt = (1 - x)/tau_d - u- x- s(t)

    with left limits throughout: a spike releases u- x-, then both jump. With U0 = U this is the
    rule of Tsodyks, Uziel and Markram (2000), in which u rests at 0 and increases before release.

    Each parameter is a number, the same for all neurons of the source, or an array with one number
    per neuron, which only the microscopic level takes. Then u and x have to be averaged neuron by
    neuron wherever they are recorded.

    Parameters
    ----------
    U0 : float or array_like, shape (size of the source,)
        Release probability at rest, in (0, 1].
    U : float or array_like
        Increment of u with each spike, in [0, 1]. ``U = 0`` is pure depression with u = U0.
    tau_d : float or array_like
        Time constant of recovery from depression, ms, >= 0. ``tau_d = 0`` is pure facilitation
        with x = 1.
    tau_f : float or array_like
        Time constant of facilitation, ms, >= 0. With ``tau_f = 0``, the default, u relaxes at
        once: u = U0 at every spike, whatever `U`.

    Raises
    ------
    ValueError
        If a number is not finite or out of bounds, e.g. ``tau_d must be >= 0 ms, got -5.0 ms``, or
        arrays have different lengths.

    Examples
    --------
    >>> import mesopop as mp
    >>> depressing = mp.TsodyksMarkram(U0=0.5, U=0, tau_d=400)
    >>> facilitating = mp.TsodyksMarkram(U0=0.1, U=0.1, tau_d=0, tau_f=500)
    >>> nest = mp.TsodyksMarkram(U0=0.2, U=0.2, tau_d=200, tau_f=500)  # U = 0.2 there
    """

    U0: Parameter = _field(_parameter(gt=0, le=1))
    U: Parameter = _field(_parameter(le=1))
    tau_d: Parameter = _field(_parameter("ms"))
    tau_f: Parameter = _field(_parameter("ms"), default=0.0)

    def __attrs_post_init__(self) -> None:
        lengths = {name: len(values) for name, values in self._arrays().items()}
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise ValueError(f"parameters per neuron must have equal lengths, got {found}")

    def _arrays(self) -> dict[str, FloatArray]:
        values = {f.name: getattr(self, f.name) for f in attrs.fields(type(self))}
        return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}

    @property
    def per_neuron(self) -> str | None:
        """The first parameter that is given neuron by neuron."""
        return next(iter(self._arrays()), None)

    def check(self, size: int) -> None:
        """Check that parameters per neuron fit a source of `size` neurons.

        Raises
        ------
        ValueError
            If one of them has another length.
        """
        for name, values in self._arrays().items():
            if len(values) != size:
                raise ValueError(
                    f"{name} must have length {size}, the size of the source, got {len(values)}"
                )
