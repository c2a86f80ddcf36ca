"""Tsodyks-Markram parameters in time steps."""

from __future__ import annotations

import math


class Plasticity:
    """What relaxation over a step and a spike do to u and x.

        relaxation   u - U0 and x - 1 are multiplied by decay_u and decay_x
        spike        releases u x, then u -> u + U (1 - u) and x -> x - depletion u x

    A time constant of 0 relaxes at once: the jump is over when it happens, and u = U0 or x = 1
    always. So U is then 0, or the depletion, which is otherwise 1.
    """

    def __init__(self, stp, dt: float):
        self.U0 = stp.U0
        self.U = stp.U if stp.tau_f > 0 else 0.0
        self.depletion = 1.0 if stp.tau_d > 0 else 0.0
        self.decay_u = math.exp(-dt / stp.tau_f) if stp.tau_f > 0 else 0.0
        self.decay_x = math.exp(-dt / stp.tau_d) if stp.tau_d > 0 else 0.0
