"""All fixed points of a network: a scan of one or two unknowns, many starts for more of them."""

from __future__ import annotations

import itertools

import numpy as np
from attrs import frozen
from scipy.optimize import brentq, minimize_scalar, root

from mesopop.arrays import FloatArray
from mesopop.neurons import LIF, LNP
from mesopop.theory.mean_field import MeanField, in_continuous_time
from mesopop.transfer import Softplus

RESOLUTION = 0.1  # of the scan around the threshold, in widths of it
POINTS = 160  # of it on either side of the threshold, at growing distances
TOLERANCE = 1e-9  # of the inputs of a fixed point, relative to their range
DIFFERENT = 1e-5  # two fixed points, likewise
STARTS = 600  # of the search in three and more unknowns


def all_roots(equations: MeanField) -> list[FloatArray]:
    """Inputs that reproduce themselves, in ascending order of the first."""

    def slow_enough(z: FloatArray) -> bool:
        # Bounds of inputs do not bound rates if synapses deplete.
        rates = [1000 * state.rate for state in equations.states(z)]
        return max(rates) <= equations.largest_rate

    return [z for z in _roots_within_bounds(equations) if slow_enough(z)]


def _roots_within_bounds(equations: MeanField) -> list[FloatArray]:
    unknowns = equations.inputs
    if not unknowns:
        return [np.empty(0)]
    if len(unknowns) == 1:
        return _scan_line(equations)
    if len({entry.population for entry in unknowns}) < len(unknowns):
        # Jumps and currents: those of continuous time, where both are one, lead the way.
        starts = [_split(equations, z) for z in all_roots(in_continuous_time(equations))]
        return _refined(equations, starts)
    tables = _Tables.of(equations)
    starts = tables.scan_plane() if len(unknowns) == 2 else tables.random_starts()
    return _refined(equations, starts)


def grid_of(equations: MeanField, unknown: int) -> FloatArray:
    """Values of one input, dense where the population begins to fire."""
    low, high = (bound[unknown] for bound in equations.bounds())
    entry = equations.inputs[unknown]
    neuron = equations.network.populations[entry.population].neuron
    pivot, width = 0.0, 1.0
    if isinstance(neuron, LIF):
        pivot, width = neuron.v_th, neuron.delta_u
    elif isinstance(neuron, LNP):
        f = neuron.transfer
        pivot, width = (0.0, f.alpha) if isinstance(f, Softplus) else (f.v_th, f.delta_u)
    # Inputs in mV of mean potential.
    scale = 1.0
    if entry.kind == "jump" and equations.dt is not None:
        assert isinstance(neuron, (LIF, LNP))
        scale = equations.dt / neuron.tau_m
    centre = (pivot - equations.drives[entry.population]) * scale
    step = RESOLUTION * width * scale
    reach = max(high - centre, centre - low, step)
    growth = np.arcsinh(reach / step)
    spread = step * np.sinh(np.linspace(-growth, growth, 2 * POINTS + 1))
    points = np.concatenate([centre + spread, np.linspace(low, high, POINTS + 1)])
    margin = 1e-6 * (high - low) + 1e-12
    return np.unique(np.clip(points, low - margin, high + margin))


def _scan_line(equations: MeanField) -> list[FloatArray]:
    def excess(z: float) -> float:
        return float(equations.excess(np.array([z]))[0])

    grid = grid_of(equations, 0)
    values = np.array([excess(z) for z in grid])
    intervals = [(i, i + 1) for i in range(len(grid) - 1) if values[i] * values[i + 1] < 0]
    brackets = [(grid[i], grid[j]) for i, j in intervals]
    # Where the excess almost vanishes between points of equal sign there may be two roots.
    size, sign = np.abs(values), np.sign(values)
    for i in range(1, len(grid) - 1):
        if sign[i - 1] == sign[i] == sign[i + 1] and size[i] <= min(size[i - 1], size[i + 1]):
            bounds = (grid[i - 1], grid[i + 1])
            lowest = minimize_scalar(
                lambda z, s=sign[i]: s * excess(z), bounds=bounds, method="bounded"
            )
            if lowest.fun < 0:
                brackets += [(bounds[0], lowest.x), (lowest.x, bounds[1])]
    scale = grid[-1] - grid[0]
    found = [brentq(excess, a, b, xtol=1e-14 * scale, rtol=1e-14) for a, b in sorted(brackets)]
    return [np.array([z]) for z in sorted([*found, *grid[values == 0]])]


@frozen
class _Tables:
    # What each channel releases as a function of the one input of its population. The equations are
    # sums of these: however many unknowns, tables of one variable give them all.
    equations: MeanField
    grids: list[FloatArray]
    releases: list[FloatArray]  # by unknown, shape (channels of the population, points)
    channels: list[list[int]]
    constant: FloatArray  # what comes from populations without unknown inputs, mV

    @classmethod
    def of(cls, equations: MeanField) -> _Tables:
        unknown_of = {entry.population: i for i, entry in enumerate(equations.inputs)}
        grids = [grid_of(equations, i) for i in range(len(equations.inputs))]
        channels: list[list[int]] = [[] for _ in grids]
        constant = np.zeros(len(grids))
        for c, (population, stp) in enumerate(equations.channels):
            if population in unknown_of:
                channels[unknown_of[population]].append(c)
            else:
                state = equations.state(population, equations.drives[population], 0.0)
                constant += equations.matrix[:, c] * state.synapses[stp].release / 1000
        releases = [_table(equations, i, grid, channels[i]) for i, grid in enumerate(grids)]
        return cls(equations, grids, releases, channels, constant)

    def effect(self, target: int, source: int) -> FloatArray:
        """Input of one unknown that comes from the population of another, on the latter's grid."""
        columns = self.equations.matrix[target, self.channels[source]]
        return np.asarray(columns @ self.releases[source])

    def scan_plane(self) -> list[FloatArray]:
        first, second = self.grids
        excess = []
        for target, own in ((0, first[:, None]), (1, second[None, :])):
            caused = self.effect(target, 0)[:, None] + self.effect(target, 1)[None, :]
            excess.append(self.constant[target] + caused - own)
        # Cells in which both change sign.
        both = np.logical_and(*(_changes_sign(values) for values in excess))
        centres = [(grid[1:] + grid[:-1]) / 2 for grid in (first, second)]
        cells = np.argwhere(both)
        return [np.array([centres[0][i], centres[1][j]]) for i, j in cells]

    def random_starts(self) -> list[FloatArray]:
        n = len(self.grids)
        low = np.array([grid[0] for grid in self.grids])
        high = np.array([grid[-1] for grid in self.grids])
        tables = [
            (s, c, release)
            for s in range(n)
            for c, release in zip(self.channels[s], self.releases[s], strict=True)
        ]
        weights = self.equations.matrix[:, [c for _, c, _ in tables]]

        def excess(z: FloatArray) -> FloatArray:
            y = [np.interp(z[s], self.grids[s], release) for s, _, release in tables]
            return np.asarray(self.constant + weights @ y - z)

        rng = np.random.default_rng(0)
        corners = itertools.islice(itertools.product((0.0, 1.0), repeat=n), STARTS // 2)
        # Random points of the grids, which are dense where rates change.
        random = ([rng.choice(grid) for grid in self.grids] for _ in range(STARTS))
        starts = [*(low + np.array(c) * (high - low) for c in corners), *map(np.array, random)]
        found: list[FloatArray] = []
        for start in starts:
            result = root(excess, start, method="hybr")
            size = np.abs(result.fun) / (high - low)
            if size.max() < 1e-6 and _is_new(result.x, found, 10 * DIFFERENT * (high - low)):
                found.append(result.x)
        return found


def _table(equations: MeanField, unknown: int, grid: FloatArray, channels: list[int]) -> FloatArray:
    entry = equations.inputs[unknown]
    if not channels:
        return np.zeros((0, len(grid)))
    base = equations.drives[entry.population]
    columns = []
    for z in grid:
        drive, jump = (base + z, 0.0) if entry.kind == "drive" else (base, z)
        state = equations.state(entry.population, drive, jump)
        plasticities = [equations.channels[c][1] for c in channels]
        columns.append([state.synapses[stp].release / 1000 for stp in plasticities])
    return np.array(columns).T


def _changes_sign(values: FloatArray) -> FloatArray:
    corners = np.stack([values[:-1, :-1], values[1:, :-1], values[:-1, 1:], values[1:, 1:]])
    return np.asarray((corners.min(axis=0) <= 0) & (corners.max(axis=0) >= 0))


def _refined(equations: MeanField, starts: list[FloatArray]) -> list[FloatArray]:
    low, high = equations.bounds()
    scale = np.maximum(high - low, 1e-12)
    found: list[FloatArray] = []
    for start in starts:
        result = root(equations.excess, start, method="hybr", options={"xtol": 1e-13})
        converged = np.all(np.abs(result.fun) <= TOLERANCE * scale)
        if converged and _is_new(result.x, found, DIFFERENT * scale):
            found.append(result.x)
    return sorted(found, key=lambda z: tuple(z))


def _is_new(z: FloatArray, found: list[FloatArray], tolerance: FloatArray) -> bool:
    return not any(np.all(np.abs(z - other) <= tolerance) for other in found)


def _split(equations: MeanField, mean_drives: FloatArray) -> FloatArray:
    # From mean drives of continuous time to jumps and currents.
    continuous = in_continuous_time(equations)
    return np.asarray(equations.matrix @ continuous.releases(continuous.states(mean_drives)))
