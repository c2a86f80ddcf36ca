"""One run of a sweep: one trial of one point, as a function that any executor can be handed."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from attrs import field, frozen

from mesopop.network import Network
from mesopop.recording import check_record
from mesopop.result import Result
from mesopop.simulation import Simulation
from mesopop.single_run import simulate
from mesopop.sweeps.points import Point, apply
from mesopop.sweeps.variables import Variable, as_variables
from mesopop.validation import require_number, steps

Summary = Callable[[Result], Mapping[str, Any]]


@frozen
class Request:
    """What is done at every point.

    Parameters
    ----------
    settings : dict
        Arguments of `simulate`, and the transient (ms).
    record : tuple of str
    summary : callable
        From the result of a run to its summary.
    n_threads : int
    """

    settings: dict[str, Any]
    record: tuple[str, ...]
    summary: Summary
    n_threads: int


@frozen
class Outcome:
    """What a run gave.

    Attributes
    ----------
    variables : dict of Variable
        Its summary; empty if it failed.
    error : str
        Why it failed; empty if it did not.
    died : bool
        Whether its worker died, which says little about the run.
    """

    variables: dict[str, Variable] = field(factory=dict)
    error: str = ""
    died: bool = False


def run_trial(
    network: Network, seed: np.random.SeedSequence, point: Point, request: Request
) -> Outcome:
    """Simulate one trial of a point and sum it up. Its errors are part of the outcome."""
    try:
        network, settings = apply(network, request.settings, point)
        transient = settings.pop("transient")
        result = simulate(
            network,
            settings.pop("duration"),
            seed=seed,
            record=request.record,
            n_threads=request.n_threads,
            **settings,
        )
        if not result.complete:
            raise KeyboardInterrupt
        if transient:
            result = result.after(transient)
    except Exception as error:
        return Outcome(error=_text(error))
    try:
        return Outcome(as_variables(request.summary(result)))
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return Outcome(error=f"summary: {_text(error)} ({last.filename}, line {last.lineno})")


def check(network: Network, point: Point, request: Request) -> None:
    """Set up a point without simulating it.

    Raises
    ------
    ValueError, TypeError
        If it cannot be simulated.
    """
    network, settings = apply(network, request.settings, point)
    duration, dt = settings.pop("duration"), settings["dt"]
    transient = require_number("transient", settings.pop("transient"), "ms", ge=0)
    require_number("transient", transient, "ms", lt=require_number("duration", duration, "ms"))
    steps("duration", duration, dt)
    record_dt = settings.pop("record_dt")
    Simulation(network, n_threads=request.n_threads, seed=0, **settings)
    check_record(request.record, settings["level"], network)
    if record_dt is not None:
        steps("record_dt", record_dt, dt)


def ready(request: Request) -> None:
    """Do nothing, in a worker: it could be started and understands the request."""


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
