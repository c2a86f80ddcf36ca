"""How a network is simulated: level, method, closure, noise; combinations that no engine can do are
refused here by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from mesopop.adaptation import ThresholdKernel
from mesopop.connectivity import inputs_differ
from mesopop.network import Network, Population
from mesopop.neurons import GIF, LIF, SpikeTrains
from mesopop.signals import PerNeuron, components
from mesopop.validation import did_you_mean, require_number

LEVELS = ("micro", "meso")
METHODS = ("auto", "neurons", "cohorts")
CLOSURES = ("first_order", "second_order", "renewal")
NOISES = ("binomial", "gaussian", "none")
DEFAULT_CLOSURE = "renewal"
DEFAULT_BIN_TOLERANCE = 0.05
# In delta_u: what the quasi-renewal approximation can expand.
LARGEST_THRESHOLD_RISE = 50.0
# From these numbers of neurons on, cohorts cost less than the neurons one by one
# (bench/cohort_scaling.py).
COHORTS_PAY_FROM = 5000
COHORTS_WITHOUT_MEMORY_PAY_FROM = 1000  # Poisson, LNP: one cohort for all


@frozen(kw_only=True)
class EngineSettings:
    """The engine that a simulation uses, every choice made.

    Parameters
    ----------
    level : str
        "micro" or "meso".
    method : str, dict of str or None
        Of the microscopic level: "neurons" or "cohorts", or a dictionary of them by population if
        not all are simulated alike. None at the mesoscopic one.
    closure : str or None
        Of the mesoscopic level: "first_order", "second_order" or "renewal". None at the
        microscopic one.
    noise : str or None
        Of the mesoscopic level: "binomial", "gaussian" or "none". None at the microscopic one.
    bin_tolerance : float or None
        Of the mesoscopic level: age bins whose potentials differ by less are merged, in units of
        delta_u. None at the microscopic one.
    cohort_tolerance : float or None
        Of cohorts of LIF neurons: those whose potentials differ by less are merged, in units of
        delta_u. None if there are none.
    """

    level: str
    method: str | dict[str, str] | None
    closure: str | None
    noise: str | None
    bin_tolerance: float | None
    cohort_tolerance: float | None = None

    def method_of(self, population: str) -> str | None:
        """The method by which one population is simulated."""
        return self.method[population] if isinstance(self.method, dict) else self.method

    @property
    def label(self) -> str:
        """What tables and figures call it: "micro", or e.g. "meso renewal"."""
        if self.level == "micro":
            return "micro"
        noise = "" if self.noise == "binomial" else f", noise {self.noise}"
        return f"meso {self.closure}{noise}"

    @property
    def stem(self) -> str:
        """The label as the name of a file."""
        return self.label.replace(",", "").replace(" ", "-")


def choose_engine(
    network: Network,
    *,
    level: str,
    method: str | Mapping[str, str] | None,
    closure: str | None,
    noise: str | None,
    bin_tolerance: float | None,
    cohort_tolerance: float | None,
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
        asked = _methods_asked_for(network, "auto" if method is None else method)
        return _choose_methods(network, asked, cohort_tolerance)
    _refuse_heterogeneity(network)
    micro_only: dict[str, Any] = {"method": method, "cohort_tolerance": cohort_tolerance}
    for name, given in micro_only.items():
        if given is not None:
            raise ValueError(f'{name} applies to level="micro", got {given!r} at level="meso"')
    noise = _require_option("noise", "binomial" if noise is None else noise, NOISES)
    closure = default_closure(noise) if closure is None else closure
    closure = _require_option("closure", closure, CLOSURES)
    if closure == "renewal" and noise == "gaussian":
        raise ValueError(
            'noise="gaussian" needs closure="first_order" or "second_order": '
            "the renewal closure counts neurons"
        )
    if closure != "renewal":
        check_quasi_renewal(network, closure)
    if bin_tolerance is None:
        bin_tolerance = DEFAULT_BIN_TOLERANCE
    bin_tolerance = require_number("bin_tolerance", bin_tolerance, "delta_u", ge=0, le=1)
    return EngineSettings(
        level=level, method=None, closure=closure, noise=noise, bin_tolerance=bin_tolerance
    )


def default_closure(noise: str | None) -> str:
    """The closure that goes with a noise (None: the default one)."""
    # Cohorts have integer numbers of neurons, which the diffusion approximation has not.
    return "second_order" if noise == "gaussian" else DEFAULT_CLOSURE


def check_quasi_renewal(network: Network, closure: str) -> None:
    """Refuse adaptation that the first- and second-order closures cannot expand."""
    for population in network.populations:
        neuron = population.neuron
        if not isinstance(neuron, GIF):
            continue
        rise = sum(abs(k.amplitude) for k in neuron.adaptation if isinstance(k, ThresholdKernel))
        largest = LARGEST_THRESHOLD_RISE * neuron.delta_u
        if rise > 0 and neuron.escape != "exponential":
            # What earlier spikes do to the mean hazard is known if it is exponential.
            raise ValueError(
                f'population "{population.name}": ThresholdKernels need escape="exponential" or '
                f'closure="renewal", got escape={neuron.escape!r} with closure={closure!r}'
            )
        if rise > largest:
            raise ValueError(
                f'population "{population.name}": amplitudes of ThresholdKernels must add up to <= '
                f"{LARGEST_THRESHOLD_RISE:g} delta_u = {largest:g} mV with closure={closure!r}, "
                f"got {rise:g} mV"
            )


def _methods_asked_for(network: Network, method: str | Mapping[str, str]) -> dict[str, str]:
    names = [population.name for population in network.populations]
    if not isinstance(method, Mapping):
        return dict.fromkeys(names, _require_option("method", method, METHODS))
    if set(method) != set(names):
        raise ValueError(
            f"method must name every population, {', '.join(names)}, got {', '.join(method)}"
        )
    return {name: _require_option(f'method["{name}"]', method[name], METHODS) for name in names}


def _choose_methods(
    network: Network, asked: dict[str, str], cohort_tolerance: float | None
) -> EngineSettings:
    chosen = {p.name: "neurons" for p in network.populations}
    lif_cohorts = False
    for population in network.populations:
        method = asked[population.name]
        if method == "neurons" or isinstance(population.neuron, SpikeTrains):
            continue
        lif = isinstance(population.neuron, LIF)
        pays_from = COHORTS_PAY_FROM if lif else COHORTS_WITHOUT_MEMORY_PAY_FROM
        if method == "auto" and population.size < pays_from:
            continue
        obstacle = cohort_obstacle(network, population)
        if not obstacle:
            chosen[population.name] = "cohorts"
            lif_cohorts = lif_cohorts or lif
        elif method == "cohorts":
            raise ValueError(
                f'method="cohorts" needs neurons that differ in their last spike alone: '
                f'population "{population.name}" {obstacle}'
            )
    if lif_cohorts:
        tolerance = 0.0 if cohort_tolerance is None else cohort_tolerance
        cohort_tolerance = require_number("cohort_tolerance", tolerance, "delta_u", ge=0, le=1)
    elif cohort_tolerance is not None:
        raise ValueError(
            "cohort_tolerance applies to LIF neurons simulated by cohorts, of which there are none "
            f"with {_quoted(asked)}, got {cohort_tolerance!r}"
        )
    # Of given spike trains nothing is simulated.
    used = {
        chosen[p.name] for p in network.populations if not isinstance(p.neuron, SpikeTrains)
    } or {"neurons"}
    return EngineSettings(
        level="micro",
        method=used.pop() if len(used) == 1 else chosen,
        closure=None,
        noise=None,
        bin_tolerance=None,
        cohort_tolerance=cohort_tolerance,
    )


def _quoted(asked: dict[str, str]) -> str:
    methods = set(asked.values())
    return f'method="{methods.pop()}"' if len(methods) == 1 else f"method={asked}"


def cohort_obstacle(network: Network, population: Population) -> str:
    """Why the neurons of a population cannot be simulated by cohorts; empty if they can."""
    neuron = population.neuron
    if isinstance(neuron, GIF) and any(kernel.amplitude != 0 for kernel in neuron.adaptation):
        return "has adaptation, which remembers earlier spikes"
    if any(isinstance(component, PerNeuron) for component in components(population.drive)):
        return "has a drive PerNeuron"
    for projection in network.projections:
        if projection.target == population.name and inputs_differ(projection):
            return (
                f'receives projection "{projection.label}", which is not all-to-all with one delay'
            )
    return ""


def _require_option(name: str, value: str, options: tuple[str, ...]) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {value!r}")
    if value not in options:
        raise ValueError(f"unknown {name} {value!r}; {did_you_mean(value, options)}")
    return value


def _refuse_heterogeneity(network: Network) -> None:
    why = (
        'needs level="micro": at level="meso" all neurons of a population are alike, and only '
        "their means are known"
    )
    for population in network.populations:
        if any(isinstance(component, PerNeuron) for component in components(population.drive)):
            raise ValueError(f'population "{population.name}": a drive PerNeuron {why}')
    for projection in network.projections:
        if projection.stp is not None and projection.stp.per_neuron is not None:
            name = projection.stp.per_neuron
            raise ValueError(f'projection "{projection.label}": {name} per neuron {why}')
