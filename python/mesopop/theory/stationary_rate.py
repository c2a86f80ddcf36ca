"""Stationary firing rate as a function of a constant drive: the f-I curve."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mesopop.neurons import Neuron
from mesopop.theory.intervals import intervals


def rate(neuron: Neuron, drive: ArrayLike = 0.0, *, dt: float | None = None) -> Any:
    """Firing rate of a neuron at constant drive.

    Of LIF neurons it is one over the mean interval, the integral of the survivor function; with
    adaptation earlier spikes act by the mean of what they have left, as with closure="renewal".

    Parameters
    ----------
    neuron : LIF, GIF, LNP or Poisson
    drive : float or array_like
        Mean drive, mV. Poisson neurons take none.
    dt : float, optional
        The time step whose scheme is to be followed, ms: what a simulation with this dt gives.
        Default: continuous time, dt -> 0.

    Returns
    -------
    float or ndarray
        Hz; of the shape of `drive`.

    Raises
    ------
    ValueError
        If a number is out of bounds, or the neuron has no stationary rate.

    Examples
    --------
    >>> import mesopop as mp
    >>> neuron = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    >>> mp.theory.rate(neuron, [13.0, 16.0, 25.0]).round(3)
    array([ 3.09 ,  8.814, 28.128])
    >>> mp.theory.rate(neuron, [13.0, 16.0, 25.0], dt=0.5).round(3)
    array([ 3.087,  8.795, 27.934])
    """
    drives = np.asarray(drive)
    if drives.dtype.kind not in "iuf":
        raise TypeError(f"drive must be a number or an array of numbers (mV), got {drive!r}")
    rates = [intervals(neuron, float(value), dt=dt).rate for value in drives.ravel()]
    return rates[0] if drives.ndim == 0 else np.reshape(rates, drives.shape)
