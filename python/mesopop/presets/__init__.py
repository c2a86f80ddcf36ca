"""Networks of known behaviour, by name, with how to simulate them."""

from __future__ import annotations

from collections.abc import Callable

from mesopop.experiment import Experiment
from mesopop.network import Network
from mesopop.presets import (
    feedforward,
    lif,
    lnp,
    microcircuit,
    mongillo_working_memory,
    ring,
    tsodyks_uziel_markram,
)
from mesopop.validation import did_you_mean

__all__ = ["experiment", "load", "names", "options"]

_EXPERIMENTS: dict[str, Callable[..., Experiment]] = {
    "lif-up-down": lif.up_down,
    "lif-population-spikes": lif.population_spikes,
    "lnp-up-down": lnp.up_down,
    "lnp-population-spikes": lnp.population_spikes,
    "feedforward": feedforward.feedforward,
    "microcircuit": microcircuit.microcircuit,
    "ring": ring.ring,
    "tsodyks-uziel-markram": tsodyks_uziel_markram.population_bursts,
    "mongillo-working-memory": mongillo_working_memory.working_memory,
}
_OPTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "feedforward": {"synapse": tuple(feedforward.SYNAPSES)},
    "microcircuit": {"synapses": ("static", "plastic")},
    "ring": {"bursts": tuple(ring.DRIVE)},
    "tsodyks-uziel-markram": {"seed": ("1", "N")},
    "mongillo-working-memory": {
        "background": tuple(mongillo_working_memory.BACKGROUND),
        "scale": ("1", "X"),
    },
}


def names() -> tuple[str, ...]:
    """The names of all presets.

    Examples
    --------
    >>> import mesopop as mp
    >>> "lif-up-down" in mp.presets.names()
    True
    """
    return tuple(_EXPERIMENTS)


def options(name: str) -> dict[str, tuple[str, ...]]:
    """The options of a preset with the values they take, the default first.

    A capital N stands for any integer, X for any number, within the bounds that the preset states.

    Raises
    ------
    ValueError
        If the name is unknown; the error names the nearest.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.presets.options("microcircuit")
    {'synapses': ('static', 'plastic')}
    """
    _require_known(name)
    return _OPTIONS.get(name, {})


def load(name: str, **options: object) -> Network:
    """The network of a preset.

    Parameters
    ----------
    name : str
        One of `names()`.
    **options
        Those of `options(name)`, e.g. ``synapse="mixed"`` for ``"feedforward"``.

    Raises
    ------
    ValueError
        If the name is unknown (the error names the nearest), or the value of an option.
    TypeError
        If the preset has no such option.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.presets.load("feedforward", synapse="mixed").projections[0].label
    'pre->post'
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

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.presets.experiment("lif-up-down").events.high
    25.0
    """
    _require_known(name)
    known = _OPTIONS.get(name, {})
    for option in options:
        if option not in known:
            if not known:
                raise TypeError(f'preset "{name}" takes no options, got "{option}"')
            hint = did_you_mean(option, known)
            raise TypeError(f'preset "{name}" has no option "{option}"; {hint}')
    return _EXPERIMENTS[name](**options)


def _require_known(name: str) -> None:
    if name not in _EXPERIMENTS:
        raise ValueError(f'unknown preset "{name}"; {did_you_mean(name, _EXPERIMENTS)}')
