"""Seeds of the random numbers."""

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


def entropy(sequence: np.random.SeedSequence) -> int | tuple[int, ...]:
    """The entropy of a sequence in plain numbers."""
    words = sequence.entropy
    if isinstance(words, Sequence):
        return tuple(int(word) for word in words)
    assert words is not None  # drawn by numpy if it was not given
    return int(words)
