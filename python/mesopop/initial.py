"""A given initial state, the same for every level."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from attrs import field, frozen
from numpy.typing import ArrayLike

from mesopop.arrays import FloatArray, Rebuilt, read_only, require_array, value_key
from mesopop.neurons import LIF, LNP
from mesopop.validation import Validator, real_number, require_number

if TYPE_CHECKING:
    from mesopop.network import Network
    from mesopop.plasticity import TsodyksMarkram

Values = Mapping[str, float | FloatArray]


def _as_values(given: Mapping[str, ArrayLike]) -> Values:
    # Numbers stay numbers: they hold for every neuron of whatever network.
    if not isinstance(given, Mapping):
        return given
    plain = {}
    for name, value in given.items():
        number = real_number(value)  # type: ignore[arg-type]
        plain[name] = number if isinstance(number, float) else read_only(value)
    return MappingProxyType(plain)


def _values_key(values: Values) -> tuple[Any, ...]:
    return tuple(sorted((name, value_key(value)) for name, value in values.items()))


def _plain_repr(values: Values) -> str:
    return repr(dict(values))


def _each(
    unit: str = "", *, ge: float | None = None, le: float | None = None, inf: bool = False
) -> Validator:
    # Validator of one mapping: every number in it finite (or inf) and in bounds.
    def check(instance: Any, attribute: attrs.Attribute[Any], values: Any) -> None:
        if not isinstance(values, Mapping):
            raise TypeError(f"{attribute.name} must map names to values, got {values!r}")
        for key, value in values.items():
            if not isinstance(key, str):
                raise TypeError(f"{attribute.name} must map names to values, got key {key!r}")
            name = f'{attribute.name}["{key}"]'
            if isinstance(value, np.ndarray):
                require_array(name, value, unit, ge=ge, le=le, infinite=inf)
            elif not (inf and value == np.inf):
                require_number(name, value, unit, ge=ge, le=le)

    return check


@frozen(kw_only=True)
class InitialState(Rebuilt):
    """The state in which a simulation starts, at t = 0.

    Every mapping takes a number, for all neurons alike, or an array with one number per neuron.
    What is left out starts at rest: V = v_reset (h = 0 for LNP neurons), never fired, u = U0,
    x = 1.

    Parameters
    ----------
    potential : mapping of population to float or array_like, shape (size,)
        V of LIF neurons, mV, v_reset for those within t_ref of their last spike; or h of LNP
        neurons, mV, the same for all of them.
    age : mapping of population to float or array_like, shape (size,)
        Time since the last spike of LIF neurons, ms, >= 0, a multiple of the time step;
        ``inf`` means never.
    u, x : mapping of projection label to float or array_like, shape (size of the source,)
        State of the plastic synapses, in [0, 1]. Projections of one population with equal
        plasticity share it: give it for any one of them.

    Raises
    ------
    ValueError
        If a number is out of bounds or not finite, or an array not one-dimensional.
    TypeError
        If an argument is not a mapping from names to numbers or arrays.

    Examples
    --------
    The synapses start half empty, and all neurons at 5 mV:

    >>> import mesopop as mp
    >>> initial = mp.InitialState(potential={"E": 5.0}, x={"E->E": 0.5})
    >>> network = mp.presets.load("lif-up-down")
    >>> result = mp.simulate(network, 100, dt=0.5, initial=initial, seed=1, record=["rate", "x"])
    >>> print(result.x["E->E"][0].round(4))
    0.5025
    """

    potential: Values = field(
        factory=dict, converter=_as_values, validator=_each("mV"), eq=_values_key, repr=_plain_repr
    )
    age: Values = field(
        factory=dict,
        converter=_as_values,
        validator=_each("ms", ge=0, inf=True),
        eq=_values_key,
        repr=_plain_repr,
    )
    u: Values = field(
        factory=dict,
        converter=_as_values,
        validator=_each(ge=0, le=1),
        eq=_values_key,
        repr=_plain_repr,
    )
    x: Values = field(
        factory=dict,
        converter=_as_values,
        validator=_each(ge=0, le=1),
        eq=_values_key,
        repr=_plain_repr,
    )

    def check(self, network: Network) -> None:
        """Check that the state is one of `network`.

        Raises
        ------
        ValueError
            If a name is unknown, an array has the wrong length, a population or projection has no
            such state, or projections that share their state are given different ones.
        """
        for name, value in self.potential.items():
            population = network.population(name)
            if not isinstance(population.neuron, (LIF, LNP)):
                kind = type(population.neuron).__name__
                raise ValueError(f'potential["{name}"]: {kind} neurons have no potential')
            _check_length(f'potential["{name}"]', value, population.size, name)
        for name, value in self.age.items():
            population = network.population(name)
            if not isinstance(population.neuron, LIF):
                kind = type(population.neuron).__name__
                raise ValueError(f'age["{name}"]: {kind} neurons forget their last spike')
            _check_length(f'age["{name}"]', value, population.size, name)
        _check_synapses("u", self.u, network)
        _check_synapses("x", self.x, network)

    def __reduce__(self) -> Any:
        # A mapping proxy cannot be pickled.
        rebuild, (cls, values) = super().__reduce__()
        return rebuild, (cls, {name: dict(value) for name, value in values.items()})


def _check_length(name: str, value: float | FloatArray, size: int, population: str) -> None:
    if isinstance(value, np.ndarray) and len(value) != size:
        raise ValueError(
            f'{name} must have length {size}, the size of population "{population}", '
            f"got {len(value)}"
        )


def _check_synapses(variable: str, values: Values, network: Network) -> None:
    given: dict[tuple[str, TsodyksMarkram], str] = {}
    for label, value in values.items():
        name = f'{variable}["{label}"]'
        projection = network.projection(label)
        if projection.stp is None:
            raise ValueError(f"{name}: the projection has no short-term plasticity")
        source = projection.source
        _check_length(name, value, network.population(source).size, source)
        other = given.setdefault((source, projection.stp), label)
        if value_key(values[other]) != value_key(value):
            raise ValueError(
                f'{name} must equal {variable}["{other}"]: the two projections have the same '
                "source and plasticity, hence one state"
            )
