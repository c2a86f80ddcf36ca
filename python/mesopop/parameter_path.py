"""One parameter of a network by its path, such as ``projections.E->E.stp.tau_d``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from mesopop.network import Network
from mesopop.validation import did_you_mean

PARTS = ("populations", "projections")


def parameter(network: Network, path: str) -> Any:
    """The value of one parameter of a network.

    Parameters
    ----------
    network : Network
    path : str
        See `with_parameter`.

    Raises
    ------
    ValueError
        If the network has no such parameter; the error names the nearest.
    TypeError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.parameter(mp.presets.load("lif-up-down"), "projections.E->E.stp.tau_d")
    100.0
    """
    owner, steps = _start(network, path)
    for step in steps:
        owner = _child(owner, step, path)
    return owner


def with_parameter(network: Network, path: str, value: Any) -> Network:
    """The network with one parameter changed.

    Parameters
    ----------
    network : Network
        Stays as it is.
    path : str
        ``populations.NAME.`` or ``projections.LABEL.``, followed by the names of parameters down to
        the one to be changed, with a number for one out of several: ``populations.E.drive``,
        ``populations.E.neuron.tau_m``, ``populations.E.neuron.transfer.alpha``,
        ``populations.E.neuron.adaptation.0.amplitude``, ``populations.E.drive.1.std``,
        ``projections.E->E.weight``, ``projections.E->E.stp.tau_d``.
    value
        What the parameter takes; checked like that of a new network.

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If the network has no such parameter (the error names the nearest), or the value is out of
        bounds.
    TypeError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> import mesopop as mp
    >>> net = mp.with_parameter(mp.presets.load("lif-up-down"), "projections.E->E.weight", 3.0)
    >>> net.projection("E->E").weight
    3.0
    """
    item, steps = _start(network, path)
    if not steps:
        raise ValueError(
            f'path "{path}" must go on to a parameter of it, e.g. "{path}.{_first(item)}"'
        )
    part = path.split(".", 1)[0]
    changed = _changed(item, steps, value, path)
    items = [changed if old is item else old for old in getattr(network, part)]
    return attrs.evolve(network, **{part: items})


def _start(network: Network, path: str) -> tuple[Any, list[str]]:
    # The population or projection that a path begins with, and what is left of the path.
    if not isinstance(network, Network):
        raise TypeError(f"network must be a Network, got {network!r}")
    if not isinstance(path, str):
        raise TypeError(f"path must be a string, got {path!r}")
    part, _, rest = path.partition(".")
    if part not in PARTS:
        raise ValueError(f'path "{path}" begins with "{part}"; {did_you_mean(part, PARTS)}')
    named = {p.name if part == "populations" else p.label: p for p in getattr(network, part)}
    # Names may hold dots: the longest that fits.
    for name in sorted(named, key=len, reverse=True):
        if rest == name or rest.startswith(f"{name}."):
            return named[name], [step for step in rest[len(name) + 1 :].split(".") if step]
    name = rest.partition(".")[0]
    raise ValueError(f'path "{path}": no {part[:-1]} "{name}"; {did_you_mean(name, named)}')


def _first(item: Any) -> str:
    return str(next(field.name for field in attrs.fields(type(item)) if field.name != "name"))


def _child(owner: Any, step: str, path: str) -> Any:
    if isinstance(owner, tuple):
        return owner[_index(owner, step, path)]
    _require_field(owner, step, path)
    return getattr(owner, step)


def _changed(owner: Any, steps: list[str], value: Any, path: str) -> Any:
    step, *rest = steps
    child = _child(owner, step, path)
    new = _changed(child, rest, value, path) if rest else value
    if isinstance(owner, tuple):
        index = _index(owner, step, path)
        return (*owner[:index], new, *owner[index + 1 :])
    return attrs.evolve(owner, **{step: new})


def _index(items: Sequence[Any], step: str, path: str) -> int:
    if not step.isdecimal() or int(step) >= len(items):
        raise ValueError(
            f'path "{path}": "{step}" must be the number of one of {len(items)} components, '
            f"from 0 to {len(items) - 1}"
        )
    return int(step)


def _require_field(owner: Any, step: str, path: str) -> None:
    if not attrs.has(type(owner)):
        kind = "None" if owner is None else type(owner).__name__
        raise ValueError(f'path "{path}": {kind} has no parameter "{step}"')
    names = [field.name for field in attrs.fields(type(owner))]
    if step not in names:
        raise ValueError(
            f'path "{path}": {type(owner).__name__} has no parameter "{step}"; '
            f"{did_you_mean(step, names)}"
        )
