"""Spike-frequency adaptation: what every spike of a GIF neuron leaves behind."""

from __future__ import annotations

from attrs import field, frozen

from mesopop.validation import number, real_number


@frozen(kw_only=True)
class ThresholdKernel:
    """Every spike raises the threshold by `amplitude`, which decays with `tau`.

    Parameters
    ----------
    amplitude : float
        mV; negative values lower the threshold.
    tau : float
        Time constant, ms, > 0.

    Raises
    ------
    ValueError
        If a number is not finite or out of bounds.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.ThresholdKernel(amplitude=2, tau=100)
    ThresholdKernel(amplitude=2.0, tau=100.0)
    """

    amplitude: float = field(converter=real_number, validator=number("mV"))
    tau: float = field(converter=real_number, validator=number("ms", gt=0))


@frozen(kw_only=True)
class SpikeTriggeredCurrent:
    """Every spike lowers the drive by `amplitude`, which decays with `tau`.

    Parameters
    ----------
    amplitude : float
        mV of drive; negative values raise it.
    tau : float
        Time constant, ms, > 0.

    Raises
    ------
    ValueError
        If a number is not finite or out of bounds.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.SpikeTriggeredCurrent(amplitude=1, tau=200)
    SpikeTriggeredCurrent(amplitude=1.0, tau=200.0)
    """

    amplitude: float = field(converter=real_number, validator=number("mV"))
    tau: float = field(converter=real_number, validator=number("ms", gt=0))


KERNELS = (ThresholdKernel, SpikeTriggeredCurrent)
AdaptationKernel = ThresholdKernel | SpikeTriggeredCurrent
