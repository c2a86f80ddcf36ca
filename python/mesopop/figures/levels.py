"""Simulations of a network at one level after the other, and numbers of one relative to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mesopop.analysis.estimate import Estimate
from mesopop.comparison_table import Statistic
from mesopop.figures.exhibit import PERCENT, Effort
from mesopop.long_run import run_long
from mesopop.network import Network
from mesopop.reducers import Reducer
from mesopop.result import Result
from mesopop.simulation import Simulation

MICRO = "micro"


def prepared(
    network: Network,
    label: str,
    *,
    effort: Effort,
    dt: float,
    trials: int,
    key: Sequence[int] = (),
    **options: Any,
) -> Simulation:
    """A simulation neuron by neuron ("micro"), or with the closure of that name.

    Parameters
    ----------
    network : Network
    label : str
        "micro" or a closure.
    effort : Effort
        Whose seed and threads are used.
    dt : float
        ms.
    trials : int
    key : sequence of int
        Tells apart the simulations of one figure at the same level. Every one has random numbers
        of its own: standard errors of differences take them as independent.
    **options
        Of `Simulation`.
    """
    closure = None if label == MICRO else label
    return Simulation(
        network,
        dt=dt,
        level=MICRO if closure is None else "meso",
        closure=closure,
        trials=trials,
        seed=np.random.SeedSequence(effort.seed, spawn_key=(*label.encode(), *key)),
        n_threads=effort.n_threads,
        **options,
    )


def simulated(
    simulation: Simulation,
    duration: float,
    *,
    record: Sequence[Any] = ("rate", "release"),
    record_dt: float = 1.0,
) -> Result:
    """What `Simulation.run` records in `duration` ms.

    Raises
    ------
    KeyboardInterrupt
        If it was interrupted (Ctrl-C): no figure is made of half a simulation.
    """
    result = simulation.run(duration, record=record, record_dt=record_dt)
    if not result.complete:
        raise KeyboardInterrupt
    return result


def reduced(
    simulation: Simulation,
    duration: float,
    reducers: Mapping[str, Reducer],
    *,
    record_dt: float = 1.0,
) -> None:
    """Simulate `duration` ms, of which only the reducers keep anything.

    Raises
    ------
    KeyboardInterrupt
        If it was interrupted (Ctrl-C).
    """
    if not run_long(simulation, duration, reduce=reducers, record_dt=record_dt).complete:
        raise KeyboardInterrupt


def deviation(value: Estimate, reference: Estimate | float) -> Estimate:
    """How much larger a number is than an independent one, in percent of that."""
    exact = reference if isinstance(reference, Estimate) else Estimate(reference, 0.0, 0)
    ratio = Statistic("", (exact, value)).ratio(1)
    return Estimate(100 * (ratio.value - 1), 100 * ratio.se, ratio.n, PERCENT)
