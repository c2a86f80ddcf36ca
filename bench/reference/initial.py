"""State at t = 0: "stationary", "rest", "synchronous", or a given InitialState."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .renewal import stationary_ages, stationary_rate, stationary_traces
from .time_grid import TOLERANCE, history_steps

NAMES = ("stationary", "rest", "synchronous")


@dataclass
class AgeGroup:
    """Neurons of a population that fired in the same step and have the same potential."""

    age: int  # steps since the last spike, at most the history
    birth: int  # step since which the potential has been forgetting where it started
    count: float
    potential: float  # mV
    fired: bool = True  # False: never, and the age is the history
    members: np.ndarray | None = None  # their numbers, where these are known


def age_groups(
    initial,
    population,
    drive: float,
    dt: float,
    draw: Callable[[np.ndarray], np.ndarray] | None,
    memory: str,
) -> list[AgeGroup]:
    """LIF or GIF neurons by age, the oldest first; before those that never fired.

    Of equal age, those of higher potential come first. `drive` (mV) is that of the first step;
    `draw` turns probabilities of the ages into numbers of neurons (None: expected numbers);
    `memory` is that of `stationary_ages`.
    """
    neuron, size = population.neuron, population.size
    K, v_reset = history_steps(neuron, dt), float(neuron.v_reset)
    if not isinstance(initial, str):
        age, potential = given_neurons(initial, population, dt)
        # Without adaptation there is no difference between a forgotten spike and none.
        fired = (age < np.inf) | (not getattr(neuron, "adaptation", ()))
        keys = np.stack([np.minimum(age, K), fired, potential])
        found, group = np.unique(keys, axis=1, return_inverse=True)
        groups = []
        for i, (steps, spiked, V) in enumerate(found.T):
            members = np.flatnonzero(group.ravel() == i)
            groups.append(AgeGroup(int(steps), -1, len(members), V, bool(spiked), members))
        return groups[::-1]
    match initial:
        case "rest":
            return [AgeGroup(K, -1, size, v_reset, fired=False)]
        case "synchronous":
            return [AgeGroup(0, -1, size, v_reset)]
    probability, potential = stationary_ages(neuron, drive, dt, memory)
    counts = draw(probability) if draw else size * probability
    ages = range(K, -1, -1)
    return [AgeGroup(a, -1 - a, counts[a], potential[a]) for a in ages if counts[a] > 0]


def neuron_ages(
    initial, population, drive: float | np.ndarray, dt: float, uniforms: Callable[[], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Age (steps; inf: never fired) and potential of each neuron; `drive` may differ."""
    neuron, size = population.neuron, population.size
    if not isinstance(initial, str):
        return given_neurons(initial, population, dt)
    if initial == "stationary":
        drives, which = np.unique(np.broadcast_to(drive, size), return_inverse=True)
        age, potential, uniform = np.zeros(size), np.zeros(size), uniforms()
        for i, mu in enumerate(drives):
            probability, potential_at = stationary_ages(neuron, float(mu), dt)
            distribution = np.cumsum(probability)
            distribution[-1] = 1.0  # whatever the rounding
            found = np.searchsorted(distribution, uniform[which == i], side="right")
            age[which == i], potential[which == i] = found, potential_at[found]
        return age, potential
    age = {"rest": np.inf, "synchronous": 0.0}[initial]
    return np.full(size, age), np.full(size, float(neuron.v_reset))


def past_rate(initial, neuron, drive: float, dt: float) -> float:
    """Rate (spikes per step) of the spikes before the last one, in the quasi-renewal process."""
    if not getattr(neuron, "adaptation", ()) or initial != "stationary":
        return 0.0
    return stationary_rate(neuron, drive, dt, "quasi-renewal")


def traces_at_spike(initial, neuron, drive: float | np.ndarray, dt: float) -> np.ndarray | None:
    """What adapting neurons have of each kernel just after their last spike.

    None: what the first spike of a neuron leaves. One column per neuron if drives differ.
    """
    if not getattr(neuron, "adaptation", ()) or initial != "stationary":
        return None
    if np.ndim(drive) == 0:
        return stationary_traces(neuron, drive, dt)
    return np.stack([stationary_traces(neuron, float(mu), dt) for mu in drive], axis=1)


def given_neurons(initial, population, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Age (steps; inf: never fired) and potential of each neuron of an InitialState."""
    age = np.broadcast_to(initial.age.get(population.name, np.inf), population.size) / dt
    fired = age < np.inf
    steps = np.where(fired, np.rint(age), np.inf)
    if np.any(np.abs(age[fired] - steps[fired]) > TOLERANCE):
        raise ValueError(f"ages of {population.name} must be multiples of dt = {dt} ms")
    potential = initial.potential.get(population.name, population.neuron.v_reset)
    return steps, np.broadcast_to(potential, population.size).astype(float)


def lnp_potential(initial, population, drive: float | np.ndarray) -> float | np.ndarray:
    """h of the LNP neurons of a population at t = 0, the same for all whose drive is the same."""
    if initial == "stationary":
        return drive
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
