"""Seeds of random numbers: `numpy.random.SeedSequence` and its entropy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mesopop.validation import require_integer


def seed_sequence(seed: int | np.random.SeedSequence | None) -> np.random.SeedSequence:
    """The sequence of a seed; None draws entropy."""
    if isinstance(seed, np.random.SeedSequence):
        return seed
    if seed is not None:
        seed = require_integer("seed", seed, ge=0)
    return np.random.SeedSequence(seed)


def entropy_of(sequence: np.random.SeedSequence) -> int | tuple[int, ...]:
    """The entropy of a sequence in plain integers."""
    entropy = sequence.entropy
    if isinstance(entropy, Sequence):
        return tuple(int(word) for word in entropy)
    assert entropy is not None  # drawn by numpy if it was not given
    return int(entropy)
