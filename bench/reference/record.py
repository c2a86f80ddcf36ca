"""What a simulation records, step by step; its releases are also the memory of the delay lines."""

from __future__ import annotations

import numpy as np

from .time_grid import whole_steps


class Record:
    """Arrays over the steps of a run.

    Attributes
    ----------
    n_steps : int
        Number of steps.
    releases : dict of (source, stp) to ndarray
        Total release of the spikes of each step, beginning with step -1; `stp` is None for static
        synapses, which release 1 per spike.
    stp_sets : list of (source, stp)
        Projections of one population with equal short-term plasticity share u and x. In order of
        the source population, then of the projections.
    spike_counts, potential : dict of population name to ndarray
        Number of spikes in each step, and mean potential (mV) at its end.
    u, x : dict of (source, stp) to ndarray
        Population means at the end of each step.
    """

    def __init__(self, network, duration: float, dt: float):
        self._network = network
        self._dt = dt
        self.n_steps = whole_steps("duration", duration, dt)
        self.releases = {(p.source, p.stp): np.zeros(self.n_steps + 1) for p in network.projections}
        order = [p.name for p in network.populations]
        plastic = (key for key in self.releases if key[1] is not None)
        self.stp_sets = sorted(plastic, key=lambda key: order.index(key[0]))
        self.spike_counts = {p.name: np.zeros(self.n_steps) for p in network.populations}
        self.potential = {
            p.name: np.zeros(self.n_steps) for p in network.populations if has_potential(p)
        }
        self.u = {key: np.zeros(self.n_steps) for key in self.stp_sets}
        self.x = {key: np.zeros(self.n_steps) for key in self.stp_sets}

    def as_dict(self) -> dict:
        """The record under the names and in the units (ms, mV, Hz) of the package."""
        size = {p.name: p.size for p in self._network.populations}

        def per_neuron(amount, name):
            return amount / (size[name] * self._dt) * 1000  # 1/ms -> Hz

        labelled = {p.label: (p.source, p.stp) for p in self._network.projections}
        plastic = {label: key for label, key in labelled.items() if key[1] is not None}
        return {
            "t": np.arange(1, self.n_steps + 1) * self._dt,
            "rate": {name: per_neuron(n, name) for name, n in self.spike_counts.items()},
            "release": {
                label: per_neuron(self.releases[key][1:], key[0]) for label, key in labelled.items()
            },
            "u": {label: self.u[key] for label, key in plastic.items()},
            "x": {label: self.x[key] for label, key in plastic.items()},
            "potential": self.potential,
        }


def has_potential(population) -> bool:
    """Whether the neurons of a population have a potential (and can receive input)."""
    return type(population.neuron).__name__ in ("LIF", "GIF", "LNP")
