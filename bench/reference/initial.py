"""State at t = 0: "stationary", "rest", "synchronous", or a given InitialState."""

from __future__ import annotations

import numpy as np

from .renewal import stationary_ages
from .time_grid import TOLERANCE, history_steps

NAMES = ("stationary", "rest", "synchronous")


def age_distribution(
    initial: str, neuron, drive: float, dt: float
) -> tuple[np.ndarray, np.ndarray]:
    """Probability of each age of a LIF neuron (steps since its last spike), and its potential.

    Arrays of K + 1 entries, K the history; the last one stands for all ages >= K. `drive` (mV) is
    that of the first step.
    """
    if initial == "stationary":
        return stationary_ages(neuron, drive, dt)
    K = history_steps(neuron, dt)
    age = {"rest": K, "synchronous": 0}[initial]
    return np.eye(K + 1)[age], np.full(K + 1, float(neuron.v_reset))


def given_neurons(initial, population, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Age (steps, at most the history) and potential of each LIF neuron of an InitialState."""
    K = history_steps(population.neuron, dt)
    age = np.minimum(initial.age.get(population.name, np.inf), K * dt) / dt
    if np.any(np.abs(age - np.rint(age)) > TOLERANCE):
        raise ValueError(f"ages of {population.name} must be multiples of dt = {dt} ms")
    potential = initial.potential.get(population.name, population.neuron.v_reset)
    return (
        np.broadcast_to(np.rint(age), population.size).astype(int),
        np.broadcast_to(potential, population.size).astype(float),
    )


def age_histogram(
    neuron, age: np.ndarray, potential: np.ndarray, dt: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fraction of the given neurons at each age, and their mean potential."""
    n_ages = history_steps(neuron, dt) + 1
    count = np.bincount(age, minlength=n_ages)
    total = np.bincount(age, weights=potential, minlength=n_ages)
    mean = np.where(count > 0, total / np.maximum(count, 1), neuron.v_reset)
    return count / len(age), mean


def lnp_potential(initial, population, drive: float) -> float:
    """h of the LNP neurons of a population at t = 0, the same for all."""
    if initial == "stationary":
        return float(drive)
    if isinstance(initial, str):
        return 0.0
    return float(np.mean(initial.potential.get(population.name, 0.0)))


def synaptic_variables(initial, network, source: str, stp) -> tuple[np.ndarray, np.ndarray]:
    """u and x of each neuron of the source at t = 0 (before it fires, if it does)."""
    size = next(p.size for p in network.populations if p.name == source)
    u, x = stp.U0, 1.0
    if not isinstance(initial, str):
        # Projections with the same source and plasticity have one state: any may tell it.
        labels = [p.label for p in network.projections if (p.source, p.stp) == (source, stp)]
        u = next((initial.u[label] for label in labels if label in initial.u), u)
        x = next((initial.x[label] for label in labels if label in initial.x), x)
    return np.broadcast_to(u, size).astype(float), np.broadcast_to(x, size).astype(float)
