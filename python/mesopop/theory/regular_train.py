"""Short-term plasticity under spikes at equal intervals, as experiments test it."""

from __future__ import annotations

import numpy as np

from mesopop.arrays import FloatArray
from mesopop.plasticity import TsodyksMarkram
from mesopop.theory.alike import require_alike_synapses
from mesopop.theory.synapse_moments import decay
from mesopop.validation import require_integer, require_number


def release_in_train(stp: TsodyksMarkram, rate: float, n_spikes: int) -> FloatArray:
    """u x released by each spike of a regular train that finds the synapses at rest.

    Parameters
    ----------
    stp : TsodyksMarkram
    rate : float
        Hz, > 0.
    n_spikes : int
        At least 1.

    Returns
    -------
    ndarray, shape (n_spikes,)

    Raises
    ------
    ValueError
        If a number is out of bounds.

    Examples
    --------
    >>> import mesopop as mp
    >>> stp = mp.TsodyksMarkram(U0=0.5, U=0, tau_d=400)
    >>> mp.theory.release_in_train(stp, 20.0, 4).round(4)
    array([0.5   , 0.2794, 0.182 , 0.1391])
    """
    a, b = _decays(stp, rate)
    U0, U = float(stp.U0), float(stp.U)
    u, x = U0, 1.0
    released = np.empty(require_integer("n_spikes", n_spikes, ge=1))
    for i in range(released.size):
        released[i] = u * x
        x = 1 + (x - u * x - 1) * b
        u = U0 + (u + U * (1 - u) - U0) * a
    return released


def release_of_regular_train(stp: TsodyksMarkram, rate: float) -> float:
    """u x released by every spike of a regular train when it has gone on for long.

    u = (U0 (1 - a) + U a) / (1 - (1 - U) a) and x = (1 - b) / (1 - (1 - u) b), with a and b what is
    left of u and x after an interval, exp(-interval / tau_f) and exp(-interval / tau_d) (Tsodyks and
    Markram 1997; Markram, Wang and Tsodyks 1998).

    Parameters
    ----------
    stp : TsodyksMarkram
    rate : float
        Hz, > 0.

    Raises
    ------
    ValueError
        If the rate is not > 0 Hz.

    Examples
    --------
    >>> import mesopop as mp
    >>> round(mp.theory.release_of_regular_train(mp.TsodyksMarkram(U0=0.5, U=0, tau_d=400), 20.0), 4)
    0.1051
    """
    a, b = _decays(stp, rate)
    U0, U = float(stp.U0), float(stp.U)
    u = (U0 * (1 - a) + U * a) / (1 - (1 - U) * a)
    return u * (1 - b) / (1 - (1 - u) * b)


def paired_pulse_ratio(stp: TsodyksMarkram, interval: float) -> float:
    """Release of a second spike over that of a first one, which finds the synapses at rest.

    Parameters
    ----------
    stp : TsodyksMarkram
    interval : float
        Between the two, ms, > 0.

    Raises
    ------
    ValueError
        If the interval is not > 0 ms.

    Examples
    --------
    >>> import mesopop as mp
    >>> round(mp.theory.paired_pulse_ratio(mp.TsodyksMarkram(U0=0.5, U=0, tau_d=400), 50.0), 4)
    0.5588
    """
    interval = require_number("interval", interval, "ms", gt=0)
    first, second = release_in_train(stp, 1000 / interval, 2)
    return float(second / first)


def _decays(stp: TsodyksMarkram, rate: float) -> tuple[float, float]:
    if not isinstance(stp, TsodyksMarkram):
        raise TypeError(f"stp must be a TsodyksMarkram, got {stp!r}")
    require_alike_synapses(stp)
    interval = 1000 / require_number("rate", rate, "Hz", gt=0)
    return float(decay(interval, stp.tau_f)), float(decay(interval, stp.tau_d))
