"""Networks of mesopop in NEST, at the mesoscopic level: ``gif_pop_psc_exp`` with static synapses.

NEST lives in an environment of its own, ``python -m venv E; E/bin/pip install nest-simulator``,
and runs in a process of its own that is kept waiting between measurements.

| mesopop | NEST | |
|---|---|---|
| size | N | |
| drive | I_e = drive C_m / tau_m | pA; constant |
| v_th, delta_u | V_T_star, Delta_V | mV |
| rate_at_threshold | lambda_0 | 1/s |
| weight p | weight = weight p C_m / tau_s | pA |
| tau_s | tau_syn_ex, tau_syn_in | by the sign of the weight, one each per target |
| 5 tau_m + t_ref | len_kernel | steps; what is shorter is silently wrong |
| no adaptation | tau_sfa = [1], q_sfa = [0] | by default there is some |

Three things differ. NEST spreads what arrives over the step before the time at which it arrives
here, half a step earlier on average. It takes 1 - exp(-H) as H up to H = 0.01. And neurons older than
the history count as fully relaxed, while here they keep the mean potential of those that join them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from mesopop import LIF, Network
from mesopop.compiled import compile_network

CAPACITANCE = 250.0  # pF; drops out
WORKER = Path(__file__).with_name("nest_worker.py")


def add_argument(parser: argparse.ArgumentParser) -> None:
    """The option that says where NEST is."""
    parser.add_argument(
        "--nest",
        metavar="PYTHON",
        help="Python interpreter of an environment with NEST; without it only mesopop is timed",
    )


def nest_description(network: Network, *, dt: float) -> dict[str, Any]:
    """What NEST must build: nodes with their parameters, and connections.

    Raises
    ------
    ValueError
        If ``gif_pop_psc_exp`` cannot simulate the network.
    """
    compiled = compile_network(network, dt=dt).description
    for population in network.populations:
        if type(population.neuron) is not LIF:
            raise ValueError(f'population "{population.name}": gif_pop_psc_exp needs LIF neurons')
        if not isinstance(population.drive, float):
            raise ValueError(f'population "{population.name}": the drive must be constant')
    nodes = [
        _node(population, spec["neuron"]["history_steps"], _tau_syn(network, population.name))
        for population, spec in zip(network.populations, compiled["populations"], strict=True)
    ]
    connections = []
    for projection, spec in zip(network.projections, compiled["projections"], strict=True):
        if projection.stp is not None:
            raise ValueError(f'projection "{projection.label}": synapses must be static')
        if spec["delay_steps"] < 1:
            raise ValueError(
                f'projection "{projection.label}": delay must be >= dt = {dt!r} ms, '
                f"got {projection.delay!r} ms"
            )
        connections.append(
            {
                "source": spec["source"],
                "target": spec["target"],
                "weight": spec["weight"] * CAPACITANCE / projection.tau_s,
                "delay": spec["delay_steps"] * dt,
            }
        )
    return {"dt": dt, "nodes": nodes, "connections": connections}


def _node(population: Any, history_steps: int, tau_syn: dict[str, float]) -> dict[str, Any]:
    neuron = population.neuron
    return {
        "N": population.size,
        "C_m": CAPACITANCE,
        "tau_m": neuron.tau_m,
        "t_ref": neuron.t_ref,
        "V_reset": neuron.v_reset,
        "V_T_star": neuron.v_th,
        "Delta_V": neuron.delta_u,
        "lambda_0": neuron.rate_at_threshold,
        "E_L": 0.0,
        "I_e": population.drive * CAPACITANCE / neuron.tau_m,
        "len_kernel": history_steps,
        "tau_sfa": [1.0],
        "q_sfa": [0.0],
        **tau_syn,
    }


def _tau_syn(network: Network, target: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for projection in network.projections:
        if projection.target != target:
            continue
        name = "tau_syn_ex" if projection.weight > 0 else "tau_syn_in"
        if projection.tau_s == 0 or found.setdefault(name, projection.tau_s) != projection.tau_s:
            raise ValueError(
                f'projection "{projection.label}": tau_s must be > 0 ms and the same for all '
                f"synapses of one sign onto a population, got {projection.tau_s!r} ms"
            )
    return found


class Nest:
    """A network in NEST, on one thread, to be run piece by piece."""

    def __init__(self, python: str, network: Network, *, dt: float, seed: int) -> None:
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
        description = {**nest_description(network, dt=dt), "seed": seed}
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
