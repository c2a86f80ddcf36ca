"""What a simulation records: the arrays that the engines fill, and how results label them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from mesopop.compiled import CompiledNetwork
from mesopop.network import Network
from mesopop.neurons import LIF, LNP
from mesopop.validation import did_you_mean, steps

PER_POPULATION = ("rate", "potential")
PER_STP_STATE = ("release", "u", "x")
DEFAULT_RECORD = (*PER_POPULATION, *PER_STP_STATE)
RECORDABLE = (*DEFAULT_RECORD, "spikes")
SPIKE = np.dtype([("time", np.float64), ("neuron", np.int64)])


def check_record(record: Sequence[str], level: str) -> tuple[str, ...]:
    """The quantities asked for, each known and available at that level."""
    if isinstance(record, str) or not isinstance(record, Iterable):
        raise TypeError(f"record must be a sequence of names, got {record!r}")
    for name in record:
        if name not in RECORDABLE:
            raise ValueError(f"record: unknown quantity {name!r}; {did_you_mean(name, RECORDABLE)}")
        if name == "spikes" and level != "micro":
            raise ValueError('record: "spikes" needs level="micro", where neurons have names')
    return tuple(record)


@frozen(kw_only=True)
class Piece:
    """So many bins of recording, of so many time steps each."""

    record: tuple[str, ...]
    bins: int
    steps_per_bin: int
    dt: float

    @classmethod
    def of(
        cls, duration: float, *, dt: float, record: tuple[str, ...], record_dt: float | None
    ) -> Piece:
        """The piece of `duration` ms, in bins of `record_dt` ms (None: of one step)."""
        steps_per_bin = steps("record_dt", dt if record_dt is None else record_dt, dt)
        if steps_per_bin == 0:
            raise ValueError(f"record_dt must be >= dt = {dt!r} ms, got {record_dt!r} ms")
        bins = bins_in("duration", duration, steps_per_bin, dt)
        return cls(record=record, bins=bins, steps_per_bin=steps_per_bin, dt=dt)

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
        As `check_record` returns them.
    trials, bins : int
    """

    def __init__(
        self, compiled: CompiledNetwork, quantities: tuple[str, ...], *, trials: int, bins: int
    ) -> None:
        self._compiled = compiled
        self._quantities = quantities
        self._trials = trials
        populations = len(compiled.network.populations)
        channels = dict.fromkeys(PER_POPULATION, populations)
        channels |= dict.fromkeys(PER_STP_STATE, len(compiled.description["stp"]))
        # The release of static synapses is the rate of their source.
        needed = {*quantities, *(["rate"] if "release" in quantities else [])}
        self._arrays = {
            name: np.empty((channels[name], trials, bins)) for name in channels if name in needed
        }
        # What the engines are handed.
        self.arguments: dict[str, Any] = {name: self._arrays.get(name) for name in channels}
        self.arguments["record_spikes"] = ["spikes" in quantities] * populations

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
            recorded["spikes"] = {name: self._spikes(ensemble, i, end) for name, i in index.items()}
        return recorded

    def _spikes(self, ensemble: Any, population: int, end: float) -> Any:
        trains = []
        for trial in range(self._trials):
            times, neurons = ensemble.take_spikes(trial, population)
            train = np.empty(len(times), SPIKE)
            train["time"], train["neuron"] = times, neurons
            # Trials that went on after another one failed have spikes beyond the last common bin.
            trains.append(train[: np.searchsorted(train["time"], end, side="right")])
        return trains[0] if self._trials == 1 else trains
