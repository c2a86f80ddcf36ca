"""Whole numbers of time steps."""

from __future__ import annotations

import math

import numpy as np

# Times are given as decimal numbers (0.3 ms with dt 0.1 ms): compare them with the grid only up to
# this fraction of a step.
TOLERANCE = 1e-6


def whole_steps(name: str, time: float, dt: float) -> int:
    """Number of steps in `time` (ms), which has to be a multiple of `dt`."""
    n = round(time / dt)
    if abs(time / dt - n) > TOLERANCE * max(1, n):
        raise ValueError(f"{name} must be a multiple of dt = {dt} ms, got {time} ms")
    return n


def history_steps(neuron, dt: float) -> int:
    """Age (steps) from which a neuron's last spike is forgotten: t_ref + 5 tau.

    tau is the longest of tau_m and, of GIF neurons, the time constants of their adaptation.
    """
    longest = max([neuron.tau_m, *(k.tau for k in getattr(neuron, "adaptation", ()))])
    relaxation = math.ceil(5 * longest / dt - TOLERANCE)
    return whole_steps("t_ref", neuron.t_ref, dt) + relaxation


def step_of_spike(times: np.ndarray, dt: float) -> np.ndarray:
    """Step of each given spike time: step k covers k dt < t <= (k+1) dt, and step 0 also t = 0."""
    return np.maximum(np.ceil(np.asarray(times) / dt - TOLERANCE).astype(np.int64) - 1, 0)
