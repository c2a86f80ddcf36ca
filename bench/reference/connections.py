"""Which neurons of two populations are connected, and with which delays."""

from __future__ import annotations

import numpy as np

from .draws import Draws
from .time_grid import whole_steps


def delays_of(projection, dt: float) -> list[tuple[int, float]]:
    """Delays in steps, each with its probability."""
    if type(projection.delay).__name__ == "DelayDistribution":
        given = zip(projection.delay.delays, projection.delay.probabilities, strict=True)
        return [(whole_steps("delay", delay, dt), probability) for delay, probability in given]
    return [(whole_steps("delay", projection.delay, dt), 1.0)]


def explicit_matrix(projection) -> np.ndarray | None:
    """Given weights, targets x sources, relative to that of the projection."""
    if type(projection.connectivity).__name__ != "ExplicitConnections":
        return None
    given = projection.connectivity.matrix
    matrix = np.zeros(given.shape)
    matrix[given.targets, given.sources] = given.weights
    return matrix


def excludes_self(projection) -> bool:
    """Whether neurons are never connected to themselves."""
    recurrent = projection.source == projection.target
    return recurrent and not getattr(projection.connectivity, "self_connections", True)


def mean_connection(projection, n_sources: int) -> float:
    """Mean weight over all pairs of neurons, relative to that of the projection."""
    matrix = explicit_matrix(projection)
    if matrix is not None:
        return matrix.mean()
    fixed = type(projection.connectivity).__name__ == "FixedInDegree"
    if excludes_self(projection) and not fixed:
        return projection.probability * (n_sources - 1) / n_sources
    return projection.probability


def all_to_all(projection) -> bool:
    """Whether all neurons of the target receive the same."""
    several_delays = type(projection.delay).__name__ == "DelayDistribution" and (
        len(projection.delay.delays) > 1
    )
    kind = type(projection.connectivity).__name__
    return (
        kind in ("NoneType", "Bernoulli")
        and projection.probability == 1
        and not excludes_self(projection)
        and not several_delays
    )


def connection_matrices(network, number: int, dt: float, draws: Draws) -> dict[int, np.ndarray]:
    """For each delay (steps), the weights of the synapses that have it, targets x sources, in mV."""
    projection = network.projections[number]
    size = {p.name: p.size for p in network.populations}
    n_targets, n_sources = size[projection.target], size[projection.source]
    delays, probabilities = zip(*delays_of(projection, dt), strict=True)
    distribution = np.cumsum(probabilities)
    explicit = explicit_matrix(projection)
    found = {delay: np.zeros((n_targets, n_sources)) for delay in delays}
    for target in range(n_targets):
        if explicit is None:
            sources = presynaptic(projection, number, target, n_sources, draws)
            weights = np.ones(len(sources))
        else:
            sources = np.flatnonzero(explicit[target])
            weights = explicit[target, sources]
        which = np.zeros(len(sources), int)
        if len(delays) > 1:
            uniforms = draws.delay_uniforms(number, target, len(sources)) * distribution[-1]
            which = np.searchsorted(distribution[:-1], uniforms, side="right")
        for i, delay in enumerate(delays):
            # Of several connections between the same two neurons, each adds up.
            here = which == i
            np.add.at(found[delay][target], sources[here], projection.weight * weights[here])
    return found


def presynaptic(projection, number: int, target: int, n_sources: int, draws: Draws) -> np.ndarray:
    """The neurons that project onto a target."""
    without = [target] if excludes_self(projection) else []
    candidates = np.delete(np.arange(n_sources), without)
    p = projection.probability
    if type(projection.connectivity).__name__ == "FixedInDegree":
        in_degree = round(p * n_sources)
        uniforms = draws.connection_uniforms(number, target, in_degree)
        if projection.connectivity.multapses:
            return candidates[np.floor(uniforms * len(candidates)).astype(int)]
        return candidates[random_subset(len(candidates), uniforms)]
    if p in (0, 1):
        return candidates[: int(p) * len(candidates)]
    # The candidates passed over before each connection have a geometric distribution.
    exponentials = draws.connection_exponentials(number, target, len(candidates) + 1)
    passed_over = np.floor(np.minimum(-exponentials / np.log1p(-p), n_sources)).astype(int)
    position = np.cumsum(passed_over + 1) - 1
    return candidates[position[position < len(candidates)]]


def random_subset(n: int, uniforms: np.ndarray) -> np.ndarray:
    """As many different numbers below `n` as there are uniforms, in the order drawn (Floyd)."""
    chosen: list[int] = []
    for end, uniform in enumerate(uniforms, start=n - len(uniforms) + 1):
        candidate = int(uniform * end)
        chosen.append(end - 1 if candidate in chosen else candidate)
    return np.array(chosen, int)
