"""Tsodyks-Markram parameters in time steps."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np


class Plasticity:
    """What relaxation over a step and a spike do to u and x.

        relaxation   u - U0 and x - 1 are multiplied by decay_u and decay_x
        spike        releases u x, then u -> u + U (1 - u) and x -> x - depletion u x

    A time constant of 0 relaxes at once: the jump is over when it happens, and u = U0 or x = 1
    always. So U is then 0, or the depletion, which is otherwise 1.

    Where parameters are given neuron by neuron, so are these.
    """

    @classmethod
    def of_sets(cls, sets: Sequence, dt: float) -> Plasticity:
        """Of several sets of parameters: arrays by set."""
        names = ("U0", "U", "tau_d", "tau_f")
        together = {name: np.array([getattr(stp, name) for stp in sets], float) for name in names}
        return cls(SimpleNamespace(**together), dt)

    def __init__(self, stp, dt: float):
        self.U0 = stp.U0
        self.U = np.where(stp.tau_f > 0, stp.U, 0.0)[()]
        self.depletion = np.where(stp.tau_d > 0, 1.0, 0.0)[()]
        with np.errstate(divide="ignore"):
            self.decay_u = np.exp(-np.divide(dt, stp.tau_f))
            self.decay_x = np.exp(-np.divide(dt, stp.tau_d))
