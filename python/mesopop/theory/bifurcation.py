"""How the fixed points of a network change with a parameter: branches, folds and Hopf points."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import attrs
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mesopop.analysis.report import Table, counted, significant
from mesopop.arrays import FloatArray
from mesopop.network import Network
from mesopop.parameter_path import parameter, with_parameter
from mesopop.theory.continuation import Curve, CurvePoint
from mesopop.theory.fixed_points import FixedPoint, point_at
from mesopop.theory.mean_field import MeanField, mean_field
from mesopop.theory.root_search import all_roots
from mesopop.validation import require_integer, require_number

SAME = 1e-4  # distance below which two points of branches are one, in units of the scales


@frozen(kw_only=True, eq=False)
class Branch:
    """A curve of fixed points.

    Parameters
    ----------
    parameter : ndarray, shape (points,)
    rate : dict of population to ndarray, shape (points,)
        Hz.
    potential : dict of population to ndarray, shape (points,)
        mV, as of `FixedPoint`.
    stable : ndarray of bool, shape (points,)
    points : tuple of FixedPoint
    """

    parameter: FloatArray
    rate: dict[str, FloatArray]
    potential: dict[str, FloatArray]
    stable: NDArray[np.bool_]
    points: tuple[FixedPoint, ...] = attrs.field(repr=False)


@frozen(kw_only=True, eq=False)
class Bifurcation:
    """A point where fixed points appear, or change their stability.

    Parameters
    ----------
    kind : {"fold", "Hopf"}
        Two fixed points meet; or an oscillation grows or decays around one.
    parameter : float
    point : FixedPoint
    frequency : float
        Of the oscillation, Hz; nan at folds.
    """

    kind: Literal["fold", "Hopf"]
    parameter: float
    point: FixedPoint
    frequency: float


@frozen(kw_only=True, eq=False, repr=False)
class BifurcationDiagram:
    """Branches of fixed points over one parameter.

    Parameters
    ----------
    network : Network
    path : str
        Of the parameter.
    closure : str
    dt : float or None
        ms; None for continuous time.
    branches : tuple of Branch
    bifurcations : tuple of Bifurcation
        In ascending order of the parameter.
    """

    network: Network
    path: str
    closure: str
    dt: float | None
    branches: tuple[Branch, ...]
    bifurcations: tuple[Bifurcation, ...]

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_html_(self) -> str:
        return self._table().html()

    def _table(self) -> Table:
        names = [population.name for population in self.network.populations][:3]
        rows = [
            [
                bifurcation.kind,
                significant(bifurcation.parameter, 5),
                *(significant(bifurcation.point.rate[name], 4) for name in names),
                "" if math.isnan(bifurcation.frequency) else significant(bifurcation.frequency, 3),
            ]
            for bifurcation in self.bifurcations
        ]
        values = np.concatenate([branch.parameter for branch in self.branches] or [np.zeros(1)])
        where = f"{self.path} from {values.min():g} to {values.max():g}"
        branches = f"{len(self.branches)} branch{'es' if len(self.branches) != 1 else ''}"
        found = counted(len(rows), "bifurcation")
        return Table(
            title=f"{branches}, {found}: {where} ({self.closure} closure)",
            lines=[],
            header=["", "at", *(f"{name} (Hz)" for name in names), "oscillation (Hz)"],
            rows=rows,
            notes=[],
        )


def bifurcation_diagram(
    network: Network,
    path: str,
    start: float,
    stop: float,
    *,
    closure: str | None = None,
    dt: float | None = None,
    searches: int = 5,
    largest_rate: float = 1000.0,
) -> BifurcationDiagram:
    """Fixed points of a network for every value of one parameter in a range.

    At a few values all fixed points are searched for; each is followed in both directions, through
    folds, until its branch leaves the range or closes.

    Parameters
    ----------
    network : Network
    path : str
        A parameter that is a number; see `with_parameter`.
    start, stop : float
        The range, start < stop.
    closure, dt, largest_rate
        As of `fixed_points`.
    searches : int
        Values at which branches are searched for, evenly over the range, >= 2. A branch that lives
        between two of them is missed.

    Returns
    -------
    BifurcationDiagram

    Raises
    ------
    ValueError
        If the network has no such parameter or it cannot take these values, or an argument of
        `fixed_points` is wrong.
    TypeError
        If the parameter is not a number.
    ArithmeticError
        If a branch is lost, or does not end.

    Notes
    -----
    Stability is that of continuous time (see `fixed_points`); folds are where a branch turns, Hopf
    points where a pair of eigenvalues crosses the imaginary axis.

    Examples
    --------
    >>> import mesopop as mp
    >>> net = mp.presets.load("lnp-up-down")
    >>> mp.theory.bifurcation_diagram(net, "populations.E.drive", -6, 2, closure="first_order")
    2 branches, 1 bifurcation: populations.E.drive from -6 to 2 (first_order
    closure)
             at        E (Hz)   oscillation (Hz)
      fold   -2.6913   1.513
    """
    start = require_number("start", start)
    stop = require_number("stop", stop, gt=start)
    searches = require_integer("searches", searches, ge=2)
    if not isinstance(parameter(network, path), float):
        raise TypeError(f"{path} must be a number to be varied, got {parameter(network, path)!r}")
    # Both ends are checked before anything runs.
    first, _ = (
        mean_field(
            with_parameter(network, path, value), closure=closure, dt=dt, largest_rate=largest_rate
        )
        for value in (start, stop)
    )

    def equations(value: float) -> MeanField:
        return attrs.evolve(first, network=with_parameter(network, path, value))

    if not first.inputs:
        raise ValueError(
            "network must have projections: without them rates are those of theory.rate"
        )
    seeds = [
        (z, value)
        for value in map(float, np.linspace(start, stop, searches))
        for z in all_roots(equations(value))
    ]
    spread = np.ptp([z for z, _ in seeds], axis=0) if seeds else np.ones(len(first.inputs))
    curve = Curve(
        excess=lambda z, value: equations(value).excess(z),
        low=start,
        high=stop,
        scale=np.maximum(spread, 1.0),
    )
    branches: list[Branch] = []
    bifurcations: list[Bifurcation] = []
    traced: list[list[CurvePoint]] = []
    for z, value in seeds:
        if any(_lies_on(curve.position(z, value), points) for points in traced):
            continue
        points = _both_ways(curve, z, value)
        traced.append(points)
        branch, found = _described(curve, points, equations)
        branches.append(branch)
        bifurcations += found
    return BifurcationDiagram(
        network=network,
        path=path,
        closure=first.closure,
        dt=first.dt,
        branches=tuple(branches),
        bifurcations=tuple(sorted(bifurcations, key=lambda b: b.parameter)),
    )


def _both_ways(curve: Curve, z: FloatArray, value: float) -> list[CurvePoint]:
    up, down = [], []
    if value < curve.high:
        up = curve.follow(z, value, 1.0)
        if len(up) > 1 and up[-1] is up[0]:  # closed
            return up
    if value > curve.low:
        down = curve.follow(z, value, -1.0)
    # One direction all along.
    backwards = [CurvePoint(point.position, -point.tangent) for point in reversed(down)]
    return [*backwards[:-1], *up] if up and down else backwards or up


def _lies_on(position: FloatArray, points: list[CurvePoint]) -> bool:
    # Near one of the segments between neighbours, whose curvature is known to be small.
    line = np.array([point.position for point in points])
    if len(line) < 2:
        return False
    along = np.diff(line, axis=0)
    length = np.maximum((along**2).sum(axis=1), 1e-30)
    share = np.clip(((position - line[:-1]) * along).sum(axis=1) / length, 0, 1)
    distance = np.linalg.norm(line[:-1] + share[:, None] * along - position, axis=1)
    # A turn by LARGEST_TURN over a step lifts the curve off the segment by an eighth of both.
    return bool(np.any(distance < SAME + 0.05 * np.sqrt(length)))


def _described(
    curve: Curve, points: list[CurvePoint], equations: Callable[[float], MeanField]
) -> tuple[Branch, list[Bifurcation]]:
    def state(point: CurvePoint) -> FixedPoint:
        value = min(max(curve.parameter(point.position), curve.low), curve.high)
        return point_at(equations(value), curve.inputs(point.position))

    states = [state(point) for point in points]
    bifurcations = []
    for (last, new), (before, after) in zip(pairwise(points), pairwise(states), strict=True):
        if last.tangent[-1] * new.tangent[-1] < 0:
            fold = curve.crossing(last, new, lambda point: float(point.tangent[-1]))
            bifurcations.append(_bifurcation("fold", curve, fold, state(fold), math.nan))
        if _oscillating(before) * _oscillating(after) < 0:
            hopf = curve.crossing(last, new, lambda point: _oscillating(state(point)))
            found = state(hopf)
            pair = _leading_pair(found)
            # Not where a pair becomes two real eigenvalues.
            if pair is not None and abs(pair.real) < 1e-3 * abs(pair):
                frequency = 1000 * abs(pair.imag) / (2 * math.pi)
                bifurcations.append(_bifurcation("Hopf", curve, hopf, found, frequency))
    names = list(states[0].rate)
    branch = Branch(
        parameter=np.array([curve.parameter(point.position) for point in points]),
        rate={name: np.array([s.rate[name] for s in states]) for name in names},
        potential={name: np.array([s.potential[name] for s in states]) for name in names},
        stable=np.array([s.stable for s in states]),
        points=tuple(states),
    )
    return branch, bifurcations


def _bifurcation(
    kind: Literal["fold", "Hopf"], curve: Curve, at: CurvePoint, state: FixedPoint, frequency: float
) -> Bifurcation:
    value = curve.parameter(at.position)
    return Bifurcation(kind=kind, parameter=value, point=state, frequency=frequency)


def _leading_pair(state: FixedPoint) -> complex | None:
    pairs = state.eigenvalues[state.eigenvalues.imag > 0]
    return complex(pairs[np.argmax(pairs.real)]) if pairs.size else None


def _oscillating(state: FixedPoint) -> float:
    # Growth rate of the oscillation that decays least.
    pair = _leading_pair(state)
    return -1.0 if pair is None else pair.real
