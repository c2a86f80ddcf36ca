"""Stationary states of a network of infinitely many neurons, with their stability."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from attrs import field, frozen

from mesopop.analysis.report import Table, counted, significant
from mesopop.arrays import FloatArray
from mesopop.network import Network
from mesopop.neurons import LIF
from mesopop.theory.characteristic import Characteristic
from mesopop.theory.lnp_linearisation import LnpLinearisation
from mesopop.theory.mean_field import MeanField, PopulationState, mean_field
from mesopop.theory.renewal_response import ComplexArray
from mesopop.theory.root_search import all_roots

MOST_POPULATIONS, MOST_CHANNELS = 10, 6  # in a table, the latter with their u and x


@frozen(kw_only=True, eq=False)
class FixedPoint:
    """A stationary state.

    Parameters
    ----------
    rate : dict of population to float
        Hz.
    potential : dict of population to float
        Where the potential of a neuron would settle if it never fired, mV: drive and mean input; h
        of LNP neurons. nan of Poisson populations.
    release : dict of projection label to float
        Modulated activity y, Hz.
    release_per_spike : dict of projection label to float
    u, x : dict of projection label to float
        Population means, as simulations record them; of plastic projections.
    eigenvalues : ndarray of complex
        Of the linearised dynamics in continuous time, 1/ms, that of the largest real part first.
    inputs : ndarray
        The unknowns of `mesopop.theory.mean_field.MeanField`.
    """

    rate: dict[str, float]
    potential: dict[str, float]
    release: dict[str, float]
    release_per_spike: dict[str, float]
    u: dict[str, float]
    x: dict[str, float]
    eigenvalues: ComplexArray
    inputs: FloatArray = field(repr=False)

    @property
    def stable(self) -> bool:
        """Whether all small deviations decay."""
        return not np.any(self.eigenvalues.real > 0)

    @property
    def kind(self) -> str:
        """ "stable node", "stable focus", "saddle", "unstable node" or "unstable focus".

        By the eigenvalues to the right of 0, or, if there are none, by the first. A saddle has an
        odd number of real ones there; a focus has a pair. "stable" alone if no eigenvalue is known.
        """
        if not self.eigenvalues.size:
            return "stable"
        unstable = self.eigenvalues[self.eigenvalues.real > 0]
        leading = unstable if unstable.size else self.eigenvalues[:1]
        if np.count_nonzero(unstable.imag == 0) % 2:
            return "saddle"
        shape = "focus" if np.any(leading.imag != 0) else "node"
        return f"{'unstable' if unstable.size else 'stable'} {shape}"


@frozen(kw_only=True, eq=False, repr=False)
class FixedPoints:
    """All stationary states that were found, in ascending order of the first input.

    Parameters
    ----------
    network : Network
    closure : str
    dt : float or None
        ms; None for continuous time.
    points : tuple of FixedPoint
    """

    network: Network
    closure: str
    dt: float | None
    points: tuple[FixedPoint, ...]

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[FixedPoint]:
        return iter(self.points)

    def __getitem__(self, index: int) -> FixedPoint:
        return self.points[index]

    def _table(self) -> Table:
        time = "continuous time" if self.dt is None else f"steps of {self.dt:g} ms"
        title = f"{counted(len(self), 'fixed point')} ({self.closure} closure, {time})"
        if not self.points:
            return Table(title=title, lines=[], header=None, rows=[], notes=[])
        rows = []
        populations, notes = self.network.populations, []
        if len(populations) > MOST_POPULATIONS:
            notes = [f"and {len(populations) - MOST_POPULATIONS} more populations"]
        for population in populations[:MOST_POPULATIONS]:
            name = population.name
            rows.append(_row(f"rate of {name} (Hz)", [p.rate[name] for p in self]))
            values = [p.potential[name] for p in self]
            if not np.isnan(values).any():
                rows.append(_row(f"potential of {name} (mV)", values))
        for label in self._distinct_channels():
            rows.append(
                _row(f"release per spike, {label}", [p.release_per_spike[label] for p in self])
            )
            rows.append(_row(f"u, {label}", [p.u[label] for p in self]))
            rows.append(_row(f"x, {label}", [p.x[label] for p in self]))
        rows.append(["leading eigenvalue (1/ms)", *(_leading(p) for p in self)])
        rows.append(["", *(p.kind for p in self)])
        return Table(title=title, lines=[], header=None, rows=rows, notes=notes)

    def _distinct_channels(self) -> list[str]:
        # One label for projections that share their plasticity.
        labels: dict[Any, str] = {}
        for projection in self.network.projections:
            if projection.stp is not None:
                labels.setdefault((projection.source, projection.stp), projection.label)
        return list(labels.values())[:MOST_CHANNELS]

    def __repr__(self) -> str:
        table = self._table()
        return table.text() if table.rows else table.title

    def _repr_html_(self) -> str:
        return self._table().html()


def _row(name: str, values: list[float]) -> list[str]:
    return [name, *(significant(value, 4) for value in values)]


def _leading(point: FixedPoint) -> str:
    if not point.eigenvalues.size:
        return "–"
    leading = point.eigenvalues[0]
    text = significant(leading.real, 3)
    return text if leading.imag == 0 else f"{text} ± {significant(abs(leading.imag), 3)}i"


def fixed_points(
    network: Network,
    *,
    closure: str | None = None,
    dt: float | None = None,
    largest_rate: float = 1000.0,
) -> FixedPoints:
    """Stationary states of the network in the limit of infinitely many neurons.

    They solve the equations for the mean inputs of all populations. One unknown input is scanned,
    two are searched for crossings of their nullclines, so that all solutions are found but those
    that the scan cannot tell apart; in three or more unknowns a search from many starts finds what
    it finds.

    Parameters
    ----------
    network : Network
        With constant drives and without SpikeTrains. Random connectivity counts by its mean.
    closure : {"renewal", "second_order", "first_order", "exact"}, optional
        Of the synapses. The first three are what `simulate` of the mesoscopic level converges to
        with this closure and noise="none"; "renewal" is the default. "exact" solves for the Markov
        chain of u and x at the spikes, as the microscopic level does with ever more neurons; its
        eigenvalues are those of "renewal" around its states.
    dt : float, optional
        The time step whose scheme is to be followed, ms: states are those of simulations to
        rounding. Default: continuous time.
    largest_rate : float
        Hz. States of higher rates are not looked for.

    Returns
    -------
    FixedPoints

    Raises
    ------
    ValueError
        If a drive changes in time or spikes are given, the closure is unknown, or a number is out
        of bounds.

    Notes
    -----
    Eigenvalues hold in continuous time, at the mean drives of the state. Without LIF neurons they
    are those of the differential equations of h, synaptic currents, u and x and (second order)
    their second moments, delays included. With LIF neurons they solve the characteristic equation
    of the age-structured populations, and are those to the right of -1 / tau, tau the longest tau_m
    or time constant of adaptation.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.theory.fixed_points(mp.presets.load("lnp-up-down"))
    3 fixed points (renewal closure, continuous time)
      rate of E (Hz)              0.5029        3.641    42.37
      potential of E (mV)         -2.504        3.288    42.37
      release per spike, E->E     0.198         0.1864   0.1083
      u, E->E                     0.2           0.2      0.2
      x, E->E                     0.99          0.9321   0.5413
      leading eigenvalue (1/ms)   -0.0102       0.0545   -0.00511 ± 0.0272i
                                  stable node   saddle   stable focus
    """
    equations = mean_field(network, closure=closure, dt=dt, largest_rate=largest_rate)
    points = tuple(point_at(equations, z) for z in all_roots(equations))
    return FixedPoints(network=network, closure=equations.closure, dt=equations.dt, points=points)


def point_at(equations: MeanField, z: FloatArray) -> FixedPoint:
    """The state at inputs that reproduce themselves."""
    states = equations.states(z)
    network = equations.network
    names = [p.name for p in network.populations]
    release, per_spike, u, x = {}, {}, {}, {}
    for projection in network.projections:
        label = projection.label
        synapses = states[names.index(projection.source)].synapses[projection.stp]
        release[label], per_spike[label] = synapses.release, synapses.release_per_spike
        if projection.stp is not None:
            u[label], x[label] = synapses.u, synapses.x
    return FixedPoint(
        rate={name: 1000 * state.rate for name, state in zip(names, states, strict=True)},
        potential={
            population.name: equations.mean_potential(state, population)
            for population, state in zip(network.populations, states, strict=True)
        },
        release=release,
        release_per_spike=per_spike,
        u=u,
        x=x,
        eigenvalues=eigenvalues_at(equations, states),
        inputs=z,
    )


def eigenvalues_at(equations: MeanField, states: list[PopulationState]) -> ComplexArray:
    """Of the linearised dynamics, 1/ms, that of the largest real part first."""
    if any(isinstance(population.neuron, LIF) for population in equations.network.populations):
        return Characteristic.at(equations, states).eigenvalues()
    return LnpLinearisation.at(equations, states).eigenvalues()
