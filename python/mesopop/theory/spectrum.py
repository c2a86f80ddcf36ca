"""Power spectra of finite-size fluctuations: linear response around a stable fixed point.

Spikes of N neurons are noise of a strength of r / N. Each also releases u x and changes the moments of
u and x of its neuron; all of this is linearised (the linear-noise approximation), so that spectra are
those of a linear system driven by white noise. Delays are exact.
"""

from __future__ import annotations

import numpy as np
from attrs import field, frozen
from numpy.typing import ArrayLike, NDArray

from mesopop.arrays import FloatArray
from mesopop.network import Network
from mesopop.neurons import LIF
from mesopop.theory.intervals import Intervals
from mesopop.theory.lnp_linearisation import LnpLinearisation
from mesopop.theory.mean_field import MeanField, PopulationState, mean_field
from mesopop.theory.renewal_response import ComplexArray
from mesopop.theory.root_search import all_roots
from mesopop.theory.spike_noise import SpikeNoise
from mesopop.validation import require_integer


@frozen(kw_only=True, eq=False)
class LinearSpectrum:
    """One-sided spectral densities around a fixed point.

    Parameters
    ----------
    frequency : ndarray, shape (frequencies,)
        Hz.
    rate : dict of population to ndarray, shape (frequencies,)
        Of the activity, Hz^2/Hz.
    release : dict of projection label to ndarray, shape (frequencies,)
        Of the modulated activity y, Hz^2/Hz.
    potential : dict of population to ndarray, shape (frequencies,)
        Of h of LNP populations, mV^2/Hz.
    cross_rate : ndarray of complex, shape (frequencies, populations, populations)
        Cross-spectra of the activities, <A_a A_b^*>, in order of population.
    """

    frequency: FloatArray = field(repr=False)
    rate: dict[str, FloatArray] = field(repr=False)
    release: dict[str, FloatArray] = field(repr=False)
    potential: dict[str, FloatArray] = field(repr=False)
    cross_rate: NDArray[np.complex128] = field(repr=False)


def linear_spectrum(
    network: Network, frequency: ArrayLike, *, closure: str | None = None, state: int | None = None
) -> LinearSpectrum:
    """Power spectra of activity, release and potential of LNP and Poisson populations.

    Parameters
    ----------
    network : Network
        Of LNP and Poisson populations, with constant drives.
    frequency : array_like, shape (frequencies,)
        Hz, > 0.
    closure : optional
        As of `fixed_points`: "first_order" gives all neurons of a population the same u and x.
    state : int, optional
        Which of the fixed points of `fixed_points`, a stable one. Default: the only stable one.

    Returns
    -------
    LinearSpectrum

    Raises
    ------
    ValueError
        If a population is LIF, the state is not stable or not unique, or an argument is wrong.

    Examples
    --------
    Without projections spikes are white noise, of density 2 r / N:

    >>> import mesopop as mp
    >>> net = mp.Network(populations=[mp.Population("E", size=100, neuron=mp.Poisson(10))])
    >>> mp.theory.linear_spectrum(net, [1.0, 100.0]).rate["E"].round(12)
    array([0.2, 0.2])
    """
    frequency = _frequencies(frequency)
    equations = mean_field(network, closure=closure)
    for population in network.populations:
        if isinstance(population.neuron, LIF):
            raise ValueError(
                f'population "{population.name}": spectra of coupled LIF neurons are not known '
                "here; of uncoupled ones see renewal_spectrum"
            )
    states, linear = _stable_state(equations, state)
    names = [p.name for p in network.populations]
    noise = SpikeNoise.at(equations, states, linear)
    lam: ComplexArray = (2j * np.pi * frequency / 1000).astype(complex)
    n_channels, n_populations = len(equations.channels), len(names)

    # Noise enters X at its own place and, with y, behind delays: columns are independent sources.
    into = np.broadcast_to(noise.state, (lam.size, *noise.state.shape)).astype(complex)
    for delay, effect in linear.inputs:
        into = into + np.exp(-lam * delay)[:, None, None] * (effect @ noise.release)
    x: ComplexArray = into
    if linear.mass.size:
        x = np.asarray(np.linalg.solve(linear.system(lam), into), complex)
    release: ComplexArray = np.asarray(linear.outputs @ x + noise.release, complex)
    rate = np.zeros((lam.size, n_populations, noise.release.shape[1]), complex)
    potential = {}
    for i, place in enumerate(linear.potential):
        rate[:, i] = noise.rate[i]
        if place is not None:
            rate[:, i] += linear.gain[i] * x[:, place]
            potential[names[i]] = 2 * _power(x[:, place]) / 1000
    cross = 2000 * np.einsum("fas,fbs->fab", rate, rate.conj())
    spectra = 2000 * np.array([_power(release[:, c]) for c in range(n_channels)])
    return LinearSpectrum(
        frequency=frequency,
        rate={name: cross[:, i, i].real for i, name in enumerate(names)},
        release={p.label: spectra[equations.channel_of(p)] for p in network.projections},
        potential=potential,
        cross_rate=cross,
    )


def renewal_spectrum(intervals: Intervals, frequency: ArrayLike, *, size: int = 1) -> FloatArray:
    """One-sided spectral density of the activity of uncoupled neurons, Hz^2/Hz.

    2 r (1 - |F|^2) / |1 - F|^2 / N with the Fourier transform F of the intervals (Cox and Lewis
    1966).

    Parameters
    ----------
    intervals : Intervals
    frequency : array_like, shape (frequencies,)
        Hz, > 0.
    size : int
        Number of neurons N.

    Raises
    ------
    ValueError
        If an argument is out of bounds.

    Examples
    --------
    >>> import mesopop as mp
    >>> neuron = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    >>> mp.theory.renewal_spectrum(mp.theory.intervals(neuron, 25.0), [1.0, 500.0]).round(2)
    array([ 2.13, 56.26])
    """
    if not isinstance(intervals, Intervals):
        raise TypeError(f"intervals must be Intervals, got {intervals!r}")
    size = require_integer("size", size, ge=1)
    frequency = _frequencies(frequency)
    transform = np.array([intervals.transform(2j * np.pi * f / 1000) for f in frequency])
    one = (1 - np.abs(transform) ** 2) / np.abs(1 - transform) ** 2
    return np.asarray(2 * intervals.rate * one / size)


def _frequencies(frequency: ArrayLike) -> FloatArray:
    values = np.asarray(frequency)
    if values.dtype.kind not in "iuf" or values.ndim != 1:
        raise TypeError(f"frequency must be a one-dimensional array (Hz), got {frequency!r}")
    values = values.astype(float)
    if not np.all(np.isfinite(values) & (values > 0)):
        bad = float(values[~(np.isfinite(values) & (values > 0))][0])
        raise ValueError(f"frequency must be > 0 Hz, got {bad!r} Hz")
    return values


def _stable_state(
    equations: MeanField, which: int | None
) -> tuple[list[PopulationState], LnpLinearisation]:
    found = []
    for z in all_roots(equations):
        states = equations.states(z)
        linear = LnpLinearisation.at(equations, states)
        eigenvalues = linear.eigenvalues()
        found.append((states, linear, not np.any(eigenvalues.real > 0)))
    if which is not None:
        which = require_integer("state", which, ge=0)
        if which >= len(found):
            raise ValueError(
                f"state must be < {len(found)}, the number of fixed points, got {which}"
            )
        if not found[which][2]:
            raise ValueError(f"state {which} is not stable: fluctuations around it grow")
        return found[which][:2]
    stable = [i for i, (_, _, is_stable) in enumerate(found) if is_stable]
    if len(stable) != 1:
        raise ValueError(
            f"state must be given: {len(stable)} of the {len(found)} fixed points are stable"
            + (f" ({', '.join(map(str, stable))})" if stable else "")
        )
    return found[stable[0]][:2]


def _power(amplitudes: NDArray[np.complex128]) -> FloatArray:
    return np.asarray(np.sum(np.abs(amplitudes) ** 2, axis=-1))
