"""Hazard (intensity of spiking, 1/ms) as a function of the potential (mV)."""

from __future__ import annotations

import numpy as np


def escape_hazard(potential, escape):
    """Of an LIF neuron or an `Exponential` transfer function.

    c exp((V - v_th) / delta_u), or with "softplus" c log2(1 + exp((V - v_th) / delta_u)).
    """
    exponent = (potential - escape.v_th) / escape.delta_u
    if getattr(escape, "escape", "exponential") == "softplus":
        relative = np.logaddexp(0, exponent) / np.log(2)
    else:
        relative = np.exp(exponent)
    return escape.rate_at_threshold * relative / 1000  # Hz -> 1/ms


def lnp_hazard(h, transfer):
    """Transfer function of an LNP neuron."""
    match type(transfer).__name__:
        case "Softplus":
            alpha = transfer.alpha
            return transfer.gain * alpha * np.logaddexp(0, h / alpha) / 1000
        case "Exponential":
            return escape_hazard(h, transfer)
        case other:
            raise ValueError(f"transfer must be Softplus or Exponential, got {other}")


def spike_probability(hazard_start, hazard_end, dt: float):
    """Probability of a spike in a step: 1 - exp(-H), H by the trapezoidal rule."""
    return -np.expm1(-(hazard_start + hazard_end) * dt / 2)
