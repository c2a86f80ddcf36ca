"""What a simulation records: the arrays that the engines fill, and how results label them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from mesopop.compiled import CompiledNetwork
from mesopop.network import Network
from mesopop.neuron_recording import NeuronRecord, Neurons
from mesopop.neurons import LIF, LNP
from mesopop.validation import did_you_mean, require_number, steps

PER_POPULATION = ("rate", "potential")
PER_STP_STATE = ("release", "u", "x")
DEFAULT_RECORD = (*PER_POPULATION, *PER_STP_STATE)
RECORDABLE = (*DEFAULT_RECORD, "spikes")
SPIKE = np.dtype([("time", np.float64), ("neuron", np.int64)])
DEFAULT_RECORD_LIMIT = 4.0  # GB
GIGABYTE = 10**9


def check_record(
    record: Sequence[str | Neurons], level: str, network: Network
) -> tuple[tuple[str, ...], tuple[Neurons, ...]]:
    """The quantities and the neurons asked for, each known and available at that level."""
    if isinstance(record, (str, Neurons)) or not isinstance(record, Iterable):
        raise TypeError(f"record must be a sequence of names and Neurons, got {record!r}")
    names: list[str] = []
    chosen: dict[str, Neurons] = {}
    for item in record:
        if isinstance(item, Neurons):
            if level != "micro":
                raise ValueError(
                    f'record: Neurons("{item.population}", ...) needs level="micro", where neurons '
                    "have names"
                )
            item.of(network)
            if item.population in chosen:
                raise ValueError(
                    f'record: neurons of population "{item.population}" are given twice; name all '
                    "of them in one Neurons(...)"
                )
            chosen[item.population] = item
            continue
        if item not in RECORDABLE:
            raise ValueError(f"record: unknown quantity {item!r}; {did_you_mean(item, RECORDABLE)}")
        if item == "spikes" and level != "micro":
            raise ValueError('record: "spikes" needs level="micro", where neurons have names')
        names.append(item)
    return tuple(names), tuple(chosen.values())


@frozen(kw_only=True)
class Piece:
    """So many bins of recording, of so many time steps each."""

    record: tuple[str, ...]
    chosen: tuple[Neurons, ...] = ()
    bins: int
    steps_per_bin: int
    dt: float
    record_limit: float = DEFAULT_RECORD_LIMIT  # GB

    @classmethod
    def of(
        cls,
        duration: float,
        *,
        dt: float,
        level: str,
        network: Network,
        record: Sequence[str | Neurons],
        record_dt: float | None,
        record_limit: float = DEFAULT_RECORD_LIMIT,
    ) -> Piece:
        """The piece of `duration` ms, in bins of `record_dt` ms (None: of one step).

        Raises
        ------
        ValueError
            If a time is not a multiple, the limit not > 0 GB, or a quantity unknown or not
            available.
        """
        quantities, chosen = check_record(record, level, network)
        steps_per_bin = steps("record_dt", dt if record_dt is None else record_dt, dt)
        if steps_per_bin == 0:
            raise ValueError(f"record_dt must be >= dt = {dt!r} ms, got {record_dt!r} ms")
        bins = bins_in("duration", duration, steps_per_bin, dt)
        record_limit = require_number("record_limit", record_limit, "GB", gt=0)
        return cls(
            record=quantities,
            chosen=chosen,
            bins=bins,
            steps_per_bin=steps_per_bin,
            dt=dt,
            record_limit=record_limit,
        )

    @property
    def record_dt(self) -> float:
        """Width of a bin, ms."""
        return self.steps_per_bin * self.dt

    @property
    def duration(self) -> float:
        """Of the piece, ms."""
        return self.bins * self.steps_per_bin * self.dt


def bins_in(name: str, duration: float, steps_per_bin: int, dt: float) -> int:
    """Number of bins in a time, which must be a positive multiple of one (ms)."""
    bins, rest = divmod(steps(name, duration, dt), steps_per_bin)
    if rest or not bins:
        raise ValueError(
            f"{name} must be a positive multiple of record_dt = {steps_per_bin * dt:g} "
            f"ms, got {duration!r} ms"
        )
    return bins


def is_recorded(network: Network, quantity: str, label: str) -> bool:
    """Whether a population or projection of a network has a quantity."""
    if quantity == "potential":
        return isinstance(network.population(label).neuron, (LIF, LNP))
    return quantity not in ("u", "x") or network.projection(label).stp is not None


class Recording:
    """Room for `bins` bins of every trial.

    Parameters
    ----------
    compiled : CompiledNetwork
    quantities : tuple of str
    chosen : tuple of Neurons
        As `check_record` returns them.
    trials, bins : int
    """

    def __init__(
        self,
        compiled: CompiledNetwork,
        quantities: tuple[str, ...],
        chosen: tuple[Neurons, ...],
        *,
        trials: int,
        bins: int,
    ) -> None:
        self._compiled = compiled
        self._quantities = quantities
        self._chosen = {neurons.population: neurons for neurons in chosen}
        self._trials = trials
        self._bins = bins
        populations = compiled.network.populations
        self._channels = dict.fromkeys(PER_POPULATION, len(populations))
        self._channels |= dict.fromkeys(PER_STP_STATE, len(compiled.description["stp"]))
        # The release of static synapses is the rate of their source.
        self._needed = {*quantities, *(["rate"] if "release" in quantities else [])}
        self._arrays: dict[str, np.ndarray] = {}
        self._of_neurons: list[dict[str, Any] | None] = [None] * len(populations)

    @property
    def memory(self) -> int:
        """Bytes of the arrays; spikes come on top."""
        rows = sum(n for name, n in self._channels.items() if name in self._needed)
        for neurons in self._chosen.values():
            quantities = neurons.of(self._compiled.network)
            per_neuron = sum(q in ("potential", "input") for q in quantities)
            per_set = sum(q in ("u", "x") for q in quantities)
            sets = len(self._sets(neurons.population))
            rows += len(neurons.index) * (per_neuron + per_set * sets)
        return rows * self._trials * self._bins * np.dtype(np.float64).itemsize

    @property
    def has_spikes(self) -> bool:
        """Whether there are spikes, whose number nobody knows in advance."""
        return "spikes" in self._quantities or any(
            "spikes" in neurons.of(self._compiled.network) for neurons in self._chosen.values()
        )

    def require_room(self, record_limit: float) -> None:
        """Check that the arrays take at most `record_limit` GB.

        Raises
        ------
        ValueError
            If they take more.
        """
        if self.memory > int(record_limit * GIGABYTE):
            raise ValueError(
                f"recording would take {self.memory / GIGABYTE:.3g} GB, more than record_limit = "
                f"{record_limit:.3g} GB: record less, in wider bins (record_dt) or "
                "shorter pieces, or raise record_limit"
            )

    def allocate(self, record_limit: float) -> dict[str, Any]:
        """Make room, for at most `record_limit` GB; returns what the engines are handed.

        Raises
        ------
        ValueError
            If the arrays take more.
        """
        self.require_room(record_limit)
        populations = self._compiled.network.populations
        shape = (self._trials, self._bins)
        self._arrays = {
            name: np.empty((count, *shape))
            for name, count in self._channels.items()
            if name in self._needed
        }
        self._of_neurons = [
            self._room_of(self._chosen[p.name]) if p.name in self._chosen else None
            for p in populations
        ]
        left = int(record_limit * GIGABYTE) - self.memory
        left = min(left // SPIKE.itemsize // self._trials, 2**62)
        return {
            **{name: self._arrays.get(name) for name in self._channels},
            "record_spikes": ["spikes" in self._quantities] * len(populations),
            "neurons": self._of_neurons,
            "most_spikes": left if self.has_spikes else 0,
        }

    def _sets(self, population: str) -> list[int]:
        # STP states of a population.
        index = [p.name for p in self._compiled.network.populations].index(population)
        stp = self._compiled.description["stp"]
        return [i for i, state in enumerate(stp) if state["source"] == index]

    def _room_of(self, neurons: Neurons) -> dict[str, Any]:
        quantities = neurons.of(self._compiled.network)
        sets = self._sets(neurons.population)

        def room(quantity: str) -> np.ndarray | None:
            if quantity not in quantities:
                return None
            return np.empty((self._trials, len(neurons.index), self._bins))

        return {
            "index": neurons.index.tolist(),
            "potential": room("potential"),
            "input": room("input"),
            "u": [room("u") for _ in sets],
            "x": [room("x") for _ in sets],
            "spikes": "spikes" in quantities,
        }

    def collect(self, ensemble: Any, completed: int, end: float) -> dict[str, dict[str, Any]]:
        """The first `completed` bins, until `end` (ms), by quantity and label."""
        network, stp_index = self._compiled.network, self._compiled.stp_index
        index = {population.name: i for i, population in enumerate(network.populations)}

        def channel(quantity: str, i: int) -> np.ndarray:
            values = self._arrays[quantity][i, :, :completed]
            return values[0] if self._trials == 1 else values

        recorded: dict[str, dict[str, Any]] = {}
        if "rate" in self._quantities:
            recorded["rate"] = {name: channel("rate", i) for name, i in index.items()}
        if "potential" in self._quantities:
            recorded["potential"] = {
                name: channel("potential", i)
                for name, i in index.items()
                if is_recorded(network, "potential", name)
            }
        for quantity in PER_STP_STATE:
            if quantity in self._quantities:
                recorded[quantity] = {label: channel(quantity, i) for label, i in stp_index.items()}
        if "release" in self._quantities:
            # Static synapses release u x = 1 at every spike.
            for p in network.projections:
                if p.stp is None:
                    recorded["release"][p.label] = channel("rate", index[p.source])
        if "spikes" in self._quantities:
            recorded["spikes"] = {
                name: self._spikes(ensemble, i, end, chosen=False) for name, i in index.items()
            }
        recorded["neurons"] = {
            name: self._record_of(ensemble, index[name], completed, end) for name in self._chosen
        }
        return recorded

    def _record_of(
        self, ensemble: Any, population: int, completed: int, end: float
    ) -> NeuronRecord:
        name = self._compiled.network.populations[population].name
        room = self._of_neurons[population]
        assert room is not None
        sets = self._sets(name)
        labels = {
            p.label: sets.index(self._compiled.stp_index[p.label])
            for p in self._compiled.network.projections
            if p.source == name and p.stp
        }

        def values(array: np.ndarray | None) -> Any:
            if array is None:
                return None
            return array[0, :, :completed] if self._trials == 1 else array[..., :completed]

        def by_label(arrays: list[np.ndarray | None]) -> dict[str, Any] | None:
            found = {label: values(arrays[i]) for label, i in labels.items()}
            return found if any(v is not None for v in found.values()) else None

        return NeuronRecord(
            index=self._chosen[name].index,
            potential=values(room["potential"]),
            input=values(room["input"]),
            u=by_label(room["u"]),
            x=by_label(room["x"]),
            spikes=self._spikes(ensemble, population, end, chosen=True) if room["spikes"] else None,
        )

    def _spikes(self, ensemble: Any, population: int, end: float, *, chosen: bool) -> Any:
        trains = []
        for trial in range(self._trials):
            train = ensemble.take_spikes(trial, population, chosen)
            # Trials that went on after another one failed have spikes beyond the last common bin.
            trains.append(train[: np.searchsorted(train["time"], end, side="right")])
        return trains[0] if self._trials == 1 else trains
