"""Neuron models: what makes the neurons of a population fire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from attrs import field, frozen

from mesopop.adaptation import KERNELS, AdaptationKernel
from mesopop.arrays import (
    FloatArray,
    Rebuilt,
    read_only,
    require_array,
    require_ascending,
    value_key,
)
from mesopop.signals import (
    Component,
    Drive,
    OrnsteinUhlenbeck,
    PerNeuron,
    Sampled,
    Sinusoid,
    Steps,
    as_drive,
    components,
    drive_in,
)
from mesopop.transfer import TRANSFERS, Transfer
from mesopop.validation import instance_of, number, one_of, real_number


def _minimum(component: Component) -> float:
    # The lowest value that a component of a rate ever takes.
    match component:
        case Steps() | Sampled():
            return float(component.values.min())
        case Sinusoid():
            return component.mean - abs(component.amplitude)
        case OrnsteinUhlenbeck():
            raise ValueError(
                "rate must not be an OrnsteinUhlenbeck process, which goes below 0 Hz: "
                "use LNP neurons with it as their drive"
            )
        case PerNeuron():
            raise ValueError("rate must be the same for all neurons of a population, got PerNeuron")
        case _:
            return component


@frozen
class Poisson:
    """Neurons that fire independently at a given rate, whatever they receive.

    Parameters
    ----------
    rate : float, Steps, Sampled, Sinusoid or tuple of these
        Rate of each neuron, Hz; the components of a tuple add up. Their minima must add up to a
        number >= 0 Hz.

    Raises
    ------
    ValueError
        If the rate can be negative, which includes any OrnsteinUhlenbeck process.
    TypeError
        If it is neither a number nor a signal.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.Poisson(mp.Steps(times=[0, 500], values=[5, 20])).rate
    Steps(times=[0.0, 500.0], values=[5.0, 20.0])
    """

    rate: Drive = field(converter=as_drive, validator=drive_in("Hz"))

    def __attrs_post_init__(self) -> None:
        lowest = sum(_minimum(component) for component in components(self.rate))
        if lowest < 0:
            where = "" if isinstance(self.rate, float) else " as its minimum"
            raise ValueError(f"rate must be >= 0 Hz, got {lowest!r} Hz{where}")


def _as_trains(times: Iterable[Any]) -> tuple[FloatArray, ...]:
    if isinstance(times, str) or not isinstance(times, Iterable):
        return times  # type: ignore[return-value]  # for the constructor to refuse
    # A neo.SpikeTrain knows its unit; neo itself need not be there.
    return tuple(
        read_only(train.rescale("ms").magnitude if hasattr(train, "rescale") else train)
        for train in times
    )


def _trains_key(trains: tuple[FloatArray, ...]) -> tuple[Any, ...]:
    return tuple(value_key(train) for train in trains)


def _trains_repr(trains: tuple[FloatArray, ...]) -> str:
    return f"<{len(trains)} trains, {sum(train.size for train in trains)} spikes>"


@frozen
class SpikeTrains(Rebuilt):
    """Neurons that fire at given times, whatever they receive.

    Parameters
    ----------
    times : sequence of array_like
        One array of spike times per neuron, ms, sorted and >= 0; an array may be empty. Objects
        that know their unit, such as ``neo.SpikeTrain``, are converted to ms. In a simulation a
        spike moves to the end of its time step, which must be short enough for one spike each.

    Raises
    ------
    ValueError
        If there is no neuron, or times are negative, not finite or not sorted.
    TypeError
        If `times` is not a sequence of one-dimensional arrays of numbers.

    Examples
    --------
    >>> import mesopop as mp
    >>> recorded = mp.Population("afferents", size=2, neuron=mp.SpikeTrains([[3.0, 17.5], [8.0]]))
    >>> len(recorded.neuron.times)
    2
    """

    times: tuple[FloatArray, ...] = field(converter=_as_trains, eq=_trains_key, repr=_trains_repr)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.times, tuple):
            raise TypeError(
                f"times must be a sequence of arrays (ms), one per neuron, got {self.times!r}"
            )
        if not self.times:
            raise ValueError("times must hold at least one spike train")
        for index, train in enumerate(self.times):
            name = f"times[{index}]"
            require_array(name, train, "ms", ge=0, empty=True)
            require_ascending(name, train, "ms", strictly=False)


@frozen
class LNP:
    """Linear-nonlinear-Poisson neurons: tau_m dh/dt = -h + drive + input, rate f(h).

    Parameters
    ----------
    tau_m : float
        Time constant of the input potential h, ms, > 0.
    transfer : Softplus or Exponential
        The function f, mV to Hz. Spikes leave h as it is.

    Raises
    ------
    ValueError
        If `tau_m` is not finite and > 0 ms.
    TypeError
        If `transfer` is not a transfer function.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.LNP(tau_m=10, transfer=mp.Softplus(alpha=2)).tau_m
    10.0
    """

    tau_m: float = field(converter=real_number, validator=number("ms", gt=0))
    transfer: Transfer = field(validator=instance_of(*TRANSFERS), kw_only=True)


ESCAPES = ("exponential", "softplus")


@frozen(kw_only=True)
class LIF:
    """Leaky integrate-and-fire neurons with escape noise.

    tau_m dV/dt = -V + drive + input. They fire with the hazard
    rate_at_threshold exp((V - v_th) / delta_u), or rate_at_threshold log2(1 + exp((V - v_th) /
    delta_u)) with ``escape="softplus"``; then V is held at v_reset for t_ref, and what arrives
    meanwhile is lost.

    Parameters
    ----------
    tau_m : float
        Membrane time constant, ms, > 0.
    v_th : float
        Threshold, mV.
    v_reset : float
        Potential after a spike, mV, < v_th.
    t_ref : float
        Absolute refractory time, ms, >= 0; a multiple of the time step of a simulation.
    delta_u : float
        Softness of the threshold, mV, > 0.
    rate_at_threshold : float
        Hazard at V = v_th, Hz, > 0.
    escape : {"exponential", "softplus"}
        How the hazard grows with V: exponentially throughout, or linearly far above threshold.

    Raises
    ------
    ValueError
        If a number is not finite or out of bounds, or `escape` is unknown.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10).escape
    'exponential'
    """

    tau_m: float = field(converter=real_number, validator=number("ms", gt=0))
    v_th: float = field(converter=real_number, validator=number("mV"))
    v_reset: float = field(converter=real_number, validator=number("mV"))
    t_ref: float = field(converter=real_number, validator=number("ms", ge=0))
    delta_u: float = field(converter=real_number, validator=number("mV", gt=0))
    rate_at_threshold: float = field(converter=real_number, validator=number("Hz", gt=0))
    escape: str = field(default="exponential", validator=one_of(*ESCAPES))

    @v_reset.validator
    def _below_threshold(self, attribute: attrs.Attribute[float], value: float) -> None:
        if not value < self.v_th:
            raise ValueError(f"v_reset must be < v_th = {self.v_th!r} mV, got {value!r} mV")


def _as_kernels(kernels: Iterable[AdaptationKernel]) -> tuple[AdaptationKernel, ...]:
    if isinstance(kernels, Iterable) and not isinstance(kernels, (str, bytes, dict)):
        return tuple(kernels)
    return kernels  # type: ignore[return-value]  # for the validator to refuse


@frozen(kw_only=True)
class GIF(LIF):
    """Generalised integrate-and-fire neurons: LIF neurons with adaptation.

    The traces of all past spikes of a neuron add up and keep decaying while it is refractory. At
    the mesoscopic level neurons that fire together share the mean of what earlier spikes have left
    (closure "renewal"), or earlier spikes act through the activity of the population (the other
    closures: quasi-renewal approximation, Schwalger, Deger and Gerstner 2017).

    Parameters
    ----------
    tau_m, v_th, v_reset, t_ref, delta_u, rate_at_threshold : float
        As for `LIF`.
    escape : {"exponential", "softplus"}
        As for `LIF`.
    adaptation : sequence of ThresholdKernel or SpikeTriggeredCurrent
        What every spike leaves behind.

    Raises
    ------
    ValueError
        If a number is not finite or out of bounds.
    TypeError
        If `adaptation` is not a sequence of kernels.

    Examples
    --------
    >>> import mesopop as mp
    >>> adapting = mp.GIF(
    ...     tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10,
    ...     adaptation=[mp.ThresholdKernel(amplitude=2, tau=100)],
    ... )
    >>> adapting.adaptation[0].tau
    100.0
    """

    adaptation: tuple[AdaptationKernel, ...] = field(converter=_as_kernels)

    @adaptation.validator
    def _kernels(self, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not isinstance(value, tuple) or not all(isinstance(k, KERNELS) for k in value):
            names = " or ".join(kernel.__name__ for kernel in KERNELS)
            raise TypeError(f"adaptation must be a sequence of {names}, got {value!r}")


NEURONS = (Poisson, SpikeTrains, LNP, LIF, GIF)
Neuron = Poisson | SpikeTrains | LNP | LIF | GIF
