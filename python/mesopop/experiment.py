"""An experiment: a network, how to simulate it, and which events to look for."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import IO, Any, Literal

import attrs
from attrs import field, frozen

from mesopop.network import Network
from mesopop.neurons import LIF, LNP
from mesopop.settings import CLOSURES, LEVELS, METHODS, NOISES
from mesopop.validation import (
    did_you_mean,
    instance_of,
    integer,
    number,
    one_of,
    real_number,
    require_number,
    steps,
    text,
    whole_number,
)

# What applies to one level alone, by level.
OF_LEVEL = {
    "micro": ("method",),
    "meso": ("closures", "noise", "bin_tolerance", "history"),
}


def _as_closures(names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise TypeError(f"closures must be a sequence of names, got {names!r}")
    names = tuple(dict.fromkeys(names))
    for name in names:
        if name not in CLOSURES:
            raise ValueError(f"closures: unknown closure {name!r}; {did_you_mean(name, CLOSURES)}")
    return names


@frozen(kw_only=True)
class SimulationSettings:
    """How to simulate, at one level or both.

    Parameters
    ----------
    duration : float
        Biological time of each trial, ms, a multiple of `dt`.
    dt : float
        Time step, ms, > 0.
    trials : int
        Number of independent trials, >= 1.
    seed : int, optional
        >= 0; without it every run draws its own.
    initial : {"stationary", "rest", "synchronous"}
        State at t = 0.
    closures : sequence of str
        Of the mesoscopic level, which is simulated with each of them; none is the default one.
    record_dt : float, optional
        Width of the recording bins, ms, a multiple of `dt`; default: `dt`.
    transient : float
        Time cut from the start of each trial before analysis, ms, >= 0 and < `duration`, a multiple
        of `dt`.
    level : {"micro", "meso"}, optional
        The only level that is simulated; default: both.
    method : {"auto", "neurons", "cohorts"}, optional
        Of the microscopic level; default: "auto".
    noise : {"binomial", "gaussian", "none"}, optional
        Of the mesoscopic level; default: "binomial".
    bin_tolerance : float, optional
        Of the mesoscopic level, delta_u, >= 0 and <= 1; default: 0.05.
    history : float, optional
        Of the mesoscopic level with ``bin_tolerance=0``, ms, > 0. `Simulation` says what these four
        do.

    Raises
    ------
    ValueError
        If a number is out of bounds, a time not a multiple of `dt`, or something given that does
        not apply to the level.
    TypeError
        If an argument is not a number.
    """

    duration: float = field(converter=real_number, validator=number("ms", gt=0))
    dt: float = field(converter=real_number, validator=number("ms", gt=0))
    trials: int = field(default=1, converter=whole_number, validator=integer(ge=1))
    seed: int | None = field(
        default=None,
        converter=attrs.converters.optional(whole_number),
        validator=attrs.validators.optional(integer(ge=0)),
    )
    initial: Literal["stationary", "rest", "synchronous"] = field(
        default="stationary", validator=one_of("stationary", "rest", "synchronous")
    )
    closures: tuple[str, ...] = field(default=(), converter=_as_closures)
    record_dt: float | None = field(
        default=None,
        converter=attrs.converters.optional(real_number),
        validator=attrs.validators.optional(number("ms", gt=0)),
    )
    transient: float = field(default=0.0, converter=real_number, validator=number("ms", ge=0))
    level: Literal["micro", "meso"] | None = field(
        default=None, validator=attrs.validators.optional(one_of(*LEVELS))
    )
    method: Literal["auto", "neurons", "cohorts"] | None = field(
        default=None, validator=attrs.validators.optional(one_of(*METHODS))
    )
    noise: Literal["binomial", "gaussian", "none"] | None = field(
        default=None, validator=attrs.validators.optional(one_of(*NOISES))
    )
    bin_tolerance: float | None = field(
        default=None,
        converter=attrs.converters.optional(real_number),
        validator=attrs.validators.optional(number("delta_u", ge=0, le=1)),
    )
    history: float | None = field(
        default=None,
        converter=attrs.converters.optional(real_number),
        validator=attrs.validators.optional(number("ms", gt=0)),
    )

    def __attrs_post_init__(self) -> None:
        require_number("duration", self.duration, "ms", ge=self.dt)
        steps("duration", self.duration, self.dt)
        if self.record_dt is not None:
            require_number("record_dt", self.record_dt, "ms", ge=self.dt, le=self.duration)
            steps("record_dt", self.record_dt, self.dt)
        require_number("transient", self.transient, "ms", lt=self.duration)
        steps("transient", self.transient, self.dt)
        if self.level is not None:
            (other,) = set(LEVELS) - {self.level}
            for name in self.given_of(other):
                raise ValueError(
                    f'{name} applies to level "{other}", got {getattr(self, name)!r} at level '
                    f'"{self.level}"'
                )
        if self.history is not None and self.bin_tolerance != 0:
            raise ValueError(
                f"history applies with bin_tolerance = 0, got {self.history!r} ms with "
                f"bin_tolerance = {self.bin_tolerance!r}"
            )

    def given_of(self, level: str) -> tuple[str, ...]:
        """What is given of that which applies to one level alone."""
        return tuple(name for name in OF_LEVEL[level] if getattr(self, name) not in (None, ()))

    def at_level(self, level: str) -> SimulationSettings:
        """The same at one level only, without what applies to the other alone."""
        (other,) = set(LEVELS) - {level}
        defaults: dict[str, Any] = {
            field.name: field.default for field in attrs.fields(SimulationSettings)
        }
        changes = {name: defaults[name] for name in OF_LEVEL[other]} | {"level": level}
        return attrs.evolve(self, **changes)


@frozen(kw_only=True)
class EventSettings:
    """Which events to find: crossings of two thresholds by one population.

    Parameters
    ----------
    population : str
        Its name.
    kind : {"up_down_states", "population_spikes"}
        Long-lived states with dwell times, or short events with intervals.
    observable : {"rate", "potential"}
        Population activity, Hz, or mean potential (LIF and LNP neurons), mV.
    low, high : float
        An event starts when the observable rises through `high` and ends when it falls through
        `low`; Hz or mV, low < high.
    smooth : float
        Time constant of the exponential smoothing before that, ms, >= 0; 0 is none.

    Raises
    ------
    ValueError
        If a number is not finite or out of bounds, or a word unknown.
    TypeError
        If an argument is of the wrong kind.
    """

    population: str = field(validator=text())
    kind: Literal["up_down_states", "population_spikes"] = field(
        validator=one_of("up_down_states", "population_spikes")
    )
    observable: Literal["rate", "potential"] = field(
        default="rate", validator=one_of("rate", "potential")
    )
    low: float = field(converter=real_number, validator=number())
    high: float = field(converter=real_number, validator=number())
    smooth: float = field(default=0.0, converter=real_number, validator=number("ms", ge=0))

    def __attrs_post_init__(self) -> None:
        if not self.low < self.high:
            unit = "Hz" if self.observable == "rate" else "mV"
            raise ValueError(f"low must be < high = {self.high!r} {unit}, got {self.low!r} {unit}")


@frozen(kw_only=True, repr=False)
class Experiment:
    """A network, how to simulate it, and which events to look for.

    Parameters
    ----------
    network : Network
    simulation : SimulationSettings
    events : EventSettings, optional
        Of a population of the network.
    title, source, behaviour : str
        What it is, where it comes from, and what to expect of it.

    Raises
    ------
    ValueError
        If the events are of an unknown population, or of a potential that it does not have.
    TypeError
        If an argument is of the wrong kind.
    """

    network: Network = field(validator=instance_of(Network))
    simulation: SimulationSettings = field(validator=instance_of(SimulationSettings))
    events: EventSettings | None = field(
        default=None, validator=attrs.validators.optional(instance_of(EventSettings))
    )
    title: str = field(default="", validator=text(empty=True))
    source: str = field(default="", validator=text(empty=True))
    behaviour: str = field(default="", validator=text(empty=True))

    def __attrs_post_init__(self) -> None:
        if self.events is None:
            return
        neuron = self.network.population(self.events.population).neuron
        if self.events.observable == "potential" and not isinstance(neuron, (LIF, LNP)):
            raise ValueError(
                f'observable must be "rate" for population "{self.events.population}": '
                f"{type(neuron).__name__} neurons have no potential"
            )

    @classmethod
    def from_toml(cls, source: str | PathLike[str] | IO[str]) -> Experiment:
        """Read an experiment from a TOML file.

        The tables of a network (see `Network.from_toml`), ``[simulation]``, perhaps ``[events]``,
        and at the top ``title``, ``source``, ``behaviour``.

        Parameters
        ----------
        source : path or text file

        Raises
        ------
        ValueError
            If the file is not TOML, or a key is unknown, missing or out of bounds; the error names
            the place.
        """
        from mesopop.experiment_toml import read_experiment

        return read_experiment(source)

    def to_toml(self, path: str | PathLike[str]) -> None:
        """Write the experiment to a TOML file, from which `from_toml` reads an equal one.

        Parameters
        ----------
        path : path
            Overwritten if it exists.
        """
        from mesopop.experiment_toml import write_experiment

        write_experiment(self, path)

    def __repr__(self) -> str:
        words = {"title": self.title, "source": self.source, "behaviour": self.behaviour}
        lines = [f"{name}: {word}" for name, word in words.items() if word]
        lines += [repr(self.network), repr(self.simulation)]
        if self.events is not None:
            lines.append(repr(self.events))
        return "\n".join(lines)
