"""Parameters of a network by their path, e.g. ``projections.E->E.stp.tau_d``."""

from __future__ import annotations

from typing import Any

import attrs

from mesopop.network import Network
from mesopop.validation import did_you_mean

_NAMED = {"populations": "name", "projections": "label"}


def parameter(network: Network, path: str) -> Any:
    """The parameter of a network at a path.

    Parameters
    ----------
    network : Network
    path : str
        As for `with_parameter`.

    Raises
    ------
    ValueError
        If nothing is there; the error names the nearest.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.parameter(mp.presets.load("lif-up-down"), "projections.E->E.stp.tau_d")
    100.0
    """
    return _walk(network, path)[-1][2]


def with_parameter(network: Network, path: str, value: Any) -> Network:
    """A network that differs from `network` in one parameter.

    Parameters
    ----------
    network : Network
        Stays as it is.
    path : str
        ``populations.NAME`` or ``projections.LABEL``, then names of parameters, separated by dots:
        ``populations.E.drive``, ``populations.E.neuron.transfer.alpha``,
        ``projections.E->E.stp.tau_d``. Members of a sequence go by their number, from 0:
        ``populations.E.neuron.adaptation.0.tau``, ``populations.E.drive.1.std``.
    value : object
        What the constructor takes there: a number, or a whole neuron, signal, plasticity ...

    Raises
    ------
    ValueError
        If nothing is at that path (the error names the nearest), or the value is out of bounds.
    TypeError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> import mesopop as mp
    >>> net = mp.with_parameter(mp.presets.load("lif-up-down"), "populations.E.drive", 9.5)
    >>> net.population("E").drive
    9.5
    """
    steps = _walk(network, path)
    for depth in reversed(range(len(steps))):
        owner, key, _ = steps[depth]
        if isinstance(owner, tuple):
            value = (*owner[:key], value, *owner[key + 1 :])
            continue
        try:
            value = attrs.evolve(owner, **{key: value})
        except (ValueError, TypeError) as error:
            # The error names the field; the path says where it is.
            place = path.removesuffix(f".{key}") if depth == len(steps) - 1 else path
            raise type(error)(f"{place}: {error}") from None
    changed: Network = value
    return changed


def _walk(network: Network, path: str) -> list[tuple[Any, Any, Any]]:
    # Owner, key and member for every step from the network to the parameter.
    if not isinstance(network, Network):
        raise TypeError(f"network must be a Network, got {network!r}")
    if not isinstance(path, str):
        raise TypeError(f"path must be a string, got {path!r}")
    kind, _, rest = path.partition(".")
    if kind not in _NAMED:
        raise _unknown(path, kind, list(_NAMED))
    members = getattr(network, kind)
    names = [getattr(member, _NAMED[kind]) for member in members]
    # Names may have dots in them: the longest that fits.
    fitting = [name for name in names if f"{rest}.".startswith(f"{name}.")]
    if not fitting:
        raise _unknown(path, rest.partition(".")[0], names)
    name = max(fitting, key=len)
    index = names.index(name)
    owner = members[index]
    steps: list[tuple[Any, Any, Any]] = [(network, kind, members), (members, index, owner)]
    keys = rest.removeprefix(name).split(".")[1:]
    for key in keys:
        step: tuple[Any, Any, Any]
        if isinstance(owner, tuple):
            known = [str(i) for i in range(len(owner))]
            if key not in known:
                raise _unknown(path, key, known)
            step = owner, int(key), owner[int(key)]
        elif attrs.has(type(owner)):
            known = [field.name for field in attrs.fields(type(owner))]
            if key not in known:
                raise _unknown(path, key, known)
            step = owner, key, getattr(owner, key)
        else:
            raise ValueError(f'unknown parameter "{path}": {owner!r} has no parameter "{key}"')
        steps.append(step)
        owner = step[2]
    return steps


def _unknown(path: str, key: str, known: list[str]) -> ValueError:
    return ValueError(f'unknown parameter "{path}": "{key}"; {did_you_mean(key, known)}')
