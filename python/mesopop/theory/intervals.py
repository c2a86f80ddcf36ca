"""Intervals between the spikes of a neuron at constant drive."""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs
import numpy as np
from attrs import field, frozen
from scipy.optimize import brentq, root

from mesopop.arrays import FloatArray
from mesopop.neurons import GIF, LIF, LNP, Neuron, Poisson
from mesopop.signals import components
from mesopop.theory.constant_drive import require_dt, require_stationary_neuron
from mesopop.theory.membrane_course import (
    ContinuousCourse,
    Memory,
    SteppedCourse,
    held,
    settling_time,
)
from mesopop.theory.quadrature import Panels, blocks_of_steps
from mesopop.validation import require_number, steps

SURVIVORS_LEFT = 1e-17  # where intervals end
LARGEST_LOSS = 1.0  # of ln S within a panel
LARGEST_RISE = 0.5  # of ln of the hazard within a panel
SHORTEST_PANEL = 1e-3  # in tau_m; from there on panels grow
GROWTH = 1.5  # from one panel to the next
NEVER = 1e-100  # hazards below, 1/ms, are none
NO_MEMORY = Memory()
ROUGH, EXACT = 1e-3, 1e-14  # to which a rate reproduces itself, relative to it
TRACES_REPRODUCED = 1e-9  # to which traces do


@frozen(kw_only=True)
class Intervals:
    """Distribution of the interval between two spikes.

    Parameters
    ----------
    dt : float or None
        Time step, ms; None for continuous time.
    age : ndarray, shape (nodes,)
        Time since the last spike, ms: nodes of a Gauss quadrature, close where something changes.
        In steps of dt: of the ends of steps, in which spikes come; all of them as long as the
        potential changes.
    weight : ndarray, shape (nodes,)
        ``weight @ f(age)`` is the mean of f over all intervals.
    density : ndarray, shape (nodes,)
        Probability density of the interval, 1/ms; in steps, probability of a step over dt.
    survivor : ndarray, shape (nodes,)
        Probability that the interval is longer; in steps, than the beginning of the step.
    memory : Memory
        What the neuron remembers of earlier spikes if it adapts.
    memoryless : bool
        Whether they are those of Poisson spikes, exponential or geometric.
    """

    dt: float | None
    age: FloatArray = field(repr=False)
    weight: FloatArray = field(repr=False)
    density: FloatArray = field(repr=False)
    survivor: FloatArray = field(repr=False)
    memory: Memory = field(default=NO_MEMORY, repr=False)
    memoryless: bool = False

    @property
    def hazard(self) -> FloatArray:
        """Density over survivors, Hz; in steps, spike probability of a step over dt."""
        return 1000 * np.divide(
            self.density, self.survivor, out=np.zeros(self.age.size), where=self.survivor > 0
        )

    @property
    def mean(self) -> float:
        """ms; infinite if the neuron never fires."""
        return float(np.sum(self.weight * self.age))  # not of a BLAS, whose threads take longer

    @property
    def rate(self) -> float:
        """Hz."""
        return 1000 / self.mean

    @property
    def cv(self) -> float:
        """Coefficient of variation; nan if the neuron never fires."""
        if not math.isfinite(self.mean):
            return math.nan
        variance = self.weight @ (self.age - self.mean) ** 2
        return math.sqrt(variance) / self.mean

    def transform(self, s: complex) -> complex:
        """Mean of exp(-s interval): the Laplace transform of the density, s in 1/ms."""
        return complex(self.weight @ np.exp(-s * self.age))

    def __str__(self) -> str:
        time = "continuous time" if self.dt is None else f"steps of {self.dt:g} ms"
        return (
            f"Intervals ({time}): mean {self.mean:.5g} ms, rate {self.rate:.5g} Hz, "
            f"CV {self.cv:.4g}"
        )


def intervals(neuron: Neuron, drive: float = 0.0, *, dt: float | None = None) -> Intervals:
    """Intervals between the spikes of one neuron.

    Parameters
    ----------
    neuron : LIF, GIF, LNP or Poisson
        With adaptation, all have the same traces just after a spike, those that reproduce
        themselves on average, as simulations with closure="renewal" have it.
    drive : float
        Constant mean drive, mV. Poisson neurons take none.
    dt : float, optional
        The time step whose scheme is to be followed, ms. Default: continuous time.

    Returns
    -------
    Intervals

    Raises
    ------
    ValueError
        If a number is out of bounds, times are not multiples of dt, or the neuron has no
        stationary intervals.

    Examples
    --------
    >>> import mesopop as mp
    >>> neuron = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    >>> print(mp.theory.intervals(neuron, 25.0))
    Intervals (continuous time): mean 35.552 ms, rate 28.128 Hz, CV 0.1943
    """
    require_stationary_neuron(neuron)
    drive = require_number("drive", drive, "mV")
    dt = require_dt(dt)
    if isinstance(neuron, Poisson):
        if drive != 0:
            raise ValueError(f"drive must be 0 mV for Poisson neurons, got {drive!r} mV")
        if not all(isinstance(component, float) for component in components(neuron.rate)):
            raise ValueError(f"rate must be constant for stationary theory, got {neuron.rate!r}")
        drive = sum(component for component in components(neuron.rate))  # type: ignore[misc]
    return intervals_at(neuron, drive, 0.0, dt)


def intervals_at(
    neuron: Neuron, drive: float, jump: float, dt: float | None, *, quasi_renewal: bool = False
) -> Intervals:
    """As `intervals`, with a jump of the potential (mV) at the beginning of every step.

    `drive` is the rate of Poisson neurons, Hz. With adaptation perhaps in the quasi-renewal
    approximation.
    """
    if isinstance(neuron, GIF) and neuron.adaptation:

        def after(memory: Memory) -> Intervals:
            return after_spikes(neuron, drive, jump, dt, memory)

        return _quasi_renewal(after) if quasi_renewal else _with_mean_traces(neuron, after)
    if isinstance(neuron, LIF):
        return after_spikes(neuron, drive, jump, dt, NO_MEMORY)
    return memoryless(hazard_without_memory(neuron, drive, jump, dt), dt)


def hazard_without_memory(neuron: Neuron, drive: float, jump: float, dt: float | None) -> float:
    """Hazard of Poisson and LNP neurons, 1/ms, as the mean over a step if there are steps."""
    if isinstance(neuron, Poisson):
        return drive / 1000
    assert isinstance(neuron, LNP)
    if dt is None:
        return float(neuron.transfer(drive)) / 1000
    a = math.exp(-dt / neuron.tau_m)
    h = drive + a * jump / (1 - a)
    return float(neuron.transfer(h + jump) + neuron.transfer(h)) / 2000


def memoryless(hazard: float, dt: float | None) -> Intervals:
    """Exponential intervals of a hazard in 1/ms, geometric ones in steps."""
    if hazard < NEVER:
        return attrs.evolve(never(dt, NO_MEMORY), memoryless=True)
    if dt is None:
        edges = _tail_edges(0.0, 1.0, hazard)
        exponential = _from_panels(0.0, edges, lambda panels: 0 * panels.nodes + hazard, NO_MEMORY)
        return attrs.evolve(exponential, memoryless=True)
    return attrs.evolve(_geometric_tail(0, 1.0, hazard * dt, dt), memoryless=True)


def _quasi_renewal(after: Callable[[Memory], Intervals]) -> Intervals:
    return _reproducing(lambda rate: after(Memory(past_rate=rate)), EXACT)


def _with_mean_traces(neuron: GIF, after: Callable[[Memory], Intervals]) -> Intervals:
    # A trace right after a spike is the amplitude and what the interval has left of it, on average.
    amplitude = np.array([kernel.amplitude for kernel in neuron.adaptation])
    tau = np.array([kernel.tau for kernel in neuron.adaptation])

    def with_ratio(ratio: FloatArray) -> Intervals:
        return after(Memory(traces=tuple((amplitude * ratio).tolist())))

    # Unknown is 1 + ln ratio, since root() takes its steps relative to it.
    def excess(unknown: FloatArray) -> FloatArray:
        found = with_ratio(np.exp(unknown - 1))
        left = np.exp(-found.age[:, None] / tau) * found.weight[:, None]
        return np.asarray(unknown - 1 + np.log1p(-left.sum(axis=0)))

    # As if earlier spikes were Poisson.
    start = _reproducing(lambda rate: with_ratio(1 + rate * tau), ROUGH)
    solution = root(excess, 1 + np.log1p(start.rate / 1000 * tau), tol=1e-14)
    if np.abs(excess(solution.x)).max() > TRACES_REPRODUCED:
        raise ArithmeticError(f"traces of {neuron!r} that reproduce themselves: {solution.message}")
    return with_ratio(np.exp(solution.x - 1))


def _reproducing(after: Callable[[float], Intervals], rtol: float) -> Intervals:
    # At the rate that reproduces itself; nothing fires more than once per refractory time and step.
    def excess(past_rate: float) -> float:
        return after(past_rate).rate / 1000 - past_rate

    free = excess(0.0)
    if free <= 0:
        return after(0.0)
    high = free
    while excess(high) > 0:  # kernels that make neurons fire more
        high *= 2
    return after(brentq(excess, 0.0, high, xtol=0.1 * rtol * high, rtol=rtol))


def after_spikes(
    neuron: LIF, drive: float, jump: float, dt: float | None, memory: Memory
) -> Intervals:
    """Intervals of LIF and GIF neurons that have a memory of earlier spikes."""
    if dt is not None:
        return _in_steps(neuron, drive, jump, dt, memory)
    course = ContinuousCourse(neuron, drive, memory)
    rate = neuron.rate_at_threshold / 1000

    def hazard(panels: Panels) -> FloatArray:
        return rate * np.exp(course.log_hazard(panels))

    edges = course_edges(neuron, drive, memory)
    panels = Panels(edges)
    loss = panels.integrals(hazard(panels))
    lost = np.append(0.0, np.cumsum(loss))
    last = float(hazard(panels)[-1])
    if last < NEVER and lost[-1] < -math.log(SURVIVORS_LEFT):
        return never(dt, memory)
    # Panels in which much of what is left is lost, halved until it is not.
    end = int(np.searchsorted(lost, -math.log(SURVIVORS_LEFT))) + 1
    pieces = np.clip(np.ceil(loss[:end] / LARGEST_LOSS), 1, 1000)
    fine = _subdivided(edges[: end + 1], pieces)
    if end >= edges.size:
        tail = _tail_edges(edges[-1], math.exp(-lost[-1]), last)
        fine = np.append(fine, tail[1:])
    return _from_panels(neuron.t_ref, fine, hazard, memory)


def course_edges(neuron: LIF, drive: float, memory: Memory) -> FloatArray:
    """Edges of panels from the end of refractoriness until the potential has settled, ms."""
    end = settling_time(neuron) - neuron.t_ref
    growing = SHORTEST_PANEL * neuron.tau_m * GROWTH ** np.arange(60)
    edges = [np.array([0.0, end]), growing[growing < end]]
    edges.append(np.arange(neuron.tau_m / 2, min(end, 12 * neuron.tau_m), neuron.tau_m / 2))
    terms = [(drive - neuron.v_reset, neuron.tau_m)]
    terms += held(neuron, object, memory)
    for amplitude, tau in terms:
        # Where it has changed by equal parts.
        parts = math.ceil(min(abs(amplitude) / neuron.delta_u, 500) / LARGEST_RISE)
        edges.append(-tau * np.log1p(-np.arange(1, parts) / max(parts, 1)))
    merged = np.unique(np.concatenate(edges))
    merged = merged[merged <= end]
    # Nearly equal ones make no panel.
    keep = np.append(True, np.diff(merged) > 1e-6 * neuron.tau_m)
    return np.asarray(merged[keep])


def _subdivided(edges: FloatArray, pieces: FloatArray) -> FloatArray:
    position = np.append(0.0, np.cumsum(pieces))
    return np.asarray(np.interp(np.arange(position[-1] + 1), position, edges))


def _tail_edges(start: float, survivors: float, hazard: float) -> FloatArray:
    # From where the hazard is constant until nobody is left. Panels grow from short ones, which see
    # the relaxation of synapses.
    length = max(math.log(survivors / SURVIVORS_LEFT), 1.0) / hazard
    first = min(SHORTEST_PANEL / GROWTH, length) if start == 0 else start
    growing = first * GROWTH ** np.arange(max(math.log(length / first) / math.log(GROWTH), 0) + 1)
    even = np.linspace(0, length, math.ceil(length * hazard / LARGEST_LOSS) + 1)
    edges = np.unique(np.concatenate([growing[growing < length], even]))
    return np.asarray(start + edges[np.append(True, np.diff(edges) > 1e-6 * edges[1:])])


def _from_panels(
    t_ref: float,
    edges: FloatArray,
    hazard_at: Callable[[Panels], FloatArray],
    memory: Memory,
) -> Intervals:
    panels = Panels(edges)
    hazard = hazard_at(panels)
    survivor = np.exp(-panels.integral_to_nodes(hazard))
    density = hazard * survivor
    weight = panels.weights * density
    return Intervals(
        dt=None,
        age=t_ref + panels.nodes,
        weight=weight / weight.sum(),
        density=density,
        survivor=survivor,
        memory=memory,
    )


def _in_steps(neuron: LIF, drive: float, jump: float, dt: float, memory: Memory) -> Intervals:
    refractory = steps("t_ref", neuron.t_ref, dt)
    course = SteppedCourse(neuron, drive, jump, memory, dt)
    count = math.ceil((settling_time(neuron) - neuron.t_ref) / dt)
    start, end = course.log_hazards(count)
    loss = neuron.rate_at_threshold / 1000 * dt * (np.exp(start) + np.exp(end)) / 2
    lost = np.append(0.0, np.cumsum(loss))
    tail_loss = float(loss[-1])
    if tail_loss < NEVER and lost[-1] < -math.log(SURVIVORS_LEFT):
        return never(dt, memory)
    stop = min(int(np.searchsorted(lost, -math.log(SURVIVORS_LEFT))), count)
    survivor = np.exp(-lost[:stop])
    weight = survivor * -np.expm1(-loss[:stop])
    head = Intervals(
        dt=dt,
        age=dt * (refractory + 1 + np.arange(float(stop))),
        weight=weight,
        density=weight / dt,
        survivor=survivor,
        memory=memory,
    )
    if stop < count:
        return _normalised(head)
    tail = _geometric_tail(refractory + stop, math.exp(-lost[stop]), tail_loss, dt)
    return _normalised(
        Intervals(
            dt=dt,
            age=np.append(head.age, tail.age),
            weight=np.append(head.weight, math.exp(-lost[stop]) * tail.weight),
            density=np.append(head.density, tail.density),
            survivor=np.append(head.survivor, tail.survivor),
            memory=memory,
        )
    )


def _geometric_tail(before: int, survivors: float, loss: float, dt: float) -> Intervals:
    # `before` steps have passed; from here on ln S falls by `loss` per step.
    total = max(math.ceil(max(math.log(survivors / SURVIVORS_LEFT), 1.0) / loss), 1)
    longest = max(int(LARGEST_LOSS / loss), 1)
    lengths, left = [], total
    # Blocks grow from short ones, which see the relaxation of synapses.
    size = 8.0
    while left > 0:
        length = min(int(size), longest, left)
        lengths.append(length)
        left -= length
        size *= GROWTH
    node, weight = blocks_of_steps(0, lengths)
    decay = np.exp(-loss * node)
    fires = -math.expm1(-loss)
    return _normalised(
        Intervals(
            dt=dt,
            age=dt * (before + 1 + node),
            weight=weight * decay * fires,
            density=survivors * decay * fires / dt,
            survivor=survivors * decay,
        )
    )


def _normalised(given: Intervals) -> Intervals:
    return attrs.evolve(given, weight=given.weight / given.weight.sum())


def never(dt: float | None, memory: Memory) -> Intervals:
    """Of a neuron that does not fire: one interval, infinite."""
    return Intervals(
        dt=dt,
        age=np.array([np.inf]),
        weight=np.array([1.0]),
        density=np.array([0.0]),
        survivor=np.array([1.0]),
        memory=memory,
    )
