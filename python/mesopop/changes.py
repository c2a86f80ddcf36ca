"""Which parameters may change while a simulation runs, and a record of those that did."""

from __future__ import annotations

from typing import Any

import attrs
from attrs import frozen

from mesopop.network import Network
from mesopop.signals import OrnsteinUhlenbeck, PerNeuron, components

# What the state of a network does not depend on. Everything else is refused by name.
_POPULATION = ("drive",)
_NEURON = ("rate",)  # of Poisson neurons
_PROJECTION = ("weight", "probability")


@frozen
class Change:
    """One parameter that changed while the simulation ran.

    Attributes
    ----------
    time : float
        Biological time from which on it has its new value, ms.
    parameter : str
        E.g. ``E.drive`` or ``E->I.weight``.
    before, after : str
        The two values, as Python writes them.

    Examples
    --------
    Results list those of `Simulation.change`:

    >>> import mesopop as mp
    >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
    >>> before = simulation.run(1000)
    >>> simulation.change(mp.with_parameter(simulation.network, "populations.E.drive", 2.0))
    >>> (change,) = simulation.run(1000).changes
    >>> change
    Change(time=1000.0, parameter='E.drive', before='-3.5', after='2.0')
    """

    time: float
    parameter: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.time:g} ms: {self.parameter} {self.before} -> {self.after}"


def changes_between(old: Network, new: Network, time: float, level: str) -> tuple[Change, ...]:
    """What differs between two networks, if one may become the other while it runs.

    Raises
    ------
    ValueError
        If something differs that the state depends on, or at the microscopic level the connections;
        the error names it and its values.
    """
    if not isinstance(new, Network):
        raise TypeError(f"network must be a Network, got {new!r}")
    _require_same_names("populations", old.populations, new.populations, "name")
    _require_same_names("projections", old.projections, new.projections, "label")
    changes: list[Change] = []

    def compare(where: str, kind: str, a: Any, b: Any, allowed: tuple[str, ...]) -> None:
        for attribute in attrs.fields(type(a)):
            name = attribute.name
            before, after = getattr(a, name), getattr(b, name)
            key = attribute.eq_key or (lambda value: value)  # arrays have one
            if name == "neuron" and type(before) is type(after):
                compare(where, kind, before, after, _NEURON)
            elif key(before) != key(after):
                if name == "probability" and level == "micro":
                    raise ValueError(
                        f'{kind} "{where}": probability cannot change at level="micro", where the '
                        f"connections were drawn with it, it is {before!r}, got {after!r}"
                    )
                if name not in allowed or _carried(before) != _carried(after):
                    raise ValueError(_refusal(f'{kind} "{where}"', name, before, after))
                changes.append(Change(time, f"{where}.{name}", repr(before), repr(after)))

    for a, b in zip(old.populations, new.populations, strict=True):
        compare(a.name, "population", a, b, _POPULATION)
    for p, q in zip(old.projections, new.projections, strict=True):
        compare(p.label, "projection", p, q, _PROJECTION)
    return tuple(changes)


def _require_same_names(what: str, old: Any, new: Any, name: str) -> None:
    before, after = ([getattr(item, name) for item in items] for items in (old, new))
    if before != after:
        raise ValueError(
            f"{what} cannot be added, removed or reordered while the network runs: "
            f"they are {', '.join(before)}, got {', '.join(after)}"
        )


def _carried(value: Any) -> tuple[list[int], bool]:
    # Ornstein-Uhlenbeck components carry a state, known by their place among the signals. With a
    # drive PerNeuron, so does the input of every neuron.
    found = components(value)
    signals = [part for part in found if not isinstance(part, (float, PerNeuron))]
    return (
        [i for i, signal in enumerate(signals) if isinstance(signal, OrnsteinUhlenbeck)],
        any(isinstance(part, PerNeuron) for part in found),
    )


def _refusal(where: str, name: str, before: Any, after: Any) -> str:
    if name in (*_POPULATION, *_NEURON):
        return (
            f"{where}: {name} must keep its OrnsteinUhlenbeck components in their places, and be PerNeuron "
            f"or not as before, while the network runs, it is {before!r}, got {after!r}"
        )
    return (
        f"{where}: {name} cannot change while the network runs (only drives, rates of Poisson "
        f"neurons, weights and probabilities can), it is {before!r}, got {after!r}"
    )
