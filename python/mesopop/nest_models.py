"""The models of NEST that have a counterpart here: their parameters, defaults, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mesopop.validation import did_you_mean, require_number, with_unit

# Parameters with a counterpart and NEST's defaults (3.10).
_GIF = {"I_e": 0.0, "t_ref": 4.0}
DEFAULTS: dict[str, dict[str, Any]] = {
    "gif_psc_exp": {
        **_GIF,
        "C_m": 80.0,
        "g_L": 4.0,
        "E_L": -70.0,
        "V_T_star": -35.0,
        "V_reset": -55.0,
        "Delta_V": 0.5,
        "lambda_0": 1.0,
        "tau_sfa": (),
        "q_sfa": (),
        "tau_stc": (),
        "q_stc": (),
        "tau_syn_ex": 2.0,
        "tau_syn_in": 2.0,
    },
    "gif_pop_psc_exp": {
        **_GIF,
        "N": 100,
        "C_m": 250.0,
        "tau_m": 20.0,
        "E_L": 0.0,
        "V_T_star": 15.0,
        "V_reset": 0.0,
        "Delta_V": 2.0,
        "lambda_0": 10.0,
        "tau_sfa": (300.0,),
        "q_sfa": (0.5,),
        "tau_syn_ex": 3.0,
        "tau_syn_in": 6.0,
    },
    "static_synapse": {"weight": 1.0, "delay": 1.0},
    "tsodyks2_synapse": {
        "weight": 1.0,
        "delay": 1.0,
        "U": 0.5,
        "tau_rec": 800.0,
        "tau_fac": 0.0,
    },
}
NODES = ("gif_psc_exp", "gif_pop_psc_exp")
SYNAPSES = ("static_synapse", "tsodyks2_synapse")
UNITS = {
    "C_m": "pF",
    "g_L": "nS",
    "I_e": "pA",
    "lambda_0": "1/s",
    "U": "",
    "weight": "pA",
    **dict.fromkeys(("E_L", "V_T_star", "V_reset", "Delta_V"), "mV"),
    **dict.fromkeys(("t_ref", "tau_m", "tau_syn_ex", "tau_syn_in"), "ms"),
    **dict.fromkeys(("tau_rec", "tau_fac", "delay"), "ms"),
}

_STATE = "is a state: give it to the simulation (initial=InitialState(...))"
_PLASTICITY = (
    "belongs to the plasticity of NEST's synapses onto this neuron, which there is not here"
)
_REFUSED = {
    "V_m": _STATE,
    "E_sfa": _STATE,
    "I_stc": _STATE,
    "t_spike": _STATE,
    "len_kernel": "is an option of the simulation (history=...)",
    "BinoRand": "is an option of the simulation (noise=...)",
    "u": f"{_STATE}; here synapses start at rest, which is u = 0 in NEST",
    "x": f"{_STATE}; here synapses start at rest, which is x = 1 in NEST",
    "receptor_type": "must be left out: the sign of the weight tells the receptor",
    **dict.fromkeys(("Ca", "tau_Ca", "beta_Ca", "synaptic_elements"), _PLASTICITY),
    **dict.fromkeys(("tau_minus", "tau_minus_triplet", "post_trace"), _PLASTICITY),
}
# What a state is when NEST's synapse is at rest.
_AT_REST = {"u": 0.0, "x": 1.0}


def with_defaults(place: str, model: str, given: Any) -> dict[str, Any]:
    """The parameters of a model, completed by NEST's defaults.

    Raises
    ------
    ValueError
        If a key is unknown, or has no counterpart here.
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"{place} must map names to values, got {given!r}")
    known = DEFAULTS[model]
    for key, value in given.items():
        if key in known or (key in _AT_REST and value == _AT_REST[key]):
            continue
        require_known(place, key, known)
    return {key: given.get(key, default) for key, default in known.items()}


def require_known(place: str, key: str, known: Iterable[str]) -> None:
    """Refuse a key, by name if it is one of NEST's."""
    if key in known:
        return
    if key in _REFUSED:
        raise ValueError(f'{place}: "{key}" has no counterpart: it {_REFUSED[key]}')
    raise ValueError(f'{place}: unknown key "{key}"; {did_you_mean(key, known)}')


def nest_number(
    place: str, params: Mapping[str, Any], key: str, *, gt: float | None = None
) -> float:
    """One number out of parameters of NEST."""
    return require_number(f'{place}["{key}"]', params[key], UNITS[key], gt=gt)


def refusal(what: str, must: str, value: object, unit: str = "") -> ValueError:
    """The error about something that NEST's models cannot do."""
    return ValueError(f"{what} must be {must}, got {with_unit(value, unit)}")
