"""Simulate a network in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mesopop.initial import InitialState
from mesopop.network import Network
from mesopop.neuron_recording import Neurons
from mesopop.recording import DEFAULT_RECORD, DEFAULT_RECORD_LIMIT
from mesopop.result import Result
from mesopop.simulation import Simulation


def simulate(
    network: Network,
    duration: float,
    *,
    dt: float,
    level: str = "micro",
    method: str | Mapping[str, str] | None = None,
    closure: str | None = None,
    noise: str | None = None,
    bin_tolerance: float | None = None,
    cohort_tolerance: float | None = None,
    initial: str | InitialState = "stationary",
    history: float | None = None,
    seed: int | np.random.SeedSequence | None = None,
    trials: int = 1,
    n_threads: int | None = None,
    record: Sequence[str | Neurons] = DEFAULT_RECORD,
    record_dt: float | None = None,
    record_limit: float = DEFAULT_RECORD_LIMIT,
    progress: bool = False,
) -> Result:
    """Simulate `network` for `duration` ms from t = 0.

    Parameters
    ----------
    network : Network
        What to simulate.
    duration : float
        ms.
    dt, level, method, closure, noise, bin_tolerance, cohort_tolerance, initial, history, seed, \
trials, n_threads
        See `Simulation`.
    record, record_dt, record_limit, progress
        See `Simulation.run`.

    Returns
    -------
    Result

    Raises
    ------
    ValueError, FloatingPointError, MemoryError
        See `Simulation` and `Simulation.run`.

    Examples
    --------
    >>> import mesopop as mp
    >>> net = mp.presets.load("lnp-up-down")
    >>> result = mp.simulate(net, 2000, dt=0.1, level="meso", seed=1)
    >>> result.rate["E"].shape
    (20000,)
    """
    simulation = Simulation(
        network,
        dt=dt,
        level=level,
        method=method,
        closure=closure,
        noise=noise,
        bin_tolerance=bin_tolerance,
        cohort_tolerance=cohort_tolerance,
        initial=initial,
        history=history,
        seed=seed,
        trials=trials,
        n_threads=n_threads,
    )
    return simulation.run(
        duration,
        record=record,
        record_dt=record_dt,
        record_limit=record_limit,
        progress=progress,
    )
