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
    """Age (steps) from which a neuron's last spike is forgotten.

    That is t_ref and, for the potential and each kernel of adaptation, 5 time constants, or the time
    until delta_u/10 is left of the distance from reset to threshold, and delta_u/500 of four times the
    amplitude.
    """
    relaxations = [(neuron.tau_m, 10 * (neuron.v_th - neuron.v_reset))]
    for k in getattr(neuron, "adaptation", ()):
        relaxations += [(k.tau, 500 * 4 * abs(k.amplitude))] if k.amplitude else []
    longest = max(tau * max(5, math.log(x / neuron.delta_u)) for tau, x in relaxations)
    return math.ceil((neuron.t_ref + longest) / dt - TOLERANCE)


def step_of_spike(times: np.ndarray, dt: float) -> np.ndarray:
    """Step of each given spike time: step k covers k dt < t <= (k+1) dt, and step 0 also t = 0."""
    return np.maximum(np.ceil(np.asarray(times) / dt - TOLERANCE).astype(np.int64) - 1, 0)
