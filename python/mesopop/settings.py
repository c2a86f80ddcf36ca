"""How a network is simulated: level, method, closure, noise; combinations that no engine can do are
refused here by name."""

from __future__ import annotations

from attrs import frozen

from mesopop.network import Network
from mesopop.validation import did_you_mean

LEVELS = ("micro", "meso")
METHODS = ("auto", "neurons")
CLOSURES = ("first_order", "second_order")
NOISES = ("binomial", "gaussian", "none")


@frozen(kw_only=True)
class EngineSettings:
    """The engine that a simulation uses, every choice made.

    Parameters
    ----------
    level : str
        "micro" or "meso".
    method : str or None
        Of the microscopic level: "neurons". None at the mesoscopic one.
    closure : str or None
        Of the mesoscopic level: "first_order" or "second_order". None at the microscopic one.
    noise : str or None
        Of the mesoscopic level: "binomial", "gaussian" or "none". None at the microscopic one.
    """

    level: str
    method: str | None
    closure: str | None
    noise: str | None


def choose_engine(
    network: Network,
    *,
    level: str,
    method: str | None,
    closure: str | None,
    noise: str | None,
) -> EngineSettings:
    """Check what was asked for against the network and fill in what was left open (None).

    Raises
    ------
    ValueError
        If a name is unknown, or the level cannot do what is asked for.
    """
    _require_option("level", level, LEVELS)
    if level == "micro":
        for name, value in (("closure", closure), ("noise", noise)):
            if value is not None:
                raise ValueError(f'{name} applies to level="meso", got {value!r} at level="micro"')
        _require_option("method", method or "auto", METHODS)
        _require_all_to_all(network)
        return EngineSettings(level=level, method="neurons", closure=None, noise=None)
    if method is not None:
        raise ValueError(f'method applies to level="micro", got {method!r} at level="meso"')
    closure = _require_option("closure", closure or "second_order", CLOSURES)
    noise = _require_option("noise", noise or "binomial", NOISES)
    return EngineSettings(level=level, method=None, closure=closure, noise=noise)


def _require_option(name: str, value: str, options: tuple[str, ...]) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {value!r}")
    if value not in options:
        raise ValueError(f"unknown {name} {value!r}; {did_you_mean(value, options)}")
    return value


def _require_all_to_all(network: Network) -> None:
    for projection in network.projections:
        if projection.probability < 1:
            raise ValueError(
                f'projection "{projection.label}": probability must be 1 at level="micro", which '
                f"simulates all-to-all connections, got {projection.probability!r}"
            )
