"""The stationary state of a network of infinitely many neurons as equations for its mean inputs.

What the source of a projection releases per time, y, makes inputs of its targets; those make rates,
and rates make y. Fixed points are the inputs that reproduce themselves.
"""

from __future__ import annotations

import math
from functools import cached_property

import attrs
import numpy as np
from attrs import field, frozen

from mesopop.arrays import FloatArray
from mesopop.compiled import compile_network
from mesopop.connectivity import mean_connection
from mesopop.delays import DelayDistribution
from mesopop.network import Network, Population, Projection
from mesopop.neurons import LIF, LNP, Poisson
from mesopop.plasticity import TsodyksMarkram
from mesopop.settings import CLOSURES as SIMULATED
from mesopop.settings import DEFAULT_CLOSURE, check_quasi_renewal
from mesopop.theory.constant_drive import constant_drive, require_constant_drives, require_dt
from mesopop.theory.intervals import Intervals, intervals_at
from mesopop.theory.membrane_course import filtered_exponential
from mesopop.theory.stationary_synapses import StationarySynapses, synapses_at
from mesopop.validation import did_you_mean, require_number

CLOSURES = (*SIMULATED, "exact")
Channel = tuple[int, TsodyksMarkram | None]  # population and plasticity: what releases one y


@frozen(kw_only=True)
class Input:
    """Unknown of the equations: a part of the input of one population.

    In continuous time all of its input is one part, the mean drive. In steps of dt, delta synapses
    make the potential jump at the beginning of a step, while currents act throughout.
    """

    population: int
    kind: str  # "drive" or "jump"


@frozen(kw_only=True)
class PopulationState:
    """A population at a given input: its intervals, and what its channels release, 1/ms."""

    drive: float
    jump: float
    intervals: Intervals = field(repr=False)
    synapses: dict[TsodyksMarkram | None, StationarySynapses]

    @property
    def rate(self) -> float:
        """1/ms."""
        return self.intervals.rate / 1000


@frozen(kw_only=True, eq=False)
class MeanField:
    """Equations for the stationary inputs of a network.

    Parameters
    ----------
    network : Network
    closure : str
        One of CLOSURES.
    dt : float or None
        ms; None for continuous time.
    largest_rate : float
        Hz: rates above are not looked for.
    """

    network: Network
    closure: str
    dt: float | None
    largest_rate: float

    @cached_property
    def drives(self) -> FloatArray:
        """External drive of each population, mV; rate of Poisson populations, Hz."""
        return np.array([constant_drive(p) for p in self.network.populations])

    @cached_property
    def channels(self) -> list[Channel]:
        """What releases: a population with one of its plasticities."""
        index = {p.name: i for i, p in enumerate(self.network.populations)}
        return list(dict.fromkeys((index[p.source], p.stp) for p in self.network.projections))

    def channel_of(self, projection: Projection) -> int:
        """Index of the channel that a projection carries on."""
        names = [p.name for p in self.network.populations]
        return self.channels.index((names.index(projection.source), projection.stp))

    @cached_property
    def inputs(self) -> list[Input]:
        """The unknowns, in order of population."""
        names = [p.name for p in self.network.populations]
        present = {(names.index(p.target), self._kind_of(p)) for p in self.network.projections}
        return [Input(population=i, kind=kind) for i, kind in sorted(present)]

    def _kind_of(self, projection: Projection) -> str:
        return "jump" if self.dt is not None and projection.tau_s == 0 else "drive"

    @cached_property
    def matrix(self) -> FloatArray:
        """mV of each input per y (1/ms) of each channel, shape (inputs, channels)."""
        drive, jump = self._weights
        rows = [(drive if e.kind == "drive" else jump)[e.population] for e in self.inputs]
        return np.array(rows).reshape(len(self.inputs), len(self.channels))

    @cached_property
    def _weights(self) -> tuple[FloatArray, FloatArray]:
        drive = np.zeros((len(self.network.populations), len(self.channels)))
        jump = np.zeros_like(drive)
        names = [p.name for p in self.network.populations]
        for projection in self.network.projections:
            target = names.index(projection.target)
            neuron = self.network.populations[target].neuron
            assert isinstance(neuron, (LIF, LNP))  # a Network has no other targets
            place = target, self.channel_of(projection)
            weight = summed_weight(self.network, projection)
            if self.dt is None:
                drive[place] += neuron.tau_m * weight
            elif projection.tau_s == 0:
                jump[place] += self.dt * weight
            else:
                # The current right after its jump, times what a step makes of it; the potential
                # settles where it loses as much.
                tau_s, tau_m = projection.tau_s, neuron.tau_m
                current = self.dt * weight / tau_s / -math.expm1(-self.dt / tau_s)
                gain = tau_m * float(filtered_exponential(np.array(self.dt), tau_m, tau_s))
                drive[place] += current * gain / -math.expm1(-self.dt / tau_m)
        return drive, jump

    def state(self, population: int, drive: float, jump: float) -> PopulationState:
        """Intervals and synapses of a population at an input."""
        neuron = self.network.populations[population].neuron
        intervals = intervals_at(
            neuron,
            drive,
            jump,
            self.dt,
            quasi_renewal=self.closure in ("first_order", "second_order"),
        )
        plasticities = [stp for index, stp in self.channels if index == population]
        synapses = {stp: synapses_at(intervals, stp, self.closure) for stp in plasticities}
        return PopulationState(drive=drive, jump=jump, intervals=intervals, synapses=synapses)

    def states(self, z: FloatArray) -> list[PopulationState]:
        """All populations at inputs z, shape (inputs,)."""
        drive, jump = self.drives.copy(), np.zeros(len(self.drives))
        for value, entry in zip(z, self.inputs, strict=True):
            (drive if entry.kind == "drive" else jump)[entry.population] += value
        return [self.state(i, drive[i], jump[i]) for i in range(len(drive))]

    def releases(self, states: list[PopulationState]) -> FloatArray:
        """y of each channel, 1/ms."""
        return np.array([states[i].synapses[stp].release / 1000 for i, stp in self.channels])

    def excess(self, z: FloatArray) -> FloatArray:
        """What the inputs z cause, less z, mV: 0 at fixed points."""
        return self.matrix @ self.releases(self.states(z)) - z

    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """Between which values each input lies."""
        largest = np.array([self._largest_release(*channel) for channel in self.channels])
        return np.minimum(self.matrix, 0) @ largest, np.maximum(self.matrix, 0) @ largest

    def _largest_release(self, population: int, stp: TsodyksMarkram | None) -> float:
        neuron = self.network.populations[population].neuron
        bounds = [self.largest_rate / 1000]
        if isinstance(neuron, LIF) and neuron.t_ref > 0:
            bounds.append(1 / neuron.t_ref)
        if isinstance(neuron, Poisson):
            bounds.append(self.drives[population] / 1000)
        if self.dt is not None:
            bounds.append(1 / self.dt)
        if stp is not None and stp.tau_d > 0:
            bounds.append(1 / float(stp.tau_d))  # what recovers of empty synapses
        return min(bounds)

    def mean_potential(self, state: PopulationState, population: Population) -> float:
        """Where the potential would settle if nobody fired, mV: h of LNP neurons; nan of Poisson."""
        if isinstance(population.neuron, Poisson):
            return math.nan
        if self.dt is None or state.jump == 0:
            return state.drive
        assert isinstance(population.neuron, (LIF, LNP))
        a = math.exp(-self.dt / population.neuron.tau_m)
        return state.drive + a * state.jump / (1 - a)


def summed_weight(network: Network, projection: Projection) -> float:
    """N p J, mV; N times the mean weight of what is not connected with a probability alone."""
    source, target = (network.population(end) for end in (projection.source, projection.target))
    return source.size * projection.weight * mean_connection(projection, source, target)


def delay_shares(projection: Projection) -> list[tuple[float, float]]:
    """Delays, ms, and the share of the synapses that have each."""
    delay = projection.delay
    if not isinstance(delay, DelayDistribution):
        return [(delay, 1.0)]
    return list(zip(delay.delays.tolist(), delay.probabilities.tolist(), strict=True))


def mean_field(
    network: Network,
    *,
    closure: str | None = None,
    dt: float | None = None,
    largest_rate: float = 1000.0,
) -> MeanField:
    """The equations of a network, its arguments checked.

    Raises
    ------
    ValueError
        If a drive changes in time, spikes are given, the neurons of a population differ, the
        closure is unknown or cannot expand the adaptation, or a time is not a multiple of dt.
    TypeError
        If an argument is of the wrong kind.
    """
    require_constant_drives(network)
    if closure is None:
        closure = DEFAULT_CLOSURE
    if closure not in CLOSURES:
        raise ValueError(f"unknown closure {closure!r}; {did_you_mean(str(closure), CLOSURES)}")
    if closure in ("first_order", "second_order"):
        check_quasi_renewal(network, closure)
    dt = require_dt(dt)
    if dt is not None:
        compile_network(network, dt=dt)  # refuses what does not fit
    largest_rate = require_number("largest_rate", largest_rate, "Hz", gt=0)
    return MeanField(network=network, closure=closure, dt=dt, largest_rate=largest_rate)


def in_continuous_time(equations: MeanField) -> MeanField:
    """The same network in the limit of short steps."""
    return attrs.evolve(equations, dt=None)
