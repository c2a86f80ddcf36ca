"""Short-term plasticity at a constant presynaptic rate."""

from __future__ import annotations

import math

from attrs import frozen

from mesopop.plasticity import TsodyksMarkram
from mesopop.theory.alike import require_alike_synapses
from mesopop.theory.constant_drive import require_dt
from mesopop.theory.intervals import Intervals, memoryless
from mesopop.theory.spike_chain import exact_moments
from mesopop.theory.synapse_moments import (
    P,
    R,
    U,
    X,
    first_order,
    moments_at_spikes,
    moments_of_population,
    population_means,
)
from mesopop.validation import did_you_mean, require_number

CLOSURES = ("first_order", "second_order", "renewal", "exact")


@frozen(kw_only=True)
class StationarySynapses:
    """u and x of the synapses of neurons that fire at a constant rate.

    Parameters
    ----------
    rate : float
        Hz.
    release : float
        Release per time, rate times `release_per_spike`, Hz.
    release_per_spike : float
        Mean of u x over spikes.
    u, x : float
        Means over time; in steps, at their ends, as simulations record them.
    u_at_spikes, x_at_spikes : float
        Means immediately before spikes. (Of Poisson spikes in continuous time equal to `u`, `x`.)
    var_u, var_x, cov, var_release : float
        Variances and covariance over spikes, immediately before them, and variance of u x. nan where
        the closure does not know them.
    closure : str
    """

    rate: float
    release: float
    release_per_spike: float
    u: float
    x: float
    u_at_spikes: float
    x_at_spikes: float
    var_u: float
    var_x: float
    cov: float
    var_release: float
    closure: str


def stationary_synapses(
    spikes: float | Intervals,
    stp: TsodyksMarkram | None,
    *,
    closure: str = "exact",
    dt: float | None = None,
) -> StationarySynapses:
    """u, x and release in the stationary state.

    Parameters
    ----------
    spikes : float or Intervals
        Rate of Poisson spikes, Hz, or the intervals of a renewal process, from `intervals`.
    stp : TsodyksMarkram or None
        None: every spike releases 1.
    closure : {"exact", "renewal", "second_order", "first_order"}
        "exact" solves for the Markov chain of (u, x) at the spikes. The others are what mesoscopic
        simulations of the closure without noise converge to: "renewal" takes u and x as Gaussian
        among neurons of one age (for Poisson spikes it is "second_order"), "second_order" among all
        neurons, of which those that fire are a random sample; "first_order" gives every neuron the
        mean u and x.
    dt : float, optional
        Of Poisson spikes: the time step whose scheme is to be followed, ms. Default: continuous
        time. (Intervals know theirs.)

    Returns
    -------
    StationarySynapses

    Raises
    ------
    ValueError
        If a number is out of bounds or the closure unknown.
    TypeError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> import mesopop as mp
    >>> stp = mp.TsodyksMarkram(U0=0.2, U=0.2, tau_d=300, tau_f=600)
    >>> for closure in ("exact", "second_order", "first_order"):
    ...     print(round(mp.theory.stationary_synapses(10.0, stp, closure=closure).release_per_spike, 5))
    0.21358
    0.21371
    0.21875
    """
    dt = require_dt(dt)
    if stp is not None:
        if not isinstance(stp, TsodyksMarkram):
            raise TypeError(f"stp must be a TsodyksMarkram or None, got {stp!r}")
        require_alike_synapses(stp)
    if closure not in CLOSURES:
        raise ValueError(f"unknown closure {closure!r}; {did_you_mean(closure, CLOSURES)}")
    if isinstance(spikes, Intervals):
        if dt is not None:
            raise ValueError(f"dt applies to Poisson spikes, got {dt!r} ms with Intervals")
        return synapses_at(spikes, stp, closure)
    rate = require_number("spikes", spikes, "Hz", ge=0)
    return synapses_at(memoryless(rate / 1000, dt), stp, closure)


def release_per_spike(
    spikes: float | Intervals,
    stp: TsodyksMarkram | None,
    *,
    closure: str = "exact",
    dt: float | None = None,
) -> float:
    """Mean of u x over the spikes of the stationary state.

    Parameters, errors: as of `stationary_synapses`.

    Examples
    --------
    Regular firing leaves time to recover between any two spikes, and so releases more:

    >>> import mesopop as mp
    >>> neuron = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    >>> stp = mp.TsodyksMarkram(U0=0.5, U=0, tau_d=50)
    >>> spikes = mp.theory.intervals(neuron, 25.0)
    >>> round(mp.theory.release_per_spike(spikes, stp), 4)
    0.3352
    >>> round(mp.theory.release_per_spike(spikes.rate, stp), 4)
    0.2936
    """
    return stationary_synapses(spikes, stp, closure=closure, dt=dt).release_per_spike


def synapses_at(
    intervals: Intervals, stp: TsodyksMarkram | None, closure: str
) -> StationarySynapses:
    """As `stationary_synapses`, of intervals."""
    rate, dt = intervals.rate / 1000, intervals.dt
    nan = math.nan
    if stp is None:
        u = x = release = 1.0
        var_u = var_x = cov = var_release = 0.0
        return _state(rate, release, (u, x), (u, x), (var_u, var_x, cov, var_release), closure)
    if closure == "exact":
        m = exact_moments(stp, age=intervals.age, weight=intervals.weight)
        u, x, release = m.u, m.x, m.release
        spread = (m.var_u, m.var_x, m.cov, m.var_release)
    elif closure == "first_order":
        u, x = first_order(stp, rate=rate, dt=dt)
        release, spread = u * x, (nan, nan, nan, nan)
    else:
        if closure == "renewal" and not intervals.memoryless:
            before, _ = moments_at_spikes(stp, age=intervals.age, weight=intervals.weight)
            mean = intervals.weight @ before
        else:
            mean = moments_of_population(stp, rate=rate, dt=dt)
        u, x, release = float(mean[U]), float(mean[X]), float(mean[R])
        spread = (float(mean[P]) - u**2, nan, release - u * x, nan)
    means = population_means(stp, rate=rate, u=u, release=release, dt=dt)
    return _state(rate, release, means, (u, x), spread, closure)


def _state(
    rate: float,
    release: float,
    means: tuple[float, float],
    at_spikes: tuple[float, float],
    spread: tuple[float, float, float, float],
    closure: str,
) -> StationarySynapses:
    var_u, var_x, cov, var_release = spread
    return StationarySynapses(
        rate=1000 * rate,
        release=1000 * rate * release,
        release_per_spike=release,
        u=means[0],
        x=means[1],
        u_at_spikes=at_spikes[0],
        x_at_spikes=at_spikes[1],
        var_u=var_u,
        var_x=var_x,
        cov=cov,
        var_release=var_release,
        closure=closure,
    )
