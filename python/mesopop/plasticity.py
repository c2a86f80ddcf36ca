"""Short-term synaptic plasticity."""

from __future__ import annotations

from attrs import field, frozen

from mesopop.validation import number, real_number


@frozen(kw_only=True)
class TsodyksMarkram:
    """Deterministic Tsodyks-Markram dynamics, one pair (u, x) per presynaptic neuron.

    du/dt = (U0 - u)/tau_f + U (1 - u-) s(t),    dx/dt = (1 - x)/tau_d - u- x- s(t)

    with left limits throughout: a spike releases u- x-, then both jump. With U0 = U this is the
    rule of Tsodyks, Uziel and Markram (2000), in which u rests at 0 and increases before release.

    Parameters
    ----------
    U0 : float
        Release probability at rest, in (0, 1].
    U : float
        Increment of u with each spike, in [0, 1]. ``U = 0`` is pure depression with u = U0.
    tau_d : float
        Time constant of recovery from depression, ms, >= 0. ``tau_d = 0`` is pure facilitation
        with x = 1.
    tau_f : float
        Time constant of facilitation, ms, >= 0. With ``tau_f = 0``, the default, u relaxes at
        once: u = U0 at every spike, whatever `U`.

    Raises
    ------
    ValueError
        If a number is not finite or out of bounds, e.g. ``tau_d must be >= 0 ms, got -5.0 ms``.
    """

    U0: float = field(converter=real_number, validator=number(gt=0, le=1))
    U: float = field(converter=real_number, validator=number(ge=0, le=1))
    tau_d: float = field(converter=real_number, validator=number("ms", ge=0))
    tau_f: float = field(default=0.0, converter=real_number, validator=number("ms", ge=0))
