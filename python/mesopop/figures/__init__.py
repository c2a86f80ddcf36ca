"""The evidence: figures, each with the numbers behind it, made by simulation when asked for."""

from __future__ import annotations

import importlib

from mesopop.figures.exhibit import Effort, Exhibit, Numbers
from mesopop.validation import did_you_mean

__all__ = ["Effort", "Exhibit", "Numbers", "make", "names"]

# By module: each has a function `exhibit(effort)`.
_MODULES = {
    "feedforward": "feedforward",
    "finite-size": "finite_size",
    "correlation": "correlation",
    "poisson-assumption": "poisson_assumption",
    "up-down": "up_down",
    "population-spikes": "population_spikes",
    "dwell-times": "dwell_times",
    "bursts": "bursts",
    "microcircuit": "microcircuit",
    "ring": "ring",
    "bifurcation": "bifurcation",
}


def names() -> tuple[str, ...]:
    """The names of all figures, in the order in which they are best read.

    Examples
    --------
    >>> import mesopop as mp
    >>> "feedforward" in mp.figures.names()
    True
    """
    return tuple(_MODULES)


def make(name: str, effort: Effort | None = None) -> Exhibit:
    """Simulate what a figure shows.

    Parameters
    ----------
    name : str
        One of `names()`.
    effort : Effort, optional
        How much to simulate, and the seed.

    Returns
    -------
    Exhibit
        Tables, and a function that draws the figure.

    Raises
    ------
    ValueError
        If the name is unknown; the error names the nearest.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.figures.make("fedforward")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: unknown figure "fedforward"; did you mean "feedforward"? ...
    """
    if name not in _MODULES:
        raise ValueError(f'unknown figure "{name}"; {did_you_mean(name, _MODULES)}')
    module = importlib.import_module(f"mesopop.figures.{_MODULES[name]}")
    exhibit: Exhibit = module.exhibit(Effort() if effort is None else effort)
    return exhibit
