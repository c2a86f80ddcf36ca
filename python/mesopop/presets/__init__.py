"""Networks of known behaviour, by name, with how to simulate them."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from mesopop.experiment import Experiment
from mesopop.network import Network
from mesopop.presets import feedforward, lif, lnp, microcircuit, ring
from mesopop.validation import did_you_mean

__all__ = ["experiment", "load", "names"]

_EXPERIMENTS: dict[str, Callable[..., Experiment]] = {
    "lif-up-down": lif.up_down,
    "lif-population-spikes": lif.population_spikes,
    "lnp-up-down": lnp.up_down,
    "lnp-population-spikes": lnp.population_spikes,
    "feedforward": feedforward.feedforward,
    "microcircuit": microcircuit.microcircuit,
    "ring": ring.ring,
}


def names() -> tuple[str, ...]:
    """The names of all presets."""
    return tuple(_EXPERIMENTS)


def load(name: str, **options: object) -> Network:
    """The network of a preset.

    Parameters
    ----------
    name : str
        One of `names()`.
    **options
        ``synapse="depressing"``, ``"facilitating"`` or ``"mixed"`` for ``"feedforward"``;
        ``synapses="static"`` or ``"plastic"`` for ``"microcircuit"``; ``bursts="noise"`` or
        ``"fatigue"`` for ``"ring"``. The other presets have none.

    Raises
    ------
    ValueError
        If the name is unknown (the error names the nearest), or the value of an option.
    TypeError
        If the preset has no such option.
    """
    return experiment(name, **options).network


def experiment(name: str, **options: object) -> Experiment:
    """The network of a preset, how to simulate it, its events, its source, and what to expect.

    The parameters are those of `load`.

    Raises
    ------
    ValueError
        If the name is unknown (the error names the nearest), or the value of an option.
    TypeError
        If the preset has no such option.
    """
    if name not in _EXPERIMENTS:
        raise ValueError(f'unknown preset "{name}"; {did_you_mean(name, _EXPERIMENTS)}')
    make = _EXPERIMENTS[name]
    known = inspect.signature(make).parameters
    for option in options:
        if option not in known:
            takes = ", ".join(known) or "none"
            raise TypeError(f'preset "{name}" has no option "{option}" (it has: {takes})')
    return make(**options)
