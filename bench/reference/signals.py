"""Values of drives (mV) and rates (Hz) in every step; they are constant within a step."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from .draws import Draws
from .time_grid import TOLERANCE


def signal_values(signal, n_steps: int, dt: float, population: int, draws: Draws) -> np.ndarray:
    """Values of a population's signal, or sum of signals (tuple), one per step.

    Random components are numbered without the constants, which can thus be changed or left out
    without changing the noise. With a PerNeuron among them, values have shape (n_steps, neurons).
    """
    components = signal if isinstance(signal, tuple) else (signal,)
    constants = [c for c in components if isinstance(c, (int, float))]
    per_neuron = [c.values for c in components if type(c).__name__ == "PerNeuron"]
    varying = [
        c for c in components if not isinstance(c, (int, float)) and type(c).__name__ != "PerNeuron"
    ]
    total = np.full(n_steps, float(sum(constants)))
    for number, component in enumerate(varying):
        normals = partial(draws.drive_normals, population, number, n_steps)
        total += component_values(component, n_steps, dt, normals)
    return total[:, np.newaxis] + sum(per_neuron) if per_neuron else total


def component_values(
    signal, n_steps: int, dt: float, normals: Callable[[], np.ndarray]
) -> np.ndarray:
    """Value in each step of Steps, Sampled, a Sinusoid or an OrnsteinUhlenbeck process.

    `normals` returns one standard normal per step.
    """
    step = np.arange(n_steps)
    match type(signal).__name__:
        case "Steps":  # the last change at or before t_k
            changes = np.asarray(signal.times) / dt
            last_change = np.searchsorted(changes, step + TOLERANCE, side="right") - 1
            return np.asarray(signal.values, float)[last_change]
        case "Sampled":
            sample = np.floor(step * dt / signal.interval + TOLERANCE).astype(int)
            return np.asarray(signal.values, float)[sample]
        case "Sinusoid":
            middle = (step + 0.5) * dt
            turns = signal.frequency * middle / 1000 + signal.phase
            return signal.mean + signal.amplitude * np.sin(2 * math.pi * turns)
        case "OrnsteinUhlenbeck":
            return ornstein_uhlenbeck(signal, dt, normals())
        case other:
            raise ValueError(f"no reference for {other} signals")


def ornstein_uhlenbeck(signal, dt: float, normals: np.ndarray) -> np.ndarray:
    """Stationary process, one value per normal, by its exact update."""
    decay = math.exp(-dt / signal.tau)
    kick = signal.std * math.sqrt(-math.expm1(-2 * dt / signal.tau))
    values = np.empty(len(normals))
    deviation = 0.0
    for k, normal in enumerate(normals):
        deviation = deviation * decay + kick * normal if k > 0 else signal.std * normal
        values[k] = signal.mean + deviation
    return values
