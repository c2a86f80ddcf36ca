"""What simulations without noise do when they have settled: between which rates they move."""

from __future__ import annotations

import numpy as np
from attrs import field, frozen
from numpy.typing import ArrayLike

from mesopop.arrays import FloatArray
from mesopop.network import Network
from mesopop.parameter_path import with_parameter
from mesopop.single_run import simulate
from mesopop.theory.constant_drive import require_constant_drives
from mesopop.validation import require_number


@frozen(kw_only=True, eq=False)
class Envelope:
    """Lowest and highest rates by value of a parameter; equal where a fixed point is reached.

    Parameters
    ----------
    parameter : ndarray, shape (n,)
    lowest, highest : dict of population to ndarray, shape (n,)
        Hz.
    """

    parameter: FloatArray
    lowest: dict[str, FloatArray] = field(repr=False)
    highest: dict[str, FloatArray] = field(repr=False)


def envelope(
    network: Network,
    path: str,
    values: ArrayLike,
    *,
    dt: float,
    duration: float = 4000.0,
    closure: str | None = None,
) -> Envelope:
    """Simulate the infinite network for several values of a parameter, each from the start.

    Where a limit cycle is stable and reached, these are its extremes.

    Parameters
    ----------
    network : Network
        With constant drives.
    path : str
        See `with_parameter`.
    values : array_like, shape (n,)
    dt : float
        ms.
    duration : float
        Of each simulation, ms. The second half counts.
    closure : {"renewal", "second_order", "first_order"}, optional

    Returns
    -------
    Envelope

    Raises
    ------
    ValueError
        If an argument is out of bounds.

    Examples
    --------
    >>> import mesopop as mp
    >>> net = mp.presets.load("lnp-population-spikes")
    >>> found = mp.theory.envelope(net, "populations.E.drive", [-6.0, -2.0], dt=0.1)
    >>> (found.highest["E"] - found.lowest["E"] > 1).tolist()
    [False, True]
    """
    parameters = np.asarray(values, float)
    if parameters.ndim != 1 or not parameters.size:
        raise ValueError(f"values must be a one-dimensional array, got shape {parameters.shape}")
    duration = require_number("duration", duration, "ms", gt=0)
    lowest, highest = [], []
    for value in parameters:
        changed = with_parameter(network, path, float(value))
        require_constant_drives(changed)
        result = simulate(
            changed, duration, dt=dt, level="meso", closure=closure, noise="none", record=("rate",)
        ).after(duration / 2)
        lowest.append({name: rate.min() for name, rate in result.rate.items()})
        highest.append({name: rate.max() for name, rate in result.rate.items()})
    names = [population.name for population in network.populations]
    return Envelope(
        parameter=parameters,
        lowest={name: np.array([found[name] for found in lowest]) for name in names},
        highest={name: np.array([found[name] for found in highest]) for name in names},
    )
