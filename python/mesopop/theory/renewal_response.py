"""How LIF and GIF neurons respond to a small change of their drive, exp(lambda t).

With hazard rho(s) at age s and survivors S, the density of spikes at age s, p = rho S, changes by

    dp(s) = p(s) [ dln rho(s) - int_0^s rho dln rho(s') exp(-lambda (s - s')) ds' ] exp(lambda t),

where dln rho = g dV / delta_u, g = 1 for exponential hazards, less what earlier spikes have added to
the threshold and to currents if neurons adapt. The activity follows from A(t) = int A(t - s) p(t, s)
ds. Transforms over s are integrated until the potential has settled, and from there on by formula,
which continues them to Re(lambda) < 0 as well.
"""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mesopop.adaptation import SpikeTriggeredCurrent, ThresholdKernel
from mesopop.arrays import FloatArray
from mesopop.neurons import GIF, LIF
from mesopop.theory.intervals import course_edges
from mesopop.theory.membrane_course import (
    ContinuousCourse,
    Memory,
    filtered_exponential,
    held,
    kernels,
    log_escape_slope,
)
from mesopop.theory.quadrature import NODES, Panels

ComplexArray = NDArray[np.complex128]

SETTLED = 25.0  # tau_m after a spike from which hazard and response are constant
FORGOTTEN = 18.0  # time constants after which adaptation to a spike is forgotten
PHASE = 8.0  # of the highest frequency, that one panel covers, in radians
LARGEST_GROWTH = 200.0  # of ln exp(lambda s) within one stretch of ages
GONE = 40.0  # of the integrated hazard, after which nobody is left


@frozen(kw_only=True)
class RenewalResponse:
    """Transforms at one stationary state; made by `at`.

    Parameters
    ----------
    neuron : LIF or GIF
    rate : float
        1/ms.
    panels : Panels
        Of the time since the end of refractoriness.
    hazard, survivor : ndarray, shape (nodes,)
        1/ms, and a probability.
    memory : Memory
    responds : ndarray, shape (nodes,)
        g: 1 for exponential hazards, 0 where they are cut.
    last_hazard, last_survivor : float
        At the end of the panels.
    threshold_effect : ndarray, shape (nodes,)
        What one more earlier spike adds to the threshold, by its age, mV.
    """

    neuron: LIF
    rate: float
    panels: Panels
    hazard: FloatArray
    survivor: FloatArray
    responds: FloatArray
    last_hazard: float
    last_survivor: float
    threshold_effect: FloatArray
    memory: Memory

    @classmethod
    def at(
        cls, neuron: LIF, drive: float, rate: float, memory: Memory, highest: float
    ) -> RenewalResponse:
        """At a drive (mV) and its rate (1/ms), for frequencies up to `highest` (1/ms)."""
        adaptation = neuron.adaptation if isinstance(neuron, GIF) else ()
        ends = [SETTLED * neuron.tau_m, *(FORGOTTEN * kernel.tau for kernel in adaptation)]
        end = max(ends)
        width = min(neuron.tau_m / 4, PHASE / highest)
        course = ContinuousCourse(neuron, drive, memory)
        edges = _refined(course_edges(neuron, drive, memory), width, end)
        panels = Panels(edges)
        log_hazard = course.log_hazard(panels)
        hazard = neuron.rate_at_threshold / 1000 * np.exp(log_hazard)
        lost = np.append(0.0, np.cumsum(panels.integrals(hazard)))
        keep = len(edges) - 1
        by_rate = memory.traces is None
        if not by_rate or not kernels(
            neuron, ThresholdKernel
        ):  # what is added to the threshold has no end before
            keep = min(int(np.searchsorted(lost, GONE)), keep)
        loss_at_nodes = panels.integral_to_nodes(hazard)[: keep * NODES]
        age = neuron.t_ref + panels.nodes
        own = sum(
            (q * np.exp(-age / tau) for q, tau in kernels(neuron, ThresholdKernel)),
            start=np.zeros(age.size),
        )
        used = slice(0, keep * NODES)
        return cls(
            neuron=neuron,
            rate=rate,
            panels=Panels(edges[: keep + 1]),
            hazard=hazard[used],
            survivor=np.exp(-loss_at_nodes),
            responds=log_escape_slope(neuron, log_hazard[used]),
            last_hazard=float(hazard[used][-1]),
            last_survivor=math.exp(-lost[keep]),
            memory=memory,
            threshold_effect=-neuron.delta_u * np.expm1(-own[used] / neuron.delta_u),
        )

    @property
    def leftmost(self) -> float:
        """1/ms: to the left of it transforms over the age lose their meaning."""
        adaptation = self.neuron.adaptation if isinstance(self.neuron, GIF) else ()
        return -1 / max([self.neuron.tau_m, *(kernel.tau for kernel in adaptation)])

    def density_transform(self, s: ComplexArray) -> ComplexArray:
        """int p(a) exp(-s a) da, for s (1/ms) of any shape."""
        age = self.neuron.t_ref + self.panels.nodes
        flat = s.reshape(-1, 1)
        weight = self.panels.weights * self.hazard * self.survivor
        end = self.neuron.t_ref + self.panels.edges[-1]
        # einsum: threads of a BLAS would take longer to wake up than this takes.
        inside = np.einsum("sn,n->s", np.exp(-flat * age), weight)
        tail = self.last_survivor * np.exp(-flat[:, 0] * end)
        outside = tail * self.last_hazard / (self.last_hazard + flat[:, 0])
        return np.asarray(inside + outside).reshape(s.shape)

    def to_drive(self, lam: ComplexArray, shifts: FloatArray) -> ComplexArray:
        """int dp(a) exp(-shift a) da per mV of drive, shape (lambdas, shifts)."""
        r = self.panels.nodes
        tau = self.neuron.tau_m
        filtered = 1 / (1 + lam * tau)
        v = filtered[:, None] * -np.expm1(-(lam[:, None] + 1 / tau) * r)
        delta_u = self.neuron.delta_u
        return self._transforms(lam, v / delta_u, filtered / delta_u, shifts)

    def activity(self, lam: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
        """dA per mV of drive, 1/(ms mV), and of what neurons remember; lambda not 0.

        The latter is the activity itself, shape (lambdas, 1), or of traces right after a spike
        their changes, shape (lambdas, kernels).
        """
        held_now = held(self.neuron, object, self.memory)
        if self.memory.traces is None or not held_now:
            none = np.zeros(1)
            to_drive = self.rate * self.to_drive(lam, none)[:, 0]
            to_activity = self.rate * self.to_activity(lam, none)[:, 0]
            others = 1 - self.density_transform(lam) - to_activity
            activity: ComplexArray = np.asarray(to_drive / others, complex)
            return activity, np.asarray(activity[:, None])
        # Those that fire hold, of their traces, what their interval has left, and the amplitude.
        trace, tau = np.array(held_now).T
        amplitude = np.array([q for q, _ in kernels(self.neuron, object)])
        decay = np.append(0.0, 1 / tau)
        transform = self.density_transform(lam[:, None] + decay)
        scale = self.rate * np.append(1.0, trace)
        system = np.zeros((lam.size, decay.size, decay.size), complex)
        system[:, :, 1:] = -scale[:, None] * self.to_traces(lam, decay).transpose(0, 2, 1)
        system[:, 0, 0] = 1 - transform[:, 0]
        system[:, 1:, 0] = trace * (1 - amplitude / trace - transform[:, 1:])
        kernel = np.arange(1, decay.size)
        system[:, kernel, kernel] += self.rate * (1 - transform[:, 1:])
        solved = np.linalg.solve(system, (scale * self.to_drive(lam, decay))[..., None])[..., 0]
        return np.asarray(solved[:, 0], complex), np.asarray(solved[:, 1:], complex)

    def changed(self, lam: ComplexArray, shifts: FloatArray, memory: ComplexArray) -> ComplexArray:
        """int dp(a) exp(-shift a) da per mV of drive, with what `activity` says of the memory."""
        if self.memory.traces is None or not kernels(self.neuron, object):
            remembered = memory * self.to_activity(lam, shifts)
        else:
            remembered = np.einsum("lk,lks->ls", memory, self.to_traces(lam, shifts))
        return np.asarray(self.to_drive(lam, shifts) + remembered)

    def to_traces(self, lam: ComplexArray, shifts: FloatArray) -> ComplexArray:
        """As `to_drive`, per mV of each trace right after a spike, (lambdas, kernels, shifts)."""
        r, neuron = self.panels.nodes, self.neuron
        assert isinstance(neuron, GIF)
        discount = np.exp(-lam[:, None] * (neuron.t_ref + r)) / neuron.delta_u
        last = np.zeros(lam.size, complex)
        found = []
        for kernel in neuron.adaptation:
            if not kernel.amplitude:
                continue
            if isinstance(kernel, ThresholdKernel):
                effect = np.exp(-(neuron.t_ref + r) / kernel.tau)
            else:
                effect = filtered_exponential(r, neuron.tau_m, kernel.tau)
                effect = effect * math.exp(-neuron.t_ref / kernel.tau)
            change = np.asarray(-discount * effect, complex)
            found.append(self._transforms(lam, change, last, shifts))
        return np.stack(found, axis=1)

    def to_activity(self, lam: ComplexArray, shifts: FloatArray) -> ComplexArray:
        """The same per 1/ms of the activity, which neurons that adapt remember."""
        r, neuron = self.panels.nodes, self.neuron
        if not isinstance(neuron, GIF):
            return np.zeros((lam.size, shifts.size), complex)
        change = np.zeros((lam.size, r.size), complex)
        for amplitude, tau in kernels(neuron, SpikeTriggeredCurrent):
            start = amplitude * tau / (1 + lam * tau) * np.exp(-(lam + 1 / tau) * neuron.t_ref)
            decaying = np.exp(-lam[:, None] * r) * filtered_exponential(r, neuron.tau_m, tau)
            change -= start[:, None] * decaying
        if self.threshold_effect.any():
            # Integral over all older ages, from the end.
            discount: ComplexArray = np.exp(-lam[:, None] * (neuron.t_ref + r))
            effect: ComplexArray = discount * self.threshold_effect
            change -= _integral_from_nodes(self.panels, effect)
        last = np.zeros(lam.size, complex)
        return self._transforms(lam, np.asarray(change / neuron.delta_u, complex), last, shifts)

    def _transforms(
        self, lam: ComplexArray, dlog: ComplexArray, last: ComplexArray, shifts: FloatArray
    ) -> ComplexArray:
        dlog, last = dlog * self.responds, last * self.responds[-1]
        lost, lost_at_end = self._discounted(lam, self.hazard * dlog)
        age = self.neuron.t_ref + self.panels.nodes
        weight = self.panels.weights * self.hazard * self.survivor
        discount = np.exp(-age[:, None] * shifts)  # (nodes, shifts)
        inside = np.einsum("ln,n,ns->ls", dlog - lost, weight, discount)
        end = self.neuron.t_ref + self.panels.edges[-1]
        rate = self.last_hazard
        decay, both = rate + shifts, rate + shifts + lam[:, None]
        tail = last[:, None] / decay - lost_at_end[:, None] / both
        tail = tail - rate * last[:, None] / (decay * both)
        return np.asarray(inside + rate * self.last_survivor * np.exp(-shifts * end) * tail)

    def _discounted(
        self, lam: ComplexArray, values: ComplexArray
    ) -> tuple[ComplexArray, ComplexArray]:
        # int_0^s values(s') exp(-lambda (s - s')) ds' at the nodes and at the end, in stretches of
        # panels over which exp(lambda s) does not overflow.
        out = np.empty_like(values)
        carried = np.zeros(lam.size, complex)
        edges = self.panels.edges
        stretch = LARGEST_GROWTH / max(float(np.abs(lam.real).max()), 1e-6)
        first = 0
        while first < len(edges) - 1:
            last = int(np.searchsorted(edges, edges[first] + stretch, side="right")) - 1
            last = max(last, first + 1)
            part = slice(first * NODES, last * NODES)
            panels = Panels(edges[first : last + 1])
            growth = np.exp(lam[:, None] * (panels.nodes - edges[first]))
            grown = values[:, part] * growth
            out[:, part] = (carried[:, None] + panels.integral_to_nodes(grown)) / growth
            carried = carried + np.einsum("ln,n->l", grown, panels.weights)
            carried = carried * np.exp(-lam * (edges[last] - edges[first]))
            first = last
        return out, carried


def _integral_from_nodes(panels: Panels, values: ComplexArray) -> ComplexArray:
    # Summed from the end, where values are smallest.
    whole = panels.integral_to_nodes(values)
    return np.asarray((values @ panels.weights)[:, None] - whole)


def _refined(edges: FloatArray, width: float, end: float) -> FloatArray:
    even = np.linspace(0, end, math.ceil(end / width) + 1)
    merged = np.unique(np.concatenate([edges[edges < end], even]))
    # Nearly equal edges make no panel.
    return np.asarray(merged[np.append(True, np.diff(merged) > 1e-4 * width)])
