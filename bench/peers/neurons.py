"""One population of plastic synapses, neuron by neuron, in NEST and Brian2.

Each lives in an environment of its own and runs in a process of its own, on one thread:

    python -m venv N; N/bin/pip install nest-simulator
    python -m venv B; B/bin/pip install brian2 "numpy<2.4" setuptools

| mesopop | NEST: gif_psc_exp, tsodyks2_synapse | Brian2, compiled to C++ |
|---|---|---|
| drive | I_e = drive C_m / tau_m | in the equation of V |
| v_th, delta_u, rate_at_threshold | V_T_star, Delta_V, lambda_0 | threshold drawn in each step |
| weight | weight C_m / tau_s | jump weight / tau_s of I |
| U0 = U | U, and u at the start | u and x per neuron |
| tau_d, tau_f | tau_rec, tau_fac | |
| probability | pairwise_bernoulli | connect(p=...) |

NEST keeps u and x for every synapse. It is timed while it records nothing, Brian2 while it counts spikes and
sums releases, mesopop while it records rates. All neurons of both start at rest, those of mesopop in the
stationary state of the uncoupled neuron.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from attrs import frozen

from mesopop import Network

HERE = Path(__file__).parent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say where the other simulators are."""
    for name in ("NEST", "Brian2"):
        parser.add_argument(
            f"--{name.lower()}",
            metavar="PYTHON",
            help=f"Python interpreter of an environment with {name}; without it, it is left out",
        )


def description(network: Network, *, dt: float, seed: int) -> dict[str, Any]:
    """The network of one population and one projection onto itself, as the workers read it."""
    (population,), (projection,) = network.populations, network.projections
    stp = attrs.asdict(projection.stp)
    if stp["U0"] != stp["U"]:
        raise ValueError(f"NEST and Brian2 need U0 = U, got {stp['U0']} and {stp['U']}")
    return {
        "size": population.size,
        "drive": population.drive,
        "neuron": attrs.asdict(population.neuron),
        "probability": projection.probability,
        "weight": projection.weight,
        "tau_s": projection.tau_s,
        "delay": projection.delay,
        "stp": stp,
        "dt": dt,
        "seed": seed,
    }


class NestNeurons:
    """The network in NEST, to be run piece by piece."""

    def __init__(self, python: str, network: Network, *, dt: float, seed: int) -> None:
        self._errors = tempfile.TemporaryFile("w+")
        # Isolated: the folder of the worker has modules whose names NEST imports from elsewhere.
        self._process = subprocess.Popen(
            [python, "-I", str(HERE / "nest_neurons_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        built = self._ask("build", description=description(network, dt=dt, seed=seed))
        self.version: str = built["version"]
        self.build_seconds: float = built["cpu_seconds"]

    def close(self) -> None:
        """End the process."""
        self._process.communicate()
        self._errors.close()

    def simulate(self, duration: float) -> float:
        """Simulate the next `duration` ms without recording; returns its CPU seconds."""
        return self._ask("simulate", duration=duration)["cpu_seconds"]

    def measure(self, duration: float, pieces: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean rate and release, Hz, of `pieces` times `duration` ms."""
        found = self._ask("measure", duration=duration, pieces=pieces)
        return np.array(found["rates"]), np.array(found["releases"])

    def memory(self) -> float:
        """Largest resident set so far, MB."""
        return self._ask("memory")["megabytes"]

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


@frozen
class BrianRun:
    """What a compiled program of Brian2 gave.

    Parameters
    ----------
    version : str
    compile_seconds, build_seconds, run_seconds : float
        Elapsed: of the C++ compiler, until the first step, and of the steps.
    megabytes : float
        Largest resident set of it or its compiler.
    rates, releases : ndarray, shape (pieces,)
        Hz.
    """

    version: str
    compile_seconds: float
    build_seconds: float
    run_seconds: float
    megabytes: float
    rates: np.ndarray
    releases: np.ndarray


def run_brian(
    python: str,
    network: Network,
    *,
    dt: float,
    seed: int,
    transient: float,
    duration: float,
    pieces: int,
) -> BrianRun:
    """Run the network in Brian2 for a transient and `pieces` times `duration`, in ms."""
    request = {
        **description(network, dt=dt, seed=seed),
        "transient": transient,
        "duration": duration,
        "pieces": pieces,
    }
    done = subprocess.run(
        [python, "-I", str(HERE / "brian_worker.py")],
        input=json.dumps(request),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"Brian2 ended:\n{done.stderr}")
    answer = json.loads(done.stdout)
    return BrianRun(**{name: np.array(v) if name in ("rates", "releases") else v
                       for name, v in answer.items()})  # fmt: skip
