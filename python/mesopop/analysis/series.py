"""What the analysis accepts as a series, and how it refuses the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def require_series(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return `values` as float64, shape (bins,) or (trials, bins), all finite."""
    if hasattr(values, "rescale"):
        # A unit must not be dropped without a word.
        raise TypeError(f"{name} must be plain numbers, got a {type(values).__name__} with units")
    try:
        array = np.asanyarray(values)
    except ValueError:
        raise ValueError(
            f"{name} must be one series of numbers, or trials of equally many bins"
        ) from None
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of real numbers, got dtype {array.dtype}")
    # Nor must what a masked array hides be read as data.
    array = np.asarray(np.ma.filled(array.astype(np.float64, copy=False), np.nan))
    if array.ndim not in (1, 2):
        raise ValueError(
            f"{name} must have 1 (bins) or 2 (trials, bins) dimensions, got shape {array.shape}"
        )
    if array.shape[0] == 0 or array.shape[-1] < 2:
        raise ValueError(f"{name} must have at least 1 trial and 2 bins, got shape {array.shape}")
    finite = np.isfinite(array)
    if not finite.all():
        where = np.unravel_index(int(np.argmin(finite)), array.shape)
        trial = f"trial {where[0]}, " if array.ndim == 2 else ""
        raise ValueError(f"{name} must be finite, got {array[where]} in {trial}bin {where[-1]}")
    return array


def require_like_rate(name: str, values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return a series that goes with `rate`, bin by bin."""
    array = require_series(name, values)
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape of rate, {shape}, got {array.shape}")
    return array


def require_times(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return durations (ms) as float64, shape (n,), all finite and >= 0; there may be none."""
    if hasattr(values, "rescale"):
        raise TypeError(f"{name} must be plain numbers (ms), got a {type(values).__name__}")
    array = np.asarray(np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan))
    if array.ndim != 1:
        raise ValueError(f"{name} must have 1 dimension, got shape {array.shape}")
    good = np.isfinite(array) & (array >= 0)
    if not good.all():
        where = int(np.argmin(good))
        raise ValueError(f"{name} must be finite and >= 0 ms, got {array[where]} ms at {where}")
    return array
