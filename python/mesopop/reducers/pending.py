"""Bins that wait until there are enough of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from attrs import define, field

from mesopop.reducers.reducer import Floats


@define(eq=False)
class Pending:
    """Cuts blocks into pieces that begin at the same bins however the recording is divided.

    Floating-point sums over such pieces do not depend on the blocks.

    Attributes
    ----------
    values : ndarray, shape (..., bins)
        What waits.
    """

    values: Floats = field(factory=lambda: np.empty(0))

    def chunks(self, values: Floats, length: int, step: int | None = None) -> Iterator[Floats]:
        """Add bins; yield all pieces of `length` bins, each `step` (default `length`) on."""
        step = length if step is None else step
        whole = np.concatenate([self.values, values], axis=-1) if self.values.size else values
        start = 0
        while start + length <= whole.shape[-1]:
            yield whole[..., start : start + length]
            start += step
        self.values = whole[..., start:].copy()
