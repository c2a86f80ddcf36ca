"""Networks of mesopop in NEST: ``gif_pop_psc_exp`` with static synapses, or ``gif_psc_exp``.

NEST lives in an environment of its own, ``python -m venv E; E/bin/pip install nest-simulator``,
and runs in a process of its own that is kept waiting between measurements. `to_nest_parameters`
translates; the history of a population (len_kernel) is set to that of mesopop, 5 tau_m + t_ref,
since a shorter one would be silently wrong.

Three things differ between the population models. NEST spreads what arrives over the step before
the time at which it arrives here, half a step earlier on average. It takes 1 - exp(-H) as H up to
H = 0.01. And neurons older than the history count as fully relaxed, while here they keep the mean
potential of those that join them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from mesopop import Network, to_nest_parameters
from mesopop.compiled import compile_network

WORKER = Path(__file__).with_name("nest_worker.py")


def add_argument(parser: argparse.ArgumentParser) -> None:
    """The option that says where NEST is."""
    parser.add_argument(
        "--nest",
        metavar="PYTHON",
        help="Python interpreter of an environment with NEST; without it only mesopop is timed",
    )


def nest_description(
    network: Network, *, dt: float, model: str = "gif_pop_psc_exp"
) -> dict[str, Any]:
    """What NEST must build: nodes with their parameters, and connections.

    Raises
    ------
    ValueError
        If the model cannot simulate the network.
    """
    compiled = compile_network(network, dt=dt).description
    words = to_nest_parameters(network, model=model)
    if model == "gif_pop_psc_exp":
        for node, spec in zip(words["nodes"].values(), compiled["populations"], strict=True):
            node["params"]["len_kernel"] = spec["neuron"]["history_steps"]
    return {"dt": dt, **words}


class Nest:
    """A network in NEST, on one thread, to be run piece by piece."""

    def __init__(
        self,
        python: str,
        network: Network,
        *,
        dt: float,
        seed: int,
        model: str = "gif_pop_psc_exp",
    ) -> None:
        self._names = [p.name for p in network.populations]
        self._errors = tempfile.TemporaryFile("w+")
        # Isolated: the folder of the worker has modules whose names NEST imports from elsewhere.
        self._process = subprocess.Popen(
            [python, "-I", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        description = {**nest_description(network, dt=dt, model=model), "seed": seed}
        self.version: str = self._ask("build", description=description)["version"]

    def __enter__(self) -> Nest:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        self._errors.close()

    def simulate(self, duration: float) -> float:
        """Simulate the next `duration` ms without recording; returns its CPU seconds."""
        return self._ask("simulate", duration=duration)["cpu_seconds"]

    def memory(self) -> float:
        """Largest resident set so far, MB."""
        return self._ask("memory")["megabytes"]

    def rates(self, duration: float, pieces: int) -> dict[str, np.ndarray]:
        """Simulate `pieces` times `duration` ms; mean rates of each in Hz, shape (pieces,)."""
        rates = self._ask("rates", duration=duration, pieces=pieces)["rates"]
        return {name: np.array(r) for name, r in zip(self._names, rates, strict=True)}

    def defaults(self, model: str) -> dict[str, Any]:
        """NEST's defaults of a model, as far as they are numbers or arrays of numbers."""
        return self._ask("defaults", model=model)["defaults"]

    def _ask(self, request: str, **arguments: Any) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps({"request": request, **arguments}) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self._errors.seek(0)
            raise RuntimeError(f"NEST ended:\n{self._errors.read()}")
        return json.loads(answer)
