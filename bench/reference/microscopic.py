"""Microscopic model: every neuron with its own u and x."""

from __future__ import annotations

from functools import partial

import numpy as np

from .adaptation import NeuronTraces
from .connections import all_to_all, connection_matrices
from .draws import Draws
from .hazards import escape_hazard, lnp_hazard
from .initial import NAMES, lnp_potential, neuron_ages, synaptic_variables, traces_at_spike
from .membrane_input import MembraneInput, Pathway, mean_pathways
from .neuron_cohorts import CommonCohort, LIFCohorts, NextSpike
from .plasticity import Plasticity
from .record import Record
from .signals import signal_values
from .time_grid import step_of_spike, whole_steps

SPIKE = np.dtype([("time", np.float64), ("neuron", np.uint32)])


def simulate_microscopic(
    network,
    duration: float,
    *,
    dt: float,
    draws: Draws,
    initial="stationary",
    method: str = "neurons",
    cohort_tolerance: float = 0.0,
) -> dict:
    """Simulate all neurons of a network.

    Parameters
    ----------
    network : Network
        Populations and projections.
    duration, dt : float
        ms. Step k runs from k dt to (k + 1) dt.
    draws : Draws
        Source of the random numbers.
    initial : {"stationary", "rest", "synchronous"} or InitialState
        State at t = 0.
    method : {"neurons", "cohorts"}
        Every neuron by itself, or neurons with equal potentials together (not those of GIF
        populations).
    cohort_tolerance : float
        Difference of potentials, in units of delta_u, up to which cohorts are merged.

    Returns
    -------
    dict
        ``t`` (ends of the steps, ms); by population name: ``rate`` (Hz), ``potential`` (mV) and
        ``spikes`` (structured array of time, ms, and neuron); by projection label: ``release``
        (Hz), ``u`` and ``x`` (population means).
    """
    if isinstance(initial, str) and initial not in NAMES:
        raise ValueError(f"initial must be one of {', '.join(NAMES)}, got {initial!r}")
    record = Record(network, duration, dt)
    # Released by each neuron, where targets receive from single neurons.
    size = {p.name: p.size for p in network.populations}
    by_neuron = {
        (p.source, p.stp): np.zeros((record.n_steps + 1, size[p.source]))
        for p in network.projections
        if not all_to_all(p)
    }
    populations = {
        p.name: neurons_of(
            network, number, record, by_neuron, dt, draws, initial, method, cohort_tolerance
        )
        for number, p in enumerate(network.populations)
    }
    synapses = {
        (source, stp): Synapses(
            Plasticity(stp, dt), *synaptic_variables(initial, network, source, stp)
        )
        for source, stp in record.stp_sets
    }
    if isinstance(initial, str) and initial == "synchronous":
        fire_together(populations, synapses, record, by_neuron)
    spikes = {name: [] for name in populations}

    for step in range(record.n_steps):
        for name, neurons in populations.items():
            fired = neurons.step(step)
            spikes[name].append(fired)
            record.spike_counts[name][step] = len(fired)
            if name in record.potential:
                record.potential[name][step] = np.mean(neurons.potential)
        for source, stp in record.releases:
            fired = spikes[source][step]
            released = np.ones(len(fired)) if stp is None else synapses[source, stp].step(fired)
            record.releases[source, stp][step + 1] = released.sum()
            if (source, stp) in by_neuron:
                by_neuron[source, stp][step + 1, fired] = released
        for key, state in synapses.items():
            record.u[key][step] = state.u.mean()
            record.x[key][step] = state.x.mean()

    result = record.as_dict()
    result["spikes"] = {name: spike_table(by_step, dt) for name, by_step in spikes.items()}
    return result


def spike_table(by_step: list[np.ndarray], dt: float) -> np.ndarray:
    """Spikes as (time, neuron); those of step k carry the time (k + 1) dt."""
    count = [len(fired) for fired in by_step]
    table = np.empty(sum(count), SPIKE)
    table["time"] = np.repeat(np.arange(1, len(count) + 1) * dt, count)
    table["neuron"] = np.concatenate(by_step)
    return table


def fire_together(populations: dict, synapses: dict, record: Record, by_neuron: dict) -> None:
    """All neurons have fired at t = 0, the end of step -1."""
    for source, stp in record.releases:
        everybody = np.arange(populations[source].size)
        released = np.ones(len(everybody))
        if stp is not None:
            released = synapses[source, stp].release(everybody)
        record.releases[source, stp][0] = released.sum()
        if (source, stp) in by_neuron:
            by_neuron[source, stp][0] = released


class Synapses:
    """Tsodyks-Markram variables u and x of the neurons of a population."""

    def __init__(self, plasticity: Plasticity, u: np.ndarray, x: np.ndarray):
        self._plasticity = plasticity
        self.u = u
        self.x = x

    def step(self, fired: np.ndarray) -> np.ndarray:
        """Relax to the end of the step, then release the spikes of the neurons that fired."""
        p = self._plasticity
        self.u = p.U0 + (self.u - p.U0) * p.decay_u
        self.x = 1 + (self.x - 1) * p.decay_x
        return self.release(fired)

    def release(self, fired: np.ndarray) -> np.ndarray:
        """Release u- x- of each of the spikes; only then u and x jump."""
        p = self._plasticity
        U, depletion = (np.broadcast_to(v, len(self.u))[fired] for v in (p.U, p.depletion))
        released = self.u[fired] * self.x[fired]
        self.u[fired] += U * (1 - self.u[fired])
        self.x[fired] -= depletion * released
        return released


class Thresholds:
    """A neuron fires when its integrated hazard reaches an exponential threshold of mean 1.

    Equivalent to a spike with probability 1 - exp(-H) in every step of integrated hazard H.
    """

    def __init__(self, population: int, size: int, draws: Draws):
        self._population = population
        self._draws = draws
        self._n_fired = np.zeros(size, np.int64)
        self._remaining = draws.thresholds(population, np.arange(size), self._n_fired)

    def step(self, integrated_hazard: np.ndarray | float) -> np.ndarray:
        """Numbers of the neurons that fire in the step."""
        self._remaining -= integrated_hazard
        fired = np.flatnonzero(self._remaining <= 0)
        if len(fired) > 0:
            self._n_fired[fired] += 1
            self._remaining[fired] = self._draws.thresholds(
                self._population, fired, self._n_fired[fired]
            )
        return fired


def pathways_onto(
    network, target: str, record: Record, by_neuron: dict, dt: float, draws: Draws
) -> list[Pathway]:
    """What a population receives: of all the same, or by connections of its neurons."""
    found = []
    for number, p in enumerate(network.projections):
        if p.target != target:
            continue
        if all_to_all(p):
            found += mean_pathways(network, p, dt, record.releases)
            continue
        released = by_neuron[p.source, p.stp]
        for delay, matrix in connection_matrices(network, number, dt, draws).items():
            found.append(Pathway(p.tau_s, delay, matrix, released))
    return found


def neurons_of(
    network,
    number: int,
    record: Record,
    by_neuron: dict,
    dt: float,
    draws: Draws,
    initial,
    method: str,
    cohort_tolerance: float,
):
    """The neurons of a population of the network."""
    cohorts = method == "cohorts"
    population = network.populations[number]
    neuron, size = population.neuron, population.size
    values = partial(signal_values, n_steps=record.n_steps, dt=dt, population=number, draws=draws)
    if type(neuron).__name__ == "SpikeTrains":
        return GivenSpikes(neuron.times, record.n_steps, dt)
    spikes = CommonCohort if cohorts else Thresholds
    if type(neuron).__name__ == "Poisson":
        return PoissonNeurons(size, values(neuron.rate), dt, spikes(number, size, draws))

    pathways = pathways_onto(network, population.name, record, by_neuron, dt, draws)
    membrane = MembraneInput(values(population.drive), pathways, neuron.tau_m, dt)
    match type(neuron).__name__:
        case "LNP":
            h = lnp_potential(initial, population, membrane.drive[0])
            return LNPNeurons(neuron, size, h, membrane, dt, spikes(number, size, draws))
        case "LIF" | "GIF":
            mu = membrane.drive[0]
            uniforms = partial(draws.initial_uniforms, number, size)
            age, potential = neuron_ages(initial, population, mu, dt, uniforms)
            if cohorts and not getattr(neuron, "adaptation", ()):
                line = NextSpike(number, draws)
                return LIFCohorts(neuron, age, potential, membrane, dt, line, cohort_tolerance)
            thresholds = Thresholds(number, size, draws)
            traces = NeuronTraces(neuron, dt, age, traces_at_spike(initial, neuron, mu, dt))
            return LIFNeurons(neuron, age, potential, membrane, dt, thresholds, traces)
        case other:
            raise ValueError(f"no microscopic reference for {other} neurons")


class GivenSpikes:
    """Neurons whose spikes are given."""

    def __init__(self, trains, n_steps: int, dt: float):
        self.size = len(trains)
        neuron = np.repeat(np.arange(self.size), [len(train) for train in trains])
        step = step_of_spike(np.concatenate(trains), dt)
        if len(np.unique(np.stack([step, neuron]), axis=1)[0]) < len(step):
            raise ValueError(f"a neuron can fire only once in a step of dt = {dt} ms")
        order = np.lexsort([neuron, step])
        first = np.searchsorted(step[order], np.arange(n_steps + 1))
        self._neuron_by_step = np.split(neuron[order], first)[1:-1]

    def step(self, step: int) -> np.ndarray:
        return self._neuron_by_step[step]


class PoissonNeurons:
    """Neurons that fire at a given rate (Hz)."""

    def __init__(self, size: int, rate: np.ndarray, dt: float, spikes: Thresholds | CommonCohort):
        self.size = size
        self._integrated_hazard = rate / 1000 * dt
        self._spikes = spikes

    def step(self, step: int) -> np.ndarray:
        return self._spikes.step(self._integrated_hazard[step])


class LNPNeurons:
    """Linear-nonlinear-Poisson neurons. If their input is the same, so is h."""

    def __init__(
        self,
        neuron,
        size: int,
        h: float | np.ndarray,
        membrane: MembraneInput,
        dt: float,
        spikes: Thresholds | CommonCohort,
    ):
        self.size = size
        self.potential = h
        self._transfer = neuron.transfer
        self._membrane = membrane
        self._dt = dt
        self._spikes = spikes

    def step(self, step: int) -> np.ndarray:
        d, a, b = self._membrane.advance(step)
        start = lnp_hazard(self.potential + d, self._transfer)
        self.potential = a * (self.potential + d) + b
        end = lnp_hazard(self.potential, self._transfer)
        return self._spikes.step((start + end) * self._dt / 2)


class LIFNeurons:
    """Leaky integrate-and-fire neurons with escape noise and absolute refractoriness.

    Of GIF neurons, `traces` raise the threshold and take from the drive; LIF neurons have none.
    """

    def __init__(
        self,
        neuron,
        age: np.ndarray,
        potential: np.ndarray,
        membrane: MembraneInput,
        dt: float,
        thresholds: Thresholds,
        traces: NeuronTraces,
    ):
        self.size = len(age)
        self.potential = potential
        self._neuron = neuron
        self._refractory_steps = whole_steps("t_ref", neuron.t_ref, dt)
        self._refractory_left = np.maximum(self._refractory_steps - age, 0)
        self._membrane = membrane
        self._dt = dt
        self._thresholds = thresholds
        self._traces = traces

    def step(self, step: int) -> np.ndarray:
        d, a, b = self._membrane.advance(step)
        # Refractory neurons are held at v_reset: what arrives is lost, and there is no hazard.
        free = self._refractory_left == 0
        start = escape_hazard(self.potential + d - self._traces.threshold, self._neuron)
        end_potential = a * (self.potential + d) + b - self._traces.pull
        self.potential = np.where(free, end_potential, self.potential)
        self._traces.relax()
        end = escape_hazard(self.potential - self._traces.threshold, self._neuron)
        fired = self._thresholds.step(np.where(free, (start + end) * self._dt / 2, 0.0))

        self._refractory_left = np.maximum(self._refractory_left - 1, 0)
        self._refractory_left[fired] = self._refractory_steps
        self.potential[fired] = self._neuron.v_reset
        self._traces.spike(fired)
        return fired
