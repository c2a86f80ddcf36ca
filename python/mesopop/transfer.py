"""Transfer functions of LNP neurons: the firing rate as a function of the input potential."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import field, frozen

from mesopop.validation import number, real_number


@frozen
class Softplus:
    """f(h) = gain alpha ln(1 + exp(h / alpha)): a smooth threshold-linear function.

    Parameters
    ----------
    alpha : float
        Width of the bend at h = 0, mV, > 0.
    gain : float
        Slope far above it, Hz/mV, > 0.

    Raises
    ------
    ValueError
        If a number is not finite and > 0.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.LNP(tau_m=10, transfer=mp.Softplus(alpha=2)).transfer
    Softplus(alpha=2.0, gain=1.0)
    """

    alpha: float = field(converter=real_number, validator=number("mV", gt=0))
    gain: float = field(
        default=1.0, converter=real_number, validator=number("Hz/mV", gt=0), kw_only=True
    )

    def __call__(self, h: Any) -> Any:
        """The rate, Hz, at potentials `h`, mV; same shape as `h`."""
        return self.gain * self.alpha * np.logaddexp(0.0, np.divide(h, self.alpha))


@frozen(kw_only=True)
class Exponential:
    """f(h) = rate_at_threshold exp((h - v_th) / delta_u).

    Parameters
    ----------
    v_th : float
        Threshold, mV.
    delta_u : float
        Softness of the threshold, mV, > 0.
    rate_at_threshold : float
        Rate at h = v_th, Hz, > 0.

    Raises
    ------
    ValueError
        If a number is not finite or out of bounds.

    Examples
    --------
    >>> import mesopop as mp
    >>> mp.LNP(tau_m=10, transfer=mp.Exponential(v_th=10, delta_u=4, rate_at_threshold=30)).tau_m
    10.0
    """

    v_th: float = field(converter=real_number, validator=number("mV"))
    delta_u: float = field(converter=real_number, validator=number("mV", gt=0))
    rate_at_threshold: float = field(converter=real_number, validator=number("Hz", gt=0))

    def __call__(self, h: Any) -> Any:
        """The rate, Hz, at potentials `h`, mV; same shape as `h`."""
        return self.rate_at_threshold * np.exp(np.subtract(h, self.v_th) / self.delta_u)


TRANSFERS = (Softplus, Exponential)
Transfer = Softplus | Exponential
