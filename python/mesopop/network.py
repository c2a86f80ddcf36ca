"""The description of a network: populations and projections, the same for every level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from os import PathLike
from typing import IO, Any

import attrs
from attrs import field, frozen

from mesopop.connectivity import CONNECTIVITIES, Connectivity, check_connectivity
from mesopop.delays import DelayDistribution
from mesopop.neurons import NEURONS, Neuron, Poisson, SpikeTrains
from mesopop.plasticity import TsodyksMarkram
from mesopop.signals import Drive, PerNeuron, as_drive, components, drive_in
from mesopop.validation import (
    did_you_mean,
    instance_of,
    integer,
    number,
    real_number,
    require_number,
    text,
    whole_number,
)

# Random numbers are counted by neuron in 32 bits.
LARGEST_SIZE = 2**32 - 1


@frozen
class Population:
    """Identical neurons that share their drive, but for what is given PerNeuron.

    Parameters
    ----------
    name : str
        What projections, results and errors call it.
    size : int
        Number of neurons, from 1 to 2^32 - 1.
    neuron : Poisson, SpikeTrains, LNP, LIF or GIF
        The model of each of them. With SpikeTrains there is one train per neuron.
    drive : float, Steps, Sampled, Sinusoid, OrnsteinUhlenbeck, PerNeuron or tuple of these
        Resting potential plus external input, mV; the components of a tuple add up. Poisson and
        SpikeTrains neurons take none.

    Raises
    ------
    ValueError
        If the name is empty, the size < 1 or not the number of trains, a drive not finite,
        given to neurons that ignore it, or PerNeuron with another number of values.
    TypeError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> import mesopop as mp
    >>> neuron = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
    >>> mp.Population("E", size=800, neuron=neuron, drive=14).size
    800
    """

    name: str = field(validator=text())
    size: int = field(converter=whole_number, validator=integer(ge=1), kw_only=True)
    neuron: Neuron = field(validator=instance_of(*NEURONS), kw_only=True)
    drive: Drive = field(default=0.0, converter=as_drive, validator=drive_in("mV"), kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.size > LARGEST_SIZE:
            raise ValueError(f"size must be <= {LARGEST_SIZE}, got {self.size}")
        kind = type(self.neuron).__name__
        if isinstance(self.neuron, (Poisson, SpikeTrains)) and self.drive != 0.0:
            got = f"{self.drive!r} mV" if isinstance(self.drive, float) else repr(self.drive)
            raise ValueError(f"drive must be 0 mV for {kind} neurons, got {got}")
        if isinstance(self.neuron, SpikeTrains) and self.size != len(self.neuron.times):
            raise ValueError(
                f"size must be {len(self.neuron.times)}, the number of spike trains, "
                f"got {self.size}"
            )
        for component in components(self.drive):
            if isinstance(component, PerNeuron) and len(component.values) != self.size:
                raise ValueError(
                    f"drive: values of PerNeuron must have length {self.size}, the size of the "
                    f"population, got {len(component.values)}"
                )


def _delay(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, DelayDistribution):
        require_number(attribute.name, value, "ms", ge=0)


@frozen
class Projection:
    """Synapses from one population onto another, or onto itself.

    Parameters
    ----------
    source, target : str
        Names of populations.
    weight : float
        Amplitude of the postsynaptic potential of one spike with u x = 1 in the limit of a delta
        synapse, mV; < 0 is inhibition.
    probability : float
        Connection probability p, in [0, 1]. The mesoscopic level knows random connectivity by its
        mean, N p J: that neurons differ in their number of inputs, and receive different samples
        of the spikes, is neglected.
    connectivity : Bernoulli, FixedInDegree or ExplicitConnections, optional
        Who is connected to whom. Without it, each pair of neurons is connected with probability p,
        independently (``Bernoulli()``); of a population onto itself that includes each neuron and
        itself, so that p = 1 is all-to-all. The microscopic level draws connections for each trial
        anew; ExplicitConnections are the same in all.
    tau_s : float
        Time constant of the synaptic current, ms, >= 0; 0 is a delta synapse.
    delay : float or DelayDistribution
        From a spike to the onset of its effect, ms, >= 0; a multiple of the time step of a
        simulation. A distribution is drawn from for every synapse.
    stp : TsodyksMarkram, optional
        Short-term plasticity; without it every spike releases u x = 1.
    name : str, optional
        Tells projections between the same two populations apart.

    Raises
    ------
    ValueError
        If a number is not finite or out of bounds, or a name is empty.
    TypeError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> import mesopop as mp
    >>> depressing = mp.TsodyksMarkram(U0=0.5, U=0, tau_d=400)
    >>> mp.Projection("E", "I", weight=0.2, probability=0.1, tau_s=3, delay=1.5, stp=depressing).label
    'E->I'
    """

    source: str = field(validator=text())
    target: str = field(validator=text())
    weight: float = field(converter=real_number, validator=number("mV"), kw_only=True)
    probability: float = field(
        default=1.0, converter=real_number, validator=number(ge=0, le=1), kw_only=True
    )
    tau_s: float = field(
        default=0.0, converter=real_number, validator=number("ms", ge=0), kw_only=True
    )
    delay: float | DelayDistribution = field(
        default=0.0, converter=real_number, validator=_delay, kw_only=True
    )
    stp: TsodyksMarkram | None = field(
        default=None,
        validator=attrs.validators.optional(instance_of(TsodyksMarkram)),
        kw_only=True,
    )
    connectivity: Connectivity | None = field(
        default=None,
        validator=attrs.validators.optional(instance_of(*CONNECTIVITIES)),
        kw_only=True,
    )
    name: str | None = field(
        default=None, validator=attrs.validators.optional(text()), kw_only=True
    )

    @property
    def label(self) -> str:
        """What results call it: its name, or e.g. ``"E->I"``."""
        return self.name if self.name is not None else f"{self.source}->{self.target}"


def _all_of(cls: type) -> Callable[[Any, Any, Any], None]:
    def check(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not isinstance(value, tuple):
            raise TypeError(
                f"{attribute.name} must be a sequence of {cls.__name__} objects, got {value!r}"
            )
        for index, item in enumerate(value):
            if not isinstance(item, cls):
                raise TypeError(f"{attribute.name}[{index}] must be a {cls.__name__}, got {item!r}")

    return check


def _as_tuple(items: Sequence[Any]) -> tuple[Any, ...]:
    if isinstance(items, Iterable) and not isinstance(items, (str, bytes, dict)):
        return tuple(items)
    return items  # type: ignore[return-value]  # for the validator to refuse


@frozen(kw_only=True, repr=False)
class Network:
    """Populations and the projections between them.

    Parameters
    ----------
    populations : sequence of Population
        At least one, with different names.
    projections : sequence of Projection
        Possibly none; with different labels, between populations of the network. Poisson and
        SpikeTrains neurons, which nothing can influence, cannot be targets.

    Raises
    ------
    ValueError
        If there is no population, a name or label occurs twice or is unknown, or a projection has a
        target that nothing can influence, a connectivity that cannot be realised, or plasticity
        for another number of neurons.
    TypeError
        If an argument is not a sequence of the right kind.

    Examples
    --------
    >>> import mesopop as mp
    >>> net = mp.Network(
    ...     populations=[
    ...         mp.Population("E", size=200, drive=9.0,
    ...                       neuron=mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2,
    ...                                     rate_at_threshold=10)),
    ...     ],
    ...     projections=[
    ...         mp.Projection("E", "E", weight=0.8, tau_s=3, delay=1,
    ...                       stp=mp.TsodyksMarkram(U0=0.5, U=0.0, tau_d=400)),
    ...     ],
    ... )
    >>> net.projection("E->E").weight
    0.8
    """

    populations: tuple[Population, ...] = field(converter=_as_tuple, validator=_all_of(Population))
    projections: tuple[Projection, ...] = field(
        default=(), converter=_as_tuple, validator=_all_of(Projection)
    )

    def __attrs_post_init__(self) -> None:
        if not self.populations:
            raise ValueError("populations must hold at least one Population")
        if len(self._population_by_name) < len(self.populations):
            name = _first_repeated(population.name for population in self.populations)
            raise ValueError(f'populations must have different names, got "{name}" twice')
        for index, projection in enumerate(self.projections):
            self._check_ends(index, projection)
        if len(self._projection_by_label) < len(self.projections):
            label = _first_repeated(projection.label for projection in self.projections)
            raise ValueError(
                f'projections must have different labels, got "{label}" twice: '
                "give one of them a name="
            )

    def _check_ends(self, index: int, projection: Projection) -> None:
        known = self._population_by_name
        for end, name in (("source", projection.source), ("target", projection.target)):
            if name not in known:
                raise ValueError(
                    f'projections[{index}]: {end} "{name}" is not a population; '
                    f"{did_you_mean(name, known)}"
                )
        neuron = known[projection.target].neuron
        if isinstance(neuron, (Poisson, SpikeTrains)):
            raise ValueError(
                f'projections[{index}]: target "{projection.target}" consists of '
                f"{type(neuron).__name__} neurons, which nothing can influence"
            )
        source = known[projection.source]
        try:
            check_connectivity(projection, source, known[projection.target])
            if projection.stp is not None:
                projection.stp.check(source.size)
        except ValueError as error:
            raise ValueError(f"projections[{index}]: {error}") from None

    @cached_property
    def _population_by_name(self) -> dict[str, Population]:
        return {population.name: population for population in self.populations}

    @cached_property
    def _projection_by_label(self) -> dict[str, Projection]:
        return {projection.label: projection for projection in self.projections}

    def population(self, name: str) -> Population:
        """The population of that name.

        Raises
        ------
        ValueError
            If there is none; the error names the nearest.
        """
        if name not in self._population_by_name:
            hint = did_you_mean(name, self._population_by_name)
            raise ValueError(f'unknown population "{name}"; {hint}')
        return self._population_by_name[name]

    def projection(self, label: str) -> Projection:
        """The projection of that label: its name, or e.g. ``"E->I"``.

        Raises
        ------
        ValueError
            If there is none; the error names the nearest.
        """
        if label not in self._projection_by_label:
            hint = did_you_mean(label, self._projection_by_label)
            raise ValueError(f'unknown projection "{label}"; {hint}')
        return self._projection_by_label[label]

    @classmethod
    def from_toml(cls, source: str | PathLike[str] | IO[str]) -> Network:
        """Read a network from a TOML file.

        Parameters
        ----------
        source : path or text file

        Raises
        ------
        ValueError
            If the file is not TOML, a key is unknown, missing or out of bounds; the error names
            the place, e.g. ``projections[0].stp: tau_d must be >= 0 ms, got -5.0 ms``.

        Examples
        --------
        >>> import io
        >>> import mesopop as mp
        >>> text = '''
        ... [[populations]]
        ... name = "E"
        ... size = 200
        ... drive = 9.0
        ... neuron = { type = "LNP", tau_m = 10.0, transfer = { type = "Softplus", alpha = 2.0 } }
        ... '''
        >>> mp.Network.from_toml(io.StringIO(text)).population("E").size
        200
        """
        from mesopop.network_toml import read_network

        return read_network(source)

    def to_toml(self, path: str | PathLike[str]) -> None:
        """Write the network to a TOML file, from which `from_toml` reads an equal one.

        Parameters
        ----------
        path : path
            Overwritten if it exists.

        Examples
        --------
        >>> import tempfile
        >>> import mesopop as mp
        >>> network = mp.presets.load("lif-up-down")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     network.to_toml(f"{folder}/network.toml")
        ...     mp.Network.from_toml(f"{folder}/network.toml") == network
        True
        """
        from mesopop.network_toml import write_network

        write_network(self, path)

    def __repr__(self) -> str:
        from mesopop.network_summary import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from mesopop.network_summary import as_html

        return as_html(self)


def _first_repeated(names: Iterable[str]) -> str:
    return next(name for name, times in Counter(names).items() if times > 1)
