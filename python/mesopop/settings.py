"""How a network is simulated: level, method, closure, noise; combinations that no engine can do are
refused here by name."""

from __future__ import annotations

from attrs import frozen

from mesopop.network import Network
from mesopop.validation import did_you_mean, require_number

LEVELS = ("micro", "meso")
METHODS = ("auto", "neurons")
CLOSURES = ("first_order", "second_order", "renewal")
NOISES = ("binomial", "gaussian", "none")
DEFAULT_CLOSURE = "renewal"
DEFAULT_BIN_TOLERANCE = 0.05


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
        Of the mesoscopic level: "first_order", "second_order" or "renewal". None at the
        microscopic one.
    noise : str or None
        Of the mesoscopic level: "binomial", "gaussian" or "none". None at the microscopic one.
    bin_tolerance : float or None
        Of the mesoscopic level: age bins whose potentials differ by less are merged, in units of
        delta_u. None at the microscopic one.
    """

    level: str
    method: str | None
    closure: str | None
    noise: str | None
    bin_tolerance: float | None

    @property
    def label(self) -> str:
        """What tables, figures and files call it: "micro", or e.g. "meso renewal"."""
        if self.level == "micro":
            return "micro"
        noise = "" if self.noise == "binomial" else f", noise {self.noise}"
        return f"meso {self.closure}{noise}"


def choose_engine(
    network: Network,
    *,
    level: str,
    method: str | None,
    closure: str | None,
    noise: str | None,
    bin_tolerance: float | None,
) -> EngineSettings:
    """Check what was asked for against the network and fill in what was left open (None).

    Raises
    ------
    ValueError
        If a name is unknown, or the level cannot do what is asked for.
    """
    _require_option("level", level, LEVELS)
    if level == "micro":
        meso_only = {"closure": closure, "noise": noise, "bin_tolerance": bin_tolerance}
        for name, value in meso_only.items():
            if value is not None:
                raise ValueError(f'{name} applies to level="meso", got {value!r} at level="micro"')
        _require_option("method", "auto" if method is None else method, METHODS)
        _require_all_to_all(network)
        return EngineSettings(
            level=level, method="neurons", closure=None, noise=None, bin_tolerance=None
        )
    if method is not None:
        raise ValueError(f'method applies to level="micro", got {method!r} at level="meso"')
    noise = _require_option("noise", "binomial" if noise is None else noise, NOISES)
    # Cohorts have integer numbers of neurons, which the diffusion approximation has not.
    default = "second_order" if noise == "gaussian" else DEFAULT_CLOSURE
    closure = _require_option("closure", default if closure is None else closure, CLOSURES)
    if closure == "renewal" and noise == "gaussian":
        raise ValueError(
            'noise="gaussian" needs closure="first_order" or "second_order": '
            "the renewal closure counts neurons"
        )
    if bin_tolerance is None:
        bin_tolerance = DEFAULT_BIN_TOLERANCE
    bin_tolerance = require_number("bin_tolerance", bin_tolerance, "delta_u", ge=0, le=1)
    return EngineSettings(
        level=level, method=None, closure=closure, noise=noise, bin_tolerance=bin_tolerance
    )


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
