"""Mesoscopic model: populations of age bins, moments of u and x, one number of spikes per step."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from .closures import CLOSURES
from .draws import Draws
from .hazards import exponential_escape, lnp_hazard, spike_probability
from .initial import (
    NAMES,
    age_distribution,
    age_histogram,
    given_neurons,
    lnp_potential,
    synaptic_variables,
)
from .membrane_input import MembraneInput
from .plasticity import Plasticity
from .record import Record
from .signals import signal_values
from .time_grid import step_of_spike, whole_steps

NOISES = ("binomial", "gaussian", "none")


def simulate_mesoscopic(
    network,
    duration: float,
    *,
    dt: float,
    closure: str,
    noise: str = "binomial",
    draws: Draws,
    initial="stationary",
) -> dict:
    """Simulate the population activities of a network.

    Parameters
    ----------
    network : Network
        Populations and projections.
    duration, dt : float
        ms. Step k runs from k dt to (k + 1) dt.
    closure : {"first_order", "second_order"}
        Mesoscopic description of the synapses.
    noise : {"binomial", "gaussian", "none"}
        Law of the number of spikes in a step; "none" is the limit of infinitely many neurons.
    draws : Draws
        Source of the random numbers.
    initial : {"stationary", "rest", "synchronous"} or InitialState
        State at t = 0.

    Returns
    -------
    dict
        As of `simulate_microscopic`, without spikes.
    """
    if closure not in CLOSURES:
        raise ValueError(f"closure must be one of {', '.join(CLOSURES)}, got {closure!r}")
    if noise not in NOISES:
        raise ValueError(f"noise must be one of {', '.join(NOISES)}, got {noise!r}")
    if isinstance(initial, str) and initial not in NAMES:
        raise ValueError(f"initial must be one of {', '.join(NAMES)}, got {initial!r}")
    record = Record(network, duration, dt)
    activities = {
        p.name: activity_of(network, number, record, dt, noise, draws, initial)
        for number, p in enumerate(network.populations)
    }
    synapses = {
        (source, stp): CLOSURES[closure](
            Plasticity(stp, dt), *synaptic_variables(initial, network, source, stp)
        )
        for source, stp in record.stp_sets
    }
    if isinstance(initial, str) and initial == "synchronous":
        fire_together(activities, synapses, record)

    for step in range(record.n_steps):
        for name, activity in activities.items():
            record.spike_counts[name][step] = activity.step(step)
            if name in record.potential:
                record.potential[name][step] = activity.potential
        for source, stp in record.releases:
            n = record.spike_counts[source][step]
            if stp is None:
                record.releases[source, stp][step + 1] = n
                continue
            number = record.stp_sets.index((source, stp))
            normals = None if noise == "none" else partial(draws.release_normals, number, step)
            state = synapses[source, stp]
            record.releases[source, stp][step + 1] = state.step(n, normals)
            record.u[source, stp][step] = state.u
            record.x[source, stp][step] = state.x
    return record.as_dict()


def fire_together(activities: dict, synapses: dict, record: Record) -> None:
    """All neurons have fired at t = 0, the end of step -1."""
    for source, stp in record.releases:
        n = activities[source].size
        record.releases[source, stp][0] = n if stp is None else synapses[source, stp].release(n)


def activity_of(network, number: int, record: Record, dt: float, noise: str, draws: Draws, initial):
    """The activity of a population of the network."""
    population = network.populations[number]
    neuron, size = population.neuron, population.size
    values = partial(signal_values, n_steps=record.n_steps, dt=dt, population=number, draws=draws)
    if type(neuron).__name__ == "SpikeTrains":
        return GivenSpikeCounts(neuron.times, record.n_steps, dt)
    spike_count = SpikeCount(number, size, noise, draws)
    if type(neuron).__name__ == "Poisson":
        return PoissonActivity(size, values(neuron.rate), dt, spike_count)

    onto = [p for p in network.projections if p.target == population.name]
    membrane = MembraneInput(values(population.drive), onto, neuron.tau_m, dt, record.releases)
    match type(neuron).__name__:
        case "LNP":
            h = lnp_potential(initial, population, membrane.drive[0])
            return LNPActivity(neuron, size, h, membrane, dt, spike_count)
        case "LIF":
            if isinstance(initial, str):
                fraction, potential = age_distribution(initial, neuron, membrane.drive[0], dt)
                if noise != "none":
                    fraction = draws.initial_counts(number, size, fraction) / size
            else:
                age, potential = given_neurons(initial, population, dt)
                fraction, potential = age_histogram(neuron, age, potential, dt)
            return LIFActivity(neuron, size, fraction, potential, membrane, dt, spike_count)
        case other:
            raise ValueError(f"no mesoscopic reference for {other} neurons")


class SpikeCount:
    """Number of spikes of a population in a step, given the expected fraction that fires."""

    def __init__(self, population: int, size: int, noise: str, draws: Draws):
        self._population = population
        self._size = size
        self._noise = noise
        self._draws = draws

    def step(self, step: int, probability: float) -> float:
        expected = self._size * probability
        match self._noise:
            case "binomial":
                return self._draws.spike_count(self._population, step, self._size, probability)
            case "gaussian":  # not an integer, and possibly negative
                normal = self._draws.spike_count_normal(self._population, step)
                return expected + math.sqrt(expected) * normal
            case "none":
                return expected


class GivenSpikeCounts:
    """Spikes that are given."""

    def __init__(self, trains, n_steps: int, dt: float):
        self.size = len(trains)
        steps = step_of_spike(np.concatenate(trains), dt)
        self._counts = np.bincount(steps[steps < n_steps], minlength=n_steps)

    def step(self, step: int) -> int:
        return int(self._counts[step])


class PoissonActivity:
    """Neurons that fire at a given rate (Hz)."""

    def __init__(self, size: int, rate: np.ndarray, dt: float, spike_count: SpikeCount):
        self.size = size
        self._probability = spike_probability(rate / 1000, rate / 1000, dt)
        self._spike_count = spike_count

    def step(self, step: int) -> float:
        return self._spike_count.step(step, float(self._probability[step]))


class LNPActivity:
    """Linear-nonlinear-Poisson neurons: one h, and no memory of spikes."""

    def __init__(
        self,
        neuron,
        size: int,
        h: float,
        membrane: MembraneInput,
        dt: float,
        spike_count: SpikeCount,
    ):
        self.size = size
        self.potential = h
        self._transfer = neuron.transfer
        self._membrane = membrane
        self._dt = dt
        self._spike_count = spike_count

    def step(self, step: int) -> float:
        d, a, b = self._membrane.advance(step)
        start = lnp_hazard(self.potential + d, self._transfer)
        self.potential = a * (self.potential + d) + b
        end = lnp_hazard(self.potential, self._transfer)
        return self._spike_count.step(step, float(spike_probability(start, end, self._dt)))


class LIFActivity:
    """Age-structured population of LIF neurons (Schwalger, Deger & Gerstner 2017).

    Index l of the arrays is the age: neurons that fired in the step before the present one have
    age 0. The last entry, the free bin, holds all neurons whose last spike is K or more steps old.

    m : expected fraction of the population in the bin (survivors of those that fired then)
    z : variance of that fraction, times N
    potential, hazard : of the neurons in the bin at the end of the last step, mV and 1/ms
    """

    def __init__(
        self,
        neuron,
        size: int,
        fraction: np.ndarray,
        potential: np.ndarray,
        membrane: MembraneInput,
        dt: float,
        spike_count: SpikeCount,
    ):
        self.size = size
        self._neuron = neuron
        self._refractory_steps = whole_steps("t_ref", neuron.t_ref, dt)
        self._membrane = membrane
        self._dt = dt
        self._spike_count = spike_count
        # Between the bins and the free bin, one place for those who are about to join it.
        self.m = np.insert(fraction, -1, 0.0)
        self.z = np.zeros(len(self.m))
        self._potential = np.insert(potential, -1, potential[-1])
        self._hazard = exponential_escape(self._potential, neuron)

    @property
    def potential(self) -> float:
        """Mean potential, mV; the expected survivors need not add up to exactly 1."""
        return float(self.m @ self._potential / self.m.sum())

    def step(self, step: int) -> float:
        d, a, b = self._membrane.advance(step)
        self._join_free_bin()
        # Bins of age < R are refractory: they are held at v_reset and what arrives is lost.
        free = slice(self._refractory_steps, None)
        m, z, V = self.m[free], self.z[free], self._potential[free]
        # A jump of the potential multiplies an exponential hazard. (The free bin's hazard is a mean
        # over the bins that joined it, not the hazard at their mean potential.)
        hazard_start = self._hazard[free] * np.exp(d / self._neuron.delta_u)
        V[:] = a * (V + d) + b
        self._hazard[free] = exponential_escape(V, self._neuron)
        P = spike_probability(hazard_start, self._hazard[free], self._dt)

        # Expected spikes of the bins. Their survivors do not add up to the population, because the
        # actual numbers of spikes differed from the expected ones: the missing part of the
        # population, 1 - X, fires with the probability P_Lambda, the mean of P weighted with the
        # uncertainty of the bins.
        W, X, Y, Z = P @ m, self.m.sum(), P @ z, z.sum()
        P_Lambda = Y / Z if Z > 0 else 0.0
        p = min(max(W + P_Lambda * (1 - X), 0.0), 1.0)
        n = self._spike_count.step(step, float(p))

        z[:] = (1 - P) ** 2 * z + P * (1 - P) * m
        m[:] = (1 - P) * m
        self._grow_older(n / self.size)
        return n

    def _join_free_bin(self) -> None:
        m, z, V, hazard = self.m, self.z, self._potential, self._hazard
        # Gaussian noise can make m negative: with |m|, the means stay between the two values.
        weight = np.abs(m[-2:])
        if weight.sum() > 0:
            V[-1] = weight @ V[-2:] / weight.sum()
            hazard[-1] = weight @ hazard[-2:] / weight.sum()
        m[-1] += m[-2]
        z[-1] += z[-2]
        m[-2] = z[-2] = 0.0

    def _grow_older(self, fired: float) -> None:
        """All bins age by one step, and the new spikes get age 0."""
        m, z, V, hazard = self.m, self.z, self._potential, self._hazard
        for bins in (m, z, V, hazard):
            bins[1:-1] = bins[:-2]
        m[0], z[0] = fired, 0.0
        V[0] = self._neuron.v_reset
        hazard[0] = exponential_escape(V[0], self._neuron)
