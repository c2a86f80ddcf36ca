"""Results on disk, written while a simulation runs: netCDF4 files that xarray reads.

A variable per quantity, ``rate(population, time)`` or with several trials ``rate(population, trial,
time)``; what a population or projection does not have is NaN and takes no room. Spikes are a list of
their own: ``spike_time(spike)``, ``spike_neuron``, ``spike_population`` (an index), ``spike_trial``.
Chosen neurons have variables by population or projection, ``neuron_potential_E(neuron_E, time)``,
``neuron_u_E->E(neuron_E, time)``, after the trial if there are several, and a list of their spikes,
``neuron_spike_time`` ...
``header`` is what `Result` holds beside the arrays, as JSON; the attribute ``complete`` is 1 once the run
has come to its end.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from mesopop.changes import Change
from mesopop.journaled_file import JournaledFile, finish_commit
from mesopop.network import Network
from mesopop.neuron_recording import NeuronRecord, Neurons, neuron_variable
from mesopop.recording import PER_POPULATION, SPIKE, is_recorded
from mesopop.result import QUANTITIES, Result
from mesopop.settings import EngineSettings

FORMAT = 1
UNITS = {"rate": "Hz", "release": "Hz", "u": "1", "x": "1", "potential": "mV"}
_DESCRIPTION = {
    "rate": "population activity, mean over the bin",
    "release": "modulated activity of the projection, mean over the bin",
    "u": "population mean of u at the end of the bin",
    "x": "population mean of x at the end of the bin",
    "potential": "population mean of the membrane potential at the end of the bin",
}
_SPIKE = {"spike_time": "f8", "spike_neuron": "i8", "spike_population": "i4", "spike_trial": "i4"}
# Values per chunk of the file, and of the time axis at least.
_CHUNK, _LEAST = 2**13, 16


class RecordingFile:
    """A file to which results are appended.

    What is appended is held in memory until `commit`. Make one with `create` or `reopen`.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        h5py, h5netcdf = require_h5netcdf()
        self.path = path
        self._journaled = JournaledFile(path, create=create)
        try:
            mode = "w" if create else "r+"
            self._hdf5 = h5py.File(self._journaled, mode, track_order=True)
            self._file = h5netcdf.File(self._hdf5, mode)
        except BaseException:
            self._journaled.close()
            raise
        self._text = h5py.string_dtype()

    @classmethod
    def create(
        cls, path: Path, record: tuple[str, ...], chosen: tuple[Neurons, ...], like: Result
    ) -> RecordingFile:
        """A new file, in place of one that exists, for the quantities `record` and chosen neurons.

        `like` is a result of the simulation, perhaps an empty one.
        """
        self = cls(path, create=True)
        file, network = self._file, like.network
        file.dimensions = {
            "population": len(network.populations),
            "projection": len(network.projections),
            "time": None,
        }
        trial = ("trial",) if like.trials > 1 else ()
        if trial:
            file.dimensions["trial"] = like.trials
            file.create_variable("trial", trial, "i4", data=np.arange(like.trials))
        self._names("population", [p.name for p in network.populations])
        self._names("projection", [p.label for p in network.projections])
        bins = max(_LEAST, _CHUNK // like.trials)
        time = file.create_variable("time", ("time",), "f8", chunks=(_CHUNK,))
        time.attrs["units"], time.attrs["long_name"] = "ms", "end of the bin"
        for quantity in (name for name in QUANTITIES if name in record):
            owner = "population" if quantity in PER_POPULATION else "projection"
            variable = file.create_variable(
                quantity,
                (owner, *trial, "time"),
                "f8",
                fillvalue=np.nan,
                chunks=(1, *([like.trials] if trial else []), bins),
            )
            variable.attrs["units"] = UNITS[quantity]
            variable.attrs["long_name"] = _DESCRIPTION[quantity]
        if "spikes" in record:
            self._list_spikes("")
        for neurons in chosen:
            self._choose(neurons, like)
        of_neurons = {neurons.population: neurons.of(network) for neurons in chosen}
        header = json.dumps({**_header(like), "neurons": of_neurons})
        file.create_variable("header", (), self._text)[...] = header
        file.attrs["title"] = f"mesopop {like.versions['mesopop']}, {like.label}"
        self.mark(complete=False)
        return self

    @classmethod
    def reopen(cls, path: Path, counts: dict[str, int]) -> RecordingFile:
        """A file that was not closed, cut to the length (`counts`) that it once had.

        Raises
        ------
        OSError
            If there is no such file.
        ValueError
            If it has been shorter all the time: it is another one.
        """
        self = cls(path, create=False)
        for name, count in counts.items():
            found = self.counts.get(name, 0)
            if found < count:
                self.close()
                raise ValueError(
                    f"{path} does not belong to the checkpoint: it holds {found} values along "
                    f"{name}, the checkpoint knows {count}"
                )
            self._file.resize_dimension(name, count)
        return self

    @property
    def counts(self) -> dict[str, int]:
        """Length of what grows: bins, and spikes if they are recorded."""
        sizes = {name: dimension.size for name, dimension in self._file.dimensions.items()}
        return {name: sizes[name] for name in ("time", "spike", "neuron_spike") if name in sizes}

    @property
    def pending(self) -> int:
        """Bytes that are in memory alone."""
        return self._journaled.pending

    def append(self, result: Result) -> None:
        """Append what was recorded."""
        file = self._file
        start = file.dimensions["time"].size
        stop = start + len(result.t)
        file.resize_dimension("time", stop)
        file["time"][start:stop] = result.t
        network = result.network
        rows = {
            "population": [p.name for p in network.populations],
            "projection": [p.label for p in network.projections],
        }
        for quantity in (name for name in QUANTITIES if name in file.variables):
            variable, recorded = file[quantity], getattr(result, quantity)
            for row, name in enumerate(rows[variable.dimensions[0]]):
                if name in recorded:
                    variable[row, ..., start:stop] = recorded[name]
        if "spike_time" in file.variables:
            self._append_spikes("", dict(result.spikes), network)
        for population, record in result.neurons.items():
            for quantity, label, values in record.series(population):
                file[neuron_variable(quantity, label)][..., start:stop] = values
        trains = {name: r.spikes for name, r in result.neurons.items() if r.spikes is not None}
        if trains:
            self._append_spikes("neuron_", trains, network)

    def mark(self, *, complete: bool) -> None:
        """Say in the file whether all of the run is in it."""
        if self._file.attrs.get("complete") != complete:
            self._file.attrs["complete"] = np.int8(complete)

    def commit(self) -> None:
        """Bring the disk up to date.

        Raises
        ------
        OSError
            If that is not possible. Nothing is lost: it can be tried again.
        """
        self._file.flush()
        self._hdf5.flush()
        self._journaled.commit()

    def close(self) -> None:
        """Close; what was not committed is lost."""
        self._file.close()
        self._hdf5.close()
        self._journaled.close()

    def _names(self, dimension: str, names: list[str]) -> None:
        if names:
            variable = self._file.create_variable(dimension, (dimension,), self._text)
            variable[:] = np.array(names, dtype=object)

    def _list_spikes(self, prefix: str) -> None:
        self._file.dimensions[f"{prefix}spike"] = None
        for name, kind in _SPIKE.items():
            self._file.create_variable(
                f"{prefix}{name}", (f"{prefix}spike",), kind, chunks=(_CHUNK,)
            )
        self._file[f"{prefix}spike_time"].attrs["units"] = "ms"

    def _append_spikes(self, prefix: str, spikes: dict[str, Any], network: Network) -> None:
        for index, population in enumerate(network.populations):
            trains = spikes.get(population.name, [])
            for trial, train in enumerate(trains if isinstance(trains, list) else [trains]):
                start = self._file.dimensions[f"{prefix}spike"].size
                stop = start + len(train)
                self._file.resize_dimension(f"{prefix}spike", stop)
                columns = (train["time"], train["neuron"], index, trial)
                for variable, values in zip(_SPIKE, columns, strict=True):
                    self._file[f"{prefix}{variable}"][start:stop] = values

    def _choose(self, neurons: Neurons, like: Result) -> None:
        file, name = self._file, neurons.population
        dimension, count = neuron_variable("", name), len(neurons.index)
        file.dimensions[dimension] = count
        numbers = file.create_variable(dimension, (dimension,), "i8", data=neurons.index)
        numbers.attrs["long_name"] = f"number in population {name}"
        trial, trials = (("trial",), (like.trials,)) if like.trials > 1 else ((), ())
        bins = max(_LEAST, _CHUNK // (like.trials * count))
        quantities = neurons.of(like.network)
        plastic = [p.label for p in like.network.projections if p.source == name and p.stp]
        for quantity in (q for q in quantities if q != "spikes"):
            for label in plastic if quantity in ("u", "x") else [name]:
                variable = file.create_variable(
                    neuron_variable(quantity, label),
                    (*trial, dimension, "time"),
                    "f8",
                    fillvalue=np.nan,
                    chunks=(*trials, count, bins),
                )
                variable.attrs["units"] = "1" if quantity in ("u", "x") else "mV"
                variable.attrs["long_name"] = f"{quantity} of {label} at the end of the bin"
        if "spikes" in quantities and "neuron_spike_time" not in file.variables:
            self._list_spikes("neuron_")


def read_recording(path: Path) -> Result:
    """Read the whole of a file into memory."""
    from mesopop.network_toml import network_from_dict

    h5py, h5netcdf = require_h5netcdf()
    finish_commit(path)
    if path.exists() and not h5py.is_hdf5(path):
        raise ValueError(f"{path} is not the recording of a long run, or it is damaged")
    with h5netcdf.File(path, "r", decode_vlen_strings=True) as file:
        if "header" not in file.variables:
            raise ValueError(f"{path} is not the recording of a long run")
        header = json.loads(file["header"][()])
        if header["format"] > FORMAT:
            raise ValueError(
                f"{path} has format {header['format']}, this version reads formats up to {FORMAT}"
            )
        network, trials = network_from_dict(header["network"]), header["trials"]
        rows = {
            "population": [p.name for p in network.populations],
            "projection": [p.label for p in network.projections],
        }
        recorded: dict[str, Any] = {"rate": {}}
        for quantity in (name for name in QUANTITIES if name in file.variables):
            names = rows[file[quantity].dimensions[0]]
            recorded[quantity] = {
                name: file[quantity][row]
                for row, name in enumerate(names)
                if is_recorded(network, quantity, name)
            }
        if "spike_time" in file.variables:
            recorded["spikes"] = _read_spikes(file, "", network, trials)
        if header["neurons"]:
            recorded["neurons"] = _read_neurons(file, header["neurons"], network, trials)
        t = file["time"][:]
        complete = bool(file.attrs["complete"])
    return Result(
        network=network,
        settings=EngineSettings(**header["settings"]),
        t=t,
        seed=tuple(header["seed"]) if isinstance(header["seed"], list) else header["seed"],
        spawn_key=tuple(header["spawn_key"]),
        changes=tuple(Change(**change) for change in header["changes"]),
        complete=complete,
        **{k: header[k] for k in ("dt", "record_dt", "trials", "versions")},
        **recorded,
    )


def require_h5netcdf() -> tuple[Any, Any]:
    """The modules h5py and h5netcdf.

    Raises
    ------
    ImportError
        If they are not installed; says how to.
    """
    try:
        import h5netcdf
        import h5py
    except ImportError as error:
        raise ImportError(
            "writing and reading .nc files needs h5netcdf and h5py: pip install 'mesopop[stream]'"
        ) from error
    return h5py, h5netcdf


def _header(result: Result) -> dict[str, Any]:
    from mesopop.network_toml import network_to_dict

    return {
        "format": FORMAT,
        "network": network_to_dict(result.network),
        "settings": attrs.asdict(result.settings),
        "seed": result.seed,
        "spawn_key": result.spawn_key,
        "changes": [attrs.asdict(change) for change in result.changes],
        **{k: getattr(result, k) for k in ("dt", "record_dt", "trials", "versions")},
    }


def _read_neurons(
    file: Any, chosen: dict[str, list[str]], network: Network, trials: int
) -> dict[str, NeuronRecord]:
    spikes = {}
    if "neuron_spike_time" in file.variables:
        spikes = _read_spikes(file, "neuron_", network, trials)
    found = {}
    for name, quantities in chosen.items():
        parts: dict[str, Any] = {"index": file[neuron_variable("", name)][:]}
        for quantity in quantities:
            if quantity == "spikes":
                parts[quantity] = spikes[name]
            elif quantity in ("u", "x"):
                parts[quantity] = {
                    p.label: file[neuron_variable(quantity, p.label)][...]
                    for p in network.projections
                    if p.source == name and p.stp
                }
            else:
                parts[quantity] = file[neuron_variable(quantity, name)][...]
        found[name] = NeuronRecord(**parts)
    return found


def _read_spikes(file: Any, prefix: str, network: Network, trials: int) -> dict[str, Any]:
    times, neurons, owner, trial = (file[f"{prefix}{name}"][:] for name in _SPIKE)
    spikes: dict[str, Any] = {}
    for index, name in enumerate(p.name for p in network.populations):
        trains = []
        for number in range(trials):
            chosen = (owner == index) & (trial == number)
            train = np.empty(np.count_nonzero(chosen), SPIKE)
            train["time"], train["neuron"] = times[chosen], neurons[chosen]
            trains.append(train)
        spikes[name] = trains if trials > 1 else trains[0]
    return spikes
