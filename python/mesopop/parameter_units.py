"""Units of the parameters of networks and simulations, by their path."""

from __future__ import annotations

_UNITS = {
    "ms": [
        "tau_m",
        "t_ref",
        "tau",
        "tau_s",
        "tau_d",
        "tau_f",
        "delay",
        "interval",
        "dt",
        "duration",
        "record_dt",
        "transient",
        "history",
    ],
    "mV": ["drive", "weight", "v_th", "v_reset", "delta_u", "alpha"],
    "Hz": ["rate", "rate_at_threshold", "frequency"],
    "Hz/mV": ["gain"],
    "delta_u": ["bin_tolerance"],
    "1": ["size", "probability", "U0", "U", "phase"],
}
_UNIT_OF = {name: unit for unit, names in _UNITS.items() for name in names}
# Of whatever it belongs to: a drive, the rate of Poisson neurons, or a kernel of adaptation.
_OF_OWNER = ("mean", "amplitude", "std")
_OWNERS = {"drive": "mV", "rate": "Hz", "adaptation": "mV"}


def unit_of(path: str) -> str:
    """Unit of the number at a path, as of `with_parameter` or a sweep; "" if there is none.

    Parameters
    ----------
    path : str
        E.g. ``"projections.E->E.stp.tau_d"`` or ``"simulation.dt"``.

    Examples
    --------
    >>> from mesopop.parameter_units import unit_of
    >>> unit_of("populations.E.drive.1.std"), unit_of("populations.input.neuron.rate.mean")
    ('mV', 'Hz')
    """
    *owners, name = (key for key in path.split(".") if not key.isdecimal())
    if name in _OF_OWNER:
        return next((_OWNERS[key] for key in reversed(owners) if key in _OWNERS), "")
    return _UNIT_OF.get(name, "")
