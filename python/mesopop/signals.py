"""Signals in time: what drives a population, or the rate of Poisson neurons."""

from __future__ import annotations

from typing import Any

import attrs
from attrs import field, frozen

from mesopop.arrays import (
    FloatArray,
    Rebuilt,
    read_only,
    require_array,
    require_ascending,
    short_repr,
    value_key,
)
from mesopop.validation import Validator, number, real_number, require_number


@frozen
class Steps(Rebuilt):
    """A signal that changes at given times and is constant in between.

    In the time step from t_k to t_{k+1} it has the value of the last change at or before t_k.

    Parameters
    ----------
    times : array_like, shape (n,)
        Times of the changes, ms, ascending, multiples of the time step of a simulation; the first
        must be 0.
    values : array_like, shape (n,)
        The value from each time on, mV as a drive, Hz as a rate.

    Raises
    ------
    ValueError
        If the times do not start at 0 and ascend, the lengths differ, or a number is not finite.
    TypeError
        If either is not an array of plain numbers.

    Examples
    --------
    >>> import mesopop as mp
    >>> pulse = mp.Steps(times=[0, 500, 520], values=[0, 5, 0])  # 5 mV for 20 ms
    >>> neuron = mp.LNP(tau_m=10, transfer=mp.Softplus(alpha=2))
    >>> mp.Population("E", size=100, neuron=neuron, drive=(8.0, pulse)).drive
    (8.0, Steps(times=[0.0, 500.0, 520.0], values=[0.0, 5.0, 0.0]))
    """

    times: FloatArray = field(converter=read_only, eq=value_key, repr=short_repr)
    values: FloatArray = field(converter=read_only, eq=value_key, repr=short_repr)

    def __attrs_post_init__(self) -> None:
        require_array("times", self.times, "ms")
        require_array("values", self.values)
        if self.times[0] != 0:
            raise ValueError(f"times must start at 0 ms, got {float(self.times[0])!r} ms")
        require_ascending("times", self.times, "ms", strictly=True)
        if len(self.times) != len(self.values):
            raise ValueError(
                f"length of values ({len(self.values)}) must match "
                f"length of times ({len(self.times)})"
            )


@frozen
class Sampled(Rebuilt):
    """A signal sampled at equal intervals, each sample holding until the next.

    In the time step that starts at t_k it has the value ``values[floor(t_k / interval)]``.

    Parameters
    ----------
    values : array_like, shape (n,)
        The samples, mV as a drive, Hz as a rate. A simulation must not outlast the
        ``n * interval`` ms that they cover.
    interval : float
        Time between samples, ms, > 0, a multiple of the time step of a simulation.

    Raises
    ------
    ValueError
        If there is no sample, a number is not finite, or the interval is not > 0 ms.
    TypeError
        If `values` is not an array of plain numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import mesopop as mp
    >>> mp.Sampled(np.sin(np.arange(1000) / 50), interval=1.0).interval  # covers 1 s
    1.0
    """

    values: FloatArray = field(converter=read_only, eq=value_key, repr=short_repr)
    interval: float = field(converter=real_number, validator=number("ms", gt=0), kw_only=True)

    def __attrs_post_init__(self) -> None:
        require_array("values", self.values)


@frozen(kw_only=True)
class Sinusoid:
    """A sinusoid, mean + amplitude sin(2 pi (frequency t / 1000 + phase)).

    A time step takes the value at its middle, t = t_k + dt/2.

    Parameters
    ----------
    mean : float
        mV as a drive, Hz as a rate.
    amplitude : float
        mV as a drive, Hz as a rate.
    frequency : float
        Hz, >= 0.
    phase : float
        In turns: 0.25 makes it a cosine.

    Raises
    ------
    ValueError
        If a number is not finite, or the frequency negative.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.Sinusoid(mean=10, amplitude=2, frequency=8).frequency
    8.0
    """

    mean: float = field(default=0.0, converter=real_number, validator=number())
    amplitude: float = field(converter=real_number, validator=number())
    frequency: float = field(converter=real_number, validator=number("Hz", ge=0))
    phase: float = field(default=0.0, converter=real_number, validator=number())


@frozen(kw_only=True)
class OrnsteinUhlenbeck:
    """Gaussian noise of given correlation time, shared by all neurons of a population.

    Started in its stationary state, z_0 = mean + std xi_0, and stepped exactly,
    z_k = mean + (z_{k-1} - mean) e + std sqrt(1 - e^2) xi_k with e = exp(-dt/tau).

    Parameters
    ----------
    mean : float
        mV.
    std : float
        Stationary standard deviation, mV, >= 0.
    tau : float
        Correlation time, ms, > 0.

    Raises
    ------
    ValueError
        If a number is not finite or out of bounds.

    Examples
    --------
    >>> import mesopop as mp
    >>> noise = mp.OrnsteinUhlenbeck(std=2, tau=50)
    >>> (noise.mean, noise.std)
    (0.0, 2.0)
    """

    mean: float = field(default=0.0, converter=real_number, validator=number())
    std: float = field(converter=real_number, validator=number(ge=0))
    tau: float = field(converter=real_number, validator=number("ms", gt=0))


@frozen
class PerNeuron(Rebuilt):
    """A constant that differs between the neurons of a population: its heterogeneity.

    Only the microscopic level takes it, and only as a drive.

    Parameters
    ----------
    values : array_like, shape (size of the population,)
        The constant of each neuron, mV.

    Raises
    ------
    ValueError
        If there is none, or a number is not finite.
    TypeError
        If `values` is not an array of plain numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import mesopop as mp
    >>> heterogeneous = (14.0, mp.PerNeuron(np.linspace(-2, 2, 100)))
    >>> neuron = mp.LNP(tau_m=10, transfer=mp.Softplus(alpha=2))
    >>> len(mp.Population("E", size=100, neuron=neuron, drive=heterogeneous).drive)
    2
    """

    values: FloatArray = field(converter=read_only, eq=value_key, repr=short_repr)

    def __attrs_post_init__(self) -> None:
        require_array("values", self.values)


SIGNALS = (Steps, Sampled, Sinusoid, OrnsteinUhlenbeck, PerNeuron)
Signal = Steps | Sampled | Sinusoid | OrnsteinUhlenbeck | PerNeuron
Component = float | Signal
Drive = float | Signal | tuple[Component, ...]


def as_drive(value: Drive) -> Drive:
    """Converter of a number, a signal, or several of them, which add up."""
    if isinstance(value, (tuple, list)):
        return tuple(value if isinstance(value, SIGNALS) else real_number(value) for value in value)
    if isinstance(value, SIGNALS):
        return value
    return real_number(value)


def components(drive: Drive) -> tuple[Component, ...]:
    """The numbers and signals that a drive is the sum of."""
    return drive if isinstance(drive, tuple) else (drive,)


def drive_in(unit: str) -> Validator:
    """Validator of a drive made by `as_drive`."""

    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if isinstance(value, tuple) and not value:
            raise ValueError(f"{attribute.name} must not be empty")
        for component in components(value):
            if isinstance(component, SIGNALS):
                continue
            if type(component) is not float:
                signals = ", ".join(signal.__name__ for signal in SIGNALS)
                raise TypeError(
                    f"{attribute.name} must be a number ({unit}), a signal ({signals}) "
                    f"or a tuple of these, got {component!r}"
                )
            require_number(attribute.name, component, unit)

    return check
