"""A result as an `xarray.Dataset`, which also is the way to netCDF and pandas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from mesopop.extras import require_extra
from mesopop.network_toml import network_as_toml
from mesopop.neuron_recording import neuron_variable

if TYPE_CHECKING:
    import xarray

    from mesopop.result import Result

_VARIABLES = {
    "rate": ("population", "Hz", "population activity A, mean over the bin"),
    "potential": ("population", "mV", "mean membrane potential at the end of the bin"),
    "release": ("projection", "Hz", "modulated activity y, mean over the bin"),
    "u": ("projection", "1", "mean u at the end of the bin"),
    "x": ("projection", "1", "mean x at the end of the bin"),
}


def as_dataset(result: Result) -> xarray.Dataset:
    """The dataset of a result; see `Result.to_xarray`."""
    xarray = require_extra("xarray", extra="xarray", what="Result.to_xarray")
    network = result.network
    names = {
        "population": [population.name for population in network.populations],
        "projection": [projection.label for projection in network.projections],
    }
    data: dict[str, Any] = {}
    for quantity, (dim, units, meaning) in _VARIABLES.items():
        recorded = getattr(result, quantity)
        if recorded:
            values = np.full((len(names[dim]), result.trials, len(result.t)), np.nan)
            for index, name in enumerate(names[dim]):
                if name in recorded:
                    values[index] = recorded[name]
            data[quantity] = (
                (dim, "trial", "time"),
                values,
                {"units": units, "long_name": meaning},
            )
    if result.spikes:
        data |= _spikes(result.spikes, result.trials)
    numbers = {}
    for name, record in result.neurons.items():
        dim = neuron_variable("", name)
        numbers[dim] = (dim, record.index, {"long_name": f"number in population {name}"})
        for quantity, label, values in record.series(name):
            data[neuron_variable(quantity, label)] = (
                ("trial", dim, "time"),
                values if result.trials > 1 else values[np.newaxis],
                {"units": "1" if quantity in ("u", "x") else "mV"},
            )
    of_neurons = {name: r.spikes for name, r in result.neurons.items() if r.spikes is not None}
    if of_neurons:
        data |= _spikes(of_neurons, result.trials, "neuron_")
    time = {"units": "ms", "long_name": "end of the recording bin"}
    used = {dim for dims, *_ in data.values() for dim in dims}
    coordinates: dict[str, Any] = {
        "time": ("time", result.t, time),
        "trial": np.arange(result.trials),
        **{dim: labels for dim, labels in names.items() if dim in used},
        **numbers,
    }
    return xarray.Dataset(data, coords=coordinates, attrs=description(result))  # type: ignore[no-any-return]


def description(result: Result) -> dict[str, Any]:
    """What was simulated and how, in plain numbers and strings."""
    settings = attrs.asdict(result.settings)
    return {
        **{name: value for name, value in settings.items() if value is not None},
        "dt": result.dt,
        "record_dt": result.record_dt,
        "complete": int(result.complete),  # netCDF knows no truth values
        "network": network_as_toml(result.network),
        **({"changes": "\n".join(map(str, result.changes))} if result.changes else {}),
        # May have more than 64 bits, or several words.
        "seed": json.dumps(result.seed),
        "spawn_key": json.dumps(result.spawn_key),
        **{f"{package}_version": version for package, version in result.versions.items()},
    }


def _spikes(spikes: Mapping[str, Any], count: int, prefix: str = "") -> dict[str, Any]:
    # All spikes one after the other, by trial, population and time.
    times: list[NDArray[Any]] = []
    neurons: list[NDArray[Any]] = []
    trials: list[NDArray[Any]] = []
    names: list[NDArray[Any]] = []
    for trial in range(count):
        for name, trains in spikes.items():
            train = trains if count == 1 else trains[trial]
            times.append(train["time"])
            neurons.append(train["neuron"])
            trials.append(np.full(len(train), trial))
            names.append(np.full(len(train), name))
    dim, in_population = f"{prefix}spike", {"long_name": "number in population"}
    return {
        f"{dim}_time": (dim, np.concatenate(times), {"units": "ms"}),
        f"{dim}_neuron": (dim, np.concatenate(neurons), in_population),
        f"{dim}_population": (dim, np.concatenate(names)),
        f"{dim}_trial": (dim, np.concatenate(trials)),
    }
