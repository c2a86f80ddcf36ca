"""Random connectivity: which neurons of two populations are connected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from attrs import field, frozen

from mesopop.delays import DelayDistribution
from mesopop.explicit_connections import ExplicitConnections
from mesopop.validation import instance_of

if TYPE_CHECKING:
    from mesopop.network import Population, Projection

# How far from a whole number an in-degree may be by rounding, relative to itself.
_ROUNDING = 1e-9


@frozen(kw_only=True)
class Bernoulli:
    """Every connection exists with the probability of the projection, independently of all others.

    Parameters
    ----------
    self_connections : bool
        Whether neurons may be connected to themselves, if the projection is from a population
        onto itself. Without them, neurons have one candidate less, and probability * (N - 1) inputs
        on average.

    Raises
    ------
    TypeError
        If an argument is not a bool.

    Examples
    --------
    >>> import mesopop as mp
    >>> recurrent = mp.Projection("E", "E", weight=0.2, probability=0.1,
    ...                            connectivity=mp.Bernoulli(self_connections=False))
    >>> recurrent.connectivity
    Bernoulli(self_connections=False)
    """

    self_connections: bool = field(default=True, validator=instance_of(bool))


@frozen(kw_only=True)
class FixedInDegree:
    """Every neuron receives the same number of connections, from neurons drawn at random.

    The in-degree is K = probability * N, with N the size of the source, whatever the options; it
    must be a whole number.

    Parameters
    ----------
    self_connections : bool
        Whether neurons may be connected to themselves, if the projection is from a population
        onto itself.
    multapses : bool
        Whether a neuron may be connected to another several times: the K are then drawn with
        replacement, otherwise without.

    Raises
    ------
    TypeError
        If an argument is not a bool.

    Examples
    --------
    >>> import mesopop as mp
    >>> thousand = mp.Projection("E", "E", weight=0.05, probability=0.1,  # of 10,000
    ...                          connectivity=mp.FixedInDegree(multapses=False))
    >>> thousand.connectivity
    FixedInDegree(self_connections=True, multapses=False)
    """

    self_connections: bool = field(default=True, validator=instance_of(bool))
    multapses: bool = field(default=True, validator=instance_of(bool))


CONNECTIVITIES = (Bernoulli, FixedInDegree, ExplicitConnections)
Connectivity = Bernoulli | FixedInDegree | ExplicitConnections


def in_degree(projection: Projection, source: Population) -> int:
    """Number of connections that every neuron receives from FixedInDegree.

    Raises
    ------
    ValueError
        If it is not a whole number.
    """
    exact = projection.probability * source.size
    nearest = round(exact)
    if abs(exact - nearest) > _ROUNDING * max(1.0, exact):
        raise ValueError(
            f"in-degree = probability * size of the source must be a whole number, "
            f"got {projection.probability!r} * {source.size} = {exact:.12g}"
        )
    return nearest


def check_connectivity(projection: Projection, source: Population, target: Population) -> None:
    """Check that the connectivity of a projection can be realised.

    Raises
    ------
    ValueError
        If an in-degree is not a whole number or exceeds the candidates, or an explicit matrix does
        not fit the populations.
    """
    match projection.connectivity:
        case ExplicitConnections() as explicit:
            if projection.probability != 1:
                raise ValueError(
                    "probability must be 1 with ExplicitConnections, which say themselves what is "
                    f"connected, got {projection.probability!r}"
                )
            sizes = (target.size, source.size)
            if explicit.matrix.shape != sizes:
                raise ValueError(
                    f"matrix must have shape (size of the target, size of the source) = {sizes}, "
                    f"got {explicit.matrix.shape}"
                )
        case FixedInDegree() as fixed:
            degree = in_degree(projection, source)
            excluded = int(source.name == target.name and not fixed.self_connections)
            candidates = source.size - excluded
            if degree > candidates and not (fixed.multapses and candidates > 0):
                raise ValueError(
                    f"in-degree must be <= {candidates}, the number of candidates "
                    f"({'without' if excluded else 'with'} the neuron itself), got {degree}"
                )


def mean_connection(projection: Projection, source: Population, target: Population) -> float:
    """Mean over all pairs of neurons of the weight of their connection, relative to `weight`."""
    match projection.connectivity:
        case ExplicitConnections() as explicit:
            return explicit.matrix.mean
        case Bernoulli(self_connections=False) if source.name == target.name:
            return projection.probability * (1 - 1 / source.size)
    return projection.probability


def _connects_all(projection: Projection) -> bool:
    rule = projection.connectivity or Bernoulli()
    if not isinstance(rule, Bernoulli) or projection.probability < 1:
        return False
    return rule.self_connections or projection.source != projection.target


def inputs_differ(projection: Projection) -> bool:
    """Whether the neurons of the target receive different spikes, or at different times."""
    one_delay = not isinstance(projection.delay, DelayDistribution) or (
        len(projection.delay.delays) == 1
    )
    return not (_connects_all(projection) and one_delay)


def compiled_connectivity(projection: Projection, source: Population) -> dict[str, Any]:
    """What the compiled core reads."""
    match projection.connectivity:
        case ExplicitConnections() as explicit:
            return {"kind": "given", **explicit.matrix.by_target()}
        case FixedInDegree() as fixed:
            degree = in_degree(projection, source)
            return {"kind": "fixed_in_degree", "in_degree": degree, **attrs.asdict(fixed)}
    if _connects_all(projection):
        return {"kind": "all_to_all"}
    bernoulli = projection.connectivity or Bernoulli()
    return {
        "kind": "bernoulli",
        "probability": projection.probability,
        "self_connections": bernoulli.self_connections,
    }
