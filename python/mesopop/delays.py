"""Delays that differ between the synapses of a projection."""

from __future__ import annotations

from attrs import field, frozen

from mesopop.arrays import (
    FloatArray,
    Rebuilt,
    read_only,
    require_array,
    require_ascending,
    short_repr,
    value_key,
)

# A synapse names its delay in 8 bits.
MOST_DELAYS = 256


@frozen
class DelayDistribution(Rebuilt):
    """Delays drawn for every synapse from a discrete distribution.

    At the mesoscopic level each spike arrives at every delay with its share, which is the mean over
    the synapses.

    Parameters
    ----------
    delays : array_like, shape (n,)
        ms, >= 0, ascending, multiples of the time step of a simulation; at most 256.
    probabilities : array_like, shape (n,)
        Of each delay, >= 0, adding up to 1.

    Raises
    ------
    ValueError
        If a number is out of bounds or order, the lengths differ, or the probabilities do not add
        up to 1.
    TypeError
        If either is not an array of plain numbers.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.DelayDistribution([1.0, 1.5, 2.0], [0.25, 0.5, 0.25]).mean
    1.5
    """

    delays: FloatArray = field(converter=read_only, eq=value_key, repr=short_repr)
    probabilities: FloatArray = field(converter=read_only, eq=value_key, repr=short_repr)

    def __attrs_post_init__(self) -> None:
        require_array("delays", self.delays, "ms", ge=0)
        require_ascending("delays", self.delays, "ms", strictly=True)
        require_array("probabilities", self.probabilities, ge=0, le=1)
        if len(self.delays) > MOST_DELAYS:
            raise ValueError(f"delays must be at most {MOST_DELAYS}, got {len(self.delays)}")
        if len(self.delays) != len(self.probabilities):
            raise ValueError(
                f"length of probabilities ({len(self.probabilities)}) must match "
                f"length of delays ({len(self.delays)})"
            )
        total = float(self.probabilities.sum())
        if abs(total - 1) > 1e-9:
            raise ValueError(f"probabilities must add up to 1, got {total!r}")

    @property
    def mean(self) -> float:
        """Mean delay, ms."""
        return float(self.delays @ self.probabilities)
