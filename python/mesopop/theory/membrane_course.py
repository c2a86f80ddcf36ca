"""Potential and threshold of a LIF or GIF neuron along the time since its last spike.

Of earlier spikes neurons have a `Memory`: the mean of what they have left behind, or their rate alone
(the quasi-renewal approximation).
"""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen

from mesopop.adaptation import SpikeTriggeredCurrent, ThresholdKernel
from mesopop.arrays import FloatArray
from mesopop.neurons import GIF, LIF
from mesopop.theory.quadrature import Panels

LARGEST_EXPONENT = 300.0  # of the hazard, as in simulations
FAR_BELOW = -36.0  # where a softplus is an exponential to rounding
LN_2 = math.log(2)
SETTLED = 40.0  # time constants after which kernels and potentials are taken as settled


@frozen(kw_only=True)
class Memory:
    """What neurons that adapt hold of their spikes before the last one.

    Parameters
    ----------
    past_rate : float
        1/ms; of the quasi-renewal approximation.
    traces : tuple of float, or None
        Of the renewal closure: right after a spike, that of each of the kernels, mV. None for the
        quasi-renewal approximation.
    """

    past_rate: float = 0.0
    traces: tuple[float, ...] | None = None


def kernels(neuron: LIF, kind: type) -> list[tuple[float, float]]:
    """(amplitude, tau) of the adaptation of one kind."""
    if not isinstance(neuron, GIF):
        return []
    return [(k.amplitude, k.tau) for k in neuron.adaptation if isinstance(k, kind) and k.amplitude]


def held(neuron: LIF, kind: type, memory: Memory) -> list[tuple[float, float]]:
    """As `kernels`, with what is held right after a spike: of `traces`, all."""
    if not isinstance(neuron, GIF) or memory.traces is None:
        return kernels(neuron, kind)
    pairs = zip(memory.traces, neuron.adaptation, strict=True)
    return [(trace, k.tau) for trace, k in pairs if isinstance(k, kind) and k.amplitude]


def settling_time(neuron: LIF) -> float:
    """Time after a spike from which the hazard is constant, ms."""
    adaptation = neuron.adaptation if isinstance(neuron, GIF) else ()
    return neuron.t_ref + SETTLED * max([neuron.tau_m, *(k.tau for k in adaptation)])


def log_escape(neuron: LIF, above_threshold: FloatArray) -> FloatArray:
    """Logarithm of the hazard in units of the rate at threshold."""
    y = np.minimum(above_threshold / neuron.delta_u, LARGEST_EXPONENT)
    if neuron.escape == "exponential":
        return y
    # ln ln(1 + e^y) is y - e^y / 2 far below.
    far = y < FAR_BELOW
    return np.where(far, y, np.log(np.logaddexp(0.0, np.where(far, 0.0, y)))) - math.log(LN_2)


def log_escape_slope(neuron: LIF, log_hazard: FloatArray) -> FloatArray:
    """Derivative of `log_escape` by the potential in units of delta_u; 0 where it is cut."""
    if neuron.escape == "exponential":
        return (log_hazard < LARGEST_EXPONENT).astype(float)
    softplus = LN_2 * np.exp(np.maximum(log_hazard, FAR_BELOW))
    return -np.expm1(-softplus) / softplus


@frozen
class ContinuousCourse:
    """In continuous time, at constant drive.

    Parameters
    ----------
    neuron : LIF or GIF
    drive : float
        Mean drive, mV.
    memory : Memory
    """

    neuron: LIF
    drive: float
    memory: Memory

    def potential(self, after_ref: FloatArray) -> FloatArray:
        """V, mV, at times since the end of refractoriness, ms."""
        neuron, r = self.neuron, after_ref
        v = self.drive + (neuron.v_reset - self.drive) * np.exp(-r / neuron.tau_m)
        past_rate = self.memory.past_rate
        for value, tau in held(neuron, SpikeTriggeredCurrent, self.memory):
            # The last spike, and by their mean those before it.
            start = value * (1 + past_rate * tau) * math.exp(-neuron.t_ref / tau)
            v = v - start * filtered_exponential(r, neuron.tau_m, tau)
        return v

    def threshold(self, panels: Panels) -> FloatArray:
        """What spikes have raised the threshold by, mV, at the nodes of panels of the same time."""
        terms = held(self.neuron, ThresholdKernel, self.memory)
        if not terms:
            return np.zeros(panels.nodes.size)
        own = _sum_of_exponentials(terms, self.neuron.t_ref + panels.nodes)
        if self.memory.past_rate == 0:
            return own
        delta_u = self.neuron.delta_u
        mean = -delta_u * np.expm1(-own / delta_u)
        # Of all older spikes, those older than the panels too.
        end, longest = panels.edges[-1], max(tau for _, tau in terms)
        shortest = min(tau for _, tau in terms) / 2
        grown = end + shortest * (1.2 ** np.arange(math.log(SETTLED * longest / shortest, 1.2)) - 1)
        older = Panels(grown)
        rest = -delta_u * np.expm1(
            -_sum_of_exponentials(terms, self.neuron.t_ref + older.nodes) / delta_u
        )
        beyond = older.weights @ rest + panels.weights @ mean - panels.integral_to_nodes(mean)
        return own + self.memory.past_rate * beyond

    def log_hazard(self, panels: Panels) -> FloatArray:
        """ln of the hazard over the rate at threshold, at the nodes."""
        above = self.potential(panels.nodes) - self.threshold(panels) - self.neuron.v_th
        return log_escape(self.neuron, above)


@frozen
class SteppedCourse:
    """In steps of dt, as simulated: V -> a (V + jump) + ..., hazards at both ends of a step.

    Parameters
    ----------
    neuron : LIF or GIF
    drive : float
        What V would settle at without jumps, mV.
    jump : float
        Of V at the beginning of every step, mV: delta synapses.
    memory : Memory
    dt : float
        ms.
    """

    neuron: LIF
    drive: float
    jump: float
    memory: Memory
    dt: float

    def log_hazards(self, n_steps: int) -> tuple[FloatArray, FloatArray]:
        """At the beginning, after the jump, and at the end of the first steps outside t_ref."""
        neuron = self.neuron
        v = self._potential(n_steps + 1)
        theta = self._threshold(n_steps + 1)
        above = v - theta - neuron.v_th
        return log_escape(neuron, above[:-1] + self.jump), log_escape(neuron, above[1:])

    def _potential(self, count: int) -> FloatArray:
        neuron, dt = self.neuron, self.dt
        n = np.arange(float(count))
        a = math.exp(-dt / neuron.tau_m)
        settled = self.drive + a * self.jump / (1 - a)
        v = settled + (neuron.v_reset - settled) * a**n
        past = self.memory.past_rate * dt
        for value, tau in held(neuron, SpikeTriggeredCurrent, self.memory):
            c = math.exp(-dt / tau)
            gain = float(filtered_exponential(np.array(dt), neuron.tau_m, tau))
            start = value * (1 + past * c / (1 - c)) * math.exp(-neuron.t_ref / tau)
            # Sum of a^(n - 1 - i) c^i over i < n.
            if math.isclose(a, c, rel_tol=1e-9):
                filtered = n * a ** np.maximum(n - 1, 0)
            else:
                filtered = (a**n - c**n) / (a - c)
            v = v - start * gain * filtered
        return v

    def _threshold(self, count: int) -> FloatArray:
        neuron = self.neuron
        terms = held(neuron, ThresholdKernel, self.memory)
        if not terms:
            return np.zeros(count)
        past = self.memory.past_rate * self.dt
        if past == 0:
            return _sum_of_exponentials(terms, neuron.t_ref + self.dt * np.arange(float(count)))
        longest = math.ceil(SETTLED * max(tau for _, tau in terms) / self.dt)
        age = neuron.t_ref + self.dt * np.arange(float(count + longest))
        own = _sum_of_exponentials(terms, age)
        mean = -neuron.delta_u * np.expm1(-own / neuron.delta_u)
        # Of spikes older than each age.
        beyond = np.cumsum(mean[::-1])[::-1] - mean
        return (own + past * beyond)[:count]


def _sum_of_exponentials(terms: list[tuple[float, float]], age: FloatArray) -> FloatArray:
    return np.asarray(np.sum([q * np.exp(-age / tau) for q, tau in terms], axis=0))


def filtered_exponential(r: FloatArray, tau_m: float, tau: float) -> FloatArray:
    """What exp(-r / tau) leaves behind a filter exp(-r / tau_m) / tau_m that starts at r = 0."""
    rate = 1 / tau_m - 1 / tau
    if abs(rate) * tau_m < 1e-9:
        return r / tau_m * np.exp(-r / tau_m)
    # The slower one first, so that nothing overflows.
    return np.exp(-r / max(tau, tau_m)) * -np.expm1(-abs(rate) * r) / (abs(rate) * tau_m)
