"""Nullclines, vector field and separatrices of networks that two variables describe.

One population with a depressing projection onto itself: its potential h and its x,

    tau_m dh/dt = mu + I(h, x) - h,    tau_d dx/dt = 1 - x - tau_d u x f(h).

Two populations: their rates,

    tau_m dr_a/dt = f_a(mu_a + I_a(r)) - r_a.

f is the stationary rate, whatever the neurons, and I the mean input. What the plane leaves out follows
at once: u (and in the plane of two rates x) takes the value that is stationary at the rate, synaptic
currents and delays are instantaneous. Fixed points are exact; how they are reached is approximate for
LIF neurons, for which the plane assumes rates that follow their drive.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.interpolate import PchipInterpolator

from mesopop.arrays import FloatArray
from mesopop.network import Network
from mesopop.neurons import LIF, LNP, Poisson
from mesopop.theory.alike import require_alike
from mesopop.theory.intervals import intervals_at
from mesopop.theory.mean_field import MeanField, mean_field
from mesopop.theory.root_search import all_roots, grid_of
from mesopop.theory.synapse_moments import first_order
from mesopop.validation import require_integer, require_number

Flow = Callable[[FloatArray], FloatArray]

TABLE = 400  # points of tabulated rates
ARM_TIME = 60.0  # backwards along a separatrix, in units of its decay into the saddle
NUDGE = 1e-4  # off the saddle, in widths of the plane


@frozen(kw_only=True, eq=False)
class PhasePlane:
    """A vector field in a rectangle; its nullclines are where a component vanishes.

    Parameters
    ----------
    names : (str, str)
        What the axes show, with units.
    first, second : ndarray, shape (points,)
        Coordinates of the grid.
    d_first, d_second : ndarray, shape (points, points)
        Velocities, per ms; index [i, j] at ``first[i], second[j]``.
    fixed_points : ndarray, shape (n, 2)
        Those inside the rectangle.
    eigenvalues : ndarray, shape (n, 2)
        Of the plane, 1/ms.
    separatrices : tuple of ndarray, shape (m, 2)
        Stable manifolds of the saddles, from one end to the other.
    """

    names: tuple[str, str]
    first: FloatArray = field(repr=False)
    second: FloatArray = field(repr=False)
    d_first: FloatArray = field(repr=False)
    d_second: FloatArray = field(repr=False)
    fixed_points: FloatArray
    eigenvalues: NDArray[np.complex128]
    separatrices: tuple[FloatArray, ...] = field(repr=False)

    @property
    def stable(self) -> NDArray[np.bool_]:
        """Of each fixed point, in the plane."""
        return np.asarray(self.eigenvalues.real.max(axis=1, initial=-np.inf) < 0)


def phase_plane(
    network: Network,
    *,
    first: tuple[float, float] | None = None,
    second: tuple[float, float] | None = None,
    closure: str | None = None,
    points: int = 81,
) -> PhasePlane:
    """Nullclines and vector field in the plane of two variables.

    Parameters
    ----------
    network : Network
        One population with one projection onto itself that depresses, or two populations. Poisson
        populations do not count.
    first, second : (float, float), optional
        Limits of h (mV) and x, or of the two rates (Hz). Default: such that all fixed points fit.
    closure : optional
        As of `fixed_points`. In the plane of h and x it must be "first_order", the default there:
        only means of u and x fit into it.
    points : int
        Of the grid along either axis, >= 2.

    Returns
    -------
    PhasePlane

    Raises
    ------
    ValueError
        If two variables do not describe the network, or an argument is wrong.

    Examples
    --------
    >>> import mesopop as mp
    >>> plane = mp.theory.phase_plane(mp.presets.load("lnp-population-spikes"))
    >>> plane.fixed_points.round(3)
    array([[-3.042,  0.969],
           [ 4.302,  0.734],
           [ 9.541,  0.567]])
    """
    points = require_integer("points", points, ge=2)
    require_alike(network)
    active = [p for p in network.populations if not isinstance(p.neuron, Poisson)]
    if len(active) == 1:
        if closure not in (None, "first_order"):
            raise ValueError(
                f'closure must be "first_order" in the plane of h and x, got {closure!r}'
            )
        equations = mean_field(network, closure="first_order")
        names, flow, fixed = _potential_and_x(equations)
        limits = [_around(fixed[:, 0], 0.4), (0.0, 1.02)]
    elif len(active) == 2:
        equations = mean_field(network, closure=closure)
        names, flow, fixed = _two_rates(equations)
        limits = [(0.0, _around(values, 0.4)[1]) for values in fixed.T]
    else:
        raise ValueError(
            "network must have one or two populations that are not Poisson, "
            f"got {len(active)}: a plane shows two variables"
        )
    for axis, given in enumerate((first, second)):
        if given is not None:
            limits[axis] = _limits(("first", "second")[axis], given)
    axes = [np.linspace(*limit, points) for limit in limits]
    velocity = np.array([[flow(np.array([a, b])) for b in axes[1]] for a in axes[0]])
    low, high = np.array(limits).T
    inside = np.all((low <= fixed) & (fixed <= high), axis=1)
    fixed = fixed[inside]
    width = high - low
    jacobians = [_jacobian(flow, point, width) for point in fixed]
    eigenvalues = np.array([np.linalg.eigvals(j) for j in jacobians], complex).reshape(-1, 2)
    separatrices = tuple(
        _separatrix(flow, point, jacobian, np.array(limits))
        for point, jacobian, values in zip(fixed, jacobians, eigenvalues, strict=True)
        if np.isreal(values).all() and values.real.min() < 0 < values.real.max()
    )
    return PhasePlane(
        names=names,
        first=axes[0],
        second=axes[1],
        d_first=velocity[..., 0],
        d_second=velocity[..., 1],
        fixed_points=fixed,
        eigenvalues=eigenvalues,
        separatrices=separatrices,
    )


def _limits(name: str, given: tuple[float, float]) -> tuple[float, float]:
    try:
        low, high = given
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be two limits, got {given!r}") from None
    low = require_number(f"{name}[0]", low)
    return low, require_number(f"{name}[1]", high, gt=low)


def _around(values: FloatArray, margin: float) -> tuple[float, float]:
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    extra = margin * max(high - low, 1.0)
    return low - extra, high + extra


def _potential_and_x(equations: MeanField) -> tuple[tuple[str, str], Flow, FloatArray]:
    network = equations.network
    index = next(i for i, p in enumerate(network.populations) if not isinstance(p.neuron, Poisson))
    population = network.populations[index]
    own = [p for p in network.projections if p.source == population.name]
    if len(own) != 1 or own[0].stp is None or own[0].stp.tau_d == 0:
        raise ValueError(
            f'population "{population.name}" must have one projection onto itself, with tau_d > 0, '
            "for the plane of h and x"
        )
    neuron, stp = population.neuron, own[0].stp
    assert isinstance(neuron, (LIF, LNP))
    channel = equations.channel_of(own[0])
    own_weight = float(equations.matrix[0, channel])
    mu = float(equations.drives[index])
    for c, (source, plasticity) in enumerate(equations.channels):
        if c != channel:  # external
            state = equations.state(source, equations.drives[source], 0.0)
            mu += equations.matrix[0, c] * state.synapses[plasticity].release / 1000

    def rate(h: float) -> float:
        return intervals_at(neuron, h, 0.0, None).rate / 1000

    known: dict[float, float] = {}

    def flow(point: FloatArray) -> FloatArray:
        h, x = float(point[0]), float(point[1])
        if h not in known:  # a grid asks again and again
            known[h] = rate(h)
        r = known[h]
        u, _ = first_order(stp, rate=r, dt=None)
        return np.array(
            [(mu + own_weight * u * x * r - h) / neuron.tau_m, (1 - x) / stp.tau_d - u * x * r]
        )

    fixed = []
    for z in all_roots(equations):
        state = equations.states(z)[index]
        fixed.append([state.drive, state.synapses[stp].x])
    names = (f"potential of {population.name} (mV)", "x")
    return names, flow, np.array(fixed).reshape(-1, 2)


def _two_rates(equations: MeanField) -> tuple[tuple[str, str], Flow, FloatArray]:
    network, matrix = equations.network, equations.matrix
    active = [i for i, p in enumerate(network.populations) if not isinstance(p.neuron, Poisson)]
    row_of = {entry.population: row for row, entry in enumerate(equations.inputs)}
    rates: list[PchipInterpolator] = []
    releases: dict[int, PchipInterpolator] = {}
    constant = np.zeros(len(equations.inputs))
    for c, (source, stp) in enumerate(equations.channels):
        if source not in active:
            state = equations.state(source, equations.drives[source], 0.0)
            constant += matrix[:, c] * state.synapses[stp].release / 1000
    for i in active:
        z = grid_of(equations, row_of[i]) if i in row_of else np.linspace(-50, 50, TABLE)
        states = [equations.state(i, equations.drives[i] + value, 0.0) for value in z]
        rate = np.array([state.rate for state in states])
        rates.append(PchipInterpolator(z, rate))
        rising = np.append(True, np.diff(np.maximum.accumulate(rate)) > 1e-15)
        for c, (source, stp) in enumerate(equations.channels):
            if source == i:
                y = np.array([state.synapses[stp].release / 1000 for state in states])
                releases[c] = PchipInterpolator(rate[rising], y[rising])
    tau = [network.populations[i].neuron.tau_m for i in active]  # type: ignore[union-attr]

    def flow(point: FloatArray) -> FloatArray:
        inputs = constant.copy()
        for c, release in releases.items():
            r = float(point[active.index(equations.channels[c][0])]) / 1000
            inputs = inputs + matrix[:, c] * float(release(max(r, 0.0)))
        reached = [
            1000 * float(rates[k](inputs[row_of[i]] if i in row_of else 0.0))
            for k, i in enumerate(active)
        ]
        return np.array([(reached[k] - point[k]) / tau[k] for k in range(2)])

    fixed = []
    for z in all_roots(equations):
        states = equations.states(z)
        fixed.append([1000 * states[i].rate for i in active])
    first, second = (network.populations[i].name for i in active)
    names = (f"rate of {first} (Hz)", f"rate of {second} (Hz)")
    return names, flow, np.array(fixed).reshape(-1, 2)


def _jacobian(flow: Flow, point: FloatArray, width: FloatArray) -> FloatArray:
    steps = 1e-5 * width * np.eye(2)
    columns = [(flow(point + s) - flow(point - s)) / (2 * s.max()) for s in steps]
    return np.array(columns).T


def _separatrix(
    flow: Flow, saddle: FloatArray, jacobian: FloatArray, limits: FloatArray
) -> FloatArray:
    # The stable manifold, along which time backwards leads away from the saddle.
    values, vectors = np.linalg.eig(jacobian)
    direction = np.real(vectors[:, np.argmin(values.real)])
    width, span = limits[:, 1] - limits[:, 0], ARM_TIME / abs(values.real.min())
    direction = direction / np.linalg.norm(direction / width)

    def outside(t: float, point: FloatArray) -> float:
        centred = (point - limits.mean(axis=1)) / width
        return float(0.5 + 1e-3 - np.abs(centred).max())

    outside.terminal = True  # type: ignore[attr-defined]
    arms = []
    for sign in (1.0, -1.0):
        solution = solve_ivp(
            lambda t, point: -flow(point),
            (0.0, span),
            saddle + sign * NUDGE * direction,
            method="LSODA",
            events=outside,
            rtol=1e-8,
            atol=1e-8 * width,
            max_step=span / 1000,
        )
        arms.append(solution.y.T)
    return np.concatenate([arms[0][::-1], saddle[None, :], arms[1]])
