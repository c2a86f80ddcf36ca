"""Mesoscopic model: populations of age bins, moments of u and x."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from .adaptation import CohortTraces, QuasiRenewal, QuasiRenewalTraces
from .closures import CLOSURES
from .cohorts import CohortActivity, CohortSpikes, CohortSynapses
from .draws import Draws
from .initial import (
    NAMES,
    AgeGroup,
    age_groups,
    lnp_potential,
    past_rate,
    synaptic_variables,
    traces_at_spike,
)
from .membrane_input import MembraneInput, mean_pathways
from .plasticity import Plasticity
from .population_activity import (
    GivenSpikeCounts,
    LIFActivity,
    LNPActivity,
    PoissonActivity,
    SpikeCount,
)
from .record import Record
from .signals import signal_values

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
    closure : {"first_order", "second_order", "renewal"}
        Mesoscopic description of the synapses, and with "renewal" of LIF and GIF neurons, too.
        Populations of other neurons, which do not know their last spike, then have the second
        order.
    noise : {"binomial", "gaussian", "none"}
        Law of the number of spikes in a step; "none" is the limit of infinitely many neurons.
        "renewal" is never "gaussian".
    draws : Draws
        Source of the random numbers.
    initial : {"stationary", "rest", "synchronous"} or InitialState
        State at t = 0.

    Returns
    -------
    dict
        As of `simulate_microscopic`, without spikes.
    """
    if closure not in (*CLOSURES, "renewal"):
        names = ", ".join((*CLOSURES, "renewal"))
        raise ValueError(f"closure must be one of {names}, got {closure!r}")
    if noise not in NOISES:
        raise ValueError(f"noise must be one of {', '.join(NOISES)}, got {noise!r}")
    if (closure, noise) == ("renewal", "gaussian"):
        raise ValueError("noise must be binomial or none with closure renewal, got 'gaussian'")
    if isinstance(initial, str) and initial not in NAMES:
        raise ValueError(f"initial must be one of {', '.join(NAMES)}, got {initial!r}")
    record = Record(network, duration, dt)
    build = partial(MesoscopicPopulation, network, record, dt, closure, noise, draws, initial)
    populations = [build(number) for number in range(len(network.populations))]
    if isinstance(initial, str) and initial == "synchronous":
        fire_together(populations, record)

    for step in range(record.n_steps):
        for p in populations:
            record.spike_counts[p.name][step] = p.activity.step(step)
            if p.name in record.potential:
                record.potential[p.name][step] = p.activity.potential
        for source, stp in record.releases:
            if stp is None:
                record.releases[source, stp][step + 1] = record.spike_counts[source][step]
        for p in populations:
            if not p.sets:
                continue
            n = record.spike_counts[p.name][step]
            released = p.synapses.step(n, None if noise == "none" else p.normals(step))
            for i, key in enumerate(p.sets):
                record.releases[key][step + 1] = released[i]
                record.u[key][step] = p.synapses.u[i]
                record.x[key][step] = p.synapses.x[i]
    return record.as_dict()


def fire_together(populations: list[MesoscopicPopulation], record: Record) -> None:
    """All neurons have fired at t = 0, the end of step -1."""
    for p in populations:
        n = p.activity.size
        if (p.name, None) in record.releases:
            record.releases[p.name, None][0] = n
        if p.sets:
            for key, released in zip(p.sets, p.synapses.release(n), strict=True):
                record.releases[key][0] = released


class MesoscopicPopulation:
    """The activity of a population of the network, and its plastic synapses.

    sets : list of (source, stp)
    synapses : of all these sets together; None if there are none
    """

    def __init__(
        self,
        network,
        record: Record,
        dt: float,
        closure: str,
        noise: str,
        draws: Draws,
        initial,
        number: int,
    ):
        population = network.populations[number]
        neuron, size, self.name = population.neuron, population.size, population.name
        values = partial(
            signal_values, n_steps=record.n_steps, dt=dt, population=number, draws=draws
        )
        spike_count = SpikeCount(number, size, noise, draws)
        self.sets = [key for key in record.stp_sets if key[0] == self.name]
        order = CLOSURES["second_order" if closure == "renewal" else closure]
        kind = type(neuron).__name__
        if kind == "SpikeTrains":
            self.activity = GivenSpikeCounts(neuron.times, record.n_steps, dt)
        elif kind == "Poisson":
            self.activity = PoissonActivity(size, values(neuron.rate), dt, spike_count)
        elif kind in ("LNP", "LIF", "GIF"):
            drive = values(population.drive)
            onto = [p for p in network.projections if p.target == self.name]
            pathways = [w for p in onto for w in mean_pathways(network, p, dt, record.releases)]
            membrane = MembraneInput(drive, pathways, neuron.tau_m, dt)
        else:
            raise ValueError(f"no mesoscopic reference for {kind} neurons")
        if kind == "LNP":
            h = lnp_potential(initial, population, drive[0])
            self.activity = LNPActivity(neuron, size, h, membrane, dt, spike_count)
        elif kind in ("LIF", "GIF"):
            draw = None if noise == "none" else partial(draws.initial_counts, number, size)
            memory = "mean" if closure == "renewal" else "quasi-renewal"
            groups = age_groups(initial, population, drive[0], dt, draw, memory)
            if closure == "renewal":
                traces = cohort_traces(initial, neuron, groups, drive[0], dt)
                spikes = CohortSpikes(number, noise, draws)
                self.activity = CohortActivity(neuron, groups, membrane, dt, spikes, traces)
                order = partial(CohortSynapses, self.activity, groups)
            else:
                traces = quasi_renewal_traces(initial, neuron, groups, drive[0], dt, record.n_steps)
                self.activity = LIFActivity(neuron, groups, membrane, dt, spike_count, traces)
        self.synapses = None
        if self.sets:
            variables = [v for key in self.sets for v in synaptic_variables(initial, network, *key)]
            plasticity = Plasticity.of_sets([stp for _, stp in self.sets], dt)
            self.synapses = order(plasticity, np.column_stack(variables))
        if isinstance(self.synapses, CohortSynapses):
            numbers = [record.stp_sets.index(key) for key in self.sets]
            self._draws = [partial(draws.cohort_release_normals, set) for set in numbers]
        else:
            self._draws = [partial(draws.release_normals, number, i) for i in range(len(self.sets))]

    def normals(self, step: int) -> Callable[..., np.ndarray]:
        """What draws the normals of a release in a step, set after set along the last axis."""
        return lambda *n: np.concatenate([draw(step, *n) for draw in self._draws], axis=-1)


def cohort_traces(initial, neuron, groups: list[AgeGroup], drive: float, dt: float) -> CohortTraces:
    """Adaptation of the cohorts at t = 0."""
    age = np.array([g.age if g.fired else np.inf for g in groups])
    return CohortTraces(neuron, dt, age, traces_at_spike(initial, neuron, drive, dt))


def quasi_renewal_traces(
    initial, neuron, groups: list[AgeGroup], drive: float, dt: float, n_steps: int
) -> QuasiRenewalTraces:
    """Adaptation of the age bins at t = 0."""
    rate = past_rate(initial, neuron, drive, dt)
    size = sum(g.count for g in groups)
    known = [(g.age, g.count / size) for g in groups if g.fired]
    past = QuasiRenewal(neuron, dt, n_steps, rate if rate > 0 else known)
    last_spike = np.array([-1 - g.age if g.fired else past.NEVER for g in groups])
    return QuasiRenewalTraces(past, last_spike)
