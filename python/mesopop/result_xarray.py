"""A result as an `xarray.Dataset`, which also is the way to netCDF and pandas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from mesopop.extras import require_extra
from mesopop.network_toml import network_as_toml

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
        data |= _spikes(result)
    time = {"units": "ms", "long_name": "end of the recording bin"}
    used = {dim for dims, *_ in data.values() for dim in dims}
    coordinates: dict[str, Any] = {
        "time": ("time", result.t, time),
        "trial": np.arange(result.trials),
        **{dim: labels for dim, labels in names.items() if dim in used},
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
        # May have more than 64 bits, or several words.
        "seed": json.dumps(result.seed),
        "spawn_key": json.dumps(result.spawn_key),
        **{f"{package}_version": version for package, version in result.versions.items()},
    }


def _spikes(result: Result) -> dict[str, Any]:
    # All spikes one after the other, by trial, population and time.
    times: list[NDArray[Any]] = []
    neurons: list[NDArray[Any]] = []
    trials: list[NDArray[Any]] = []
    names: list[NDArray[Any]] = []
    for trial in range(result.trials):
        for name, trains in result.spikes.items():
            train = trains if result.trials == 1 else trains[trial]
            times.append(train["time"])
            neurons.append(train["neuron"])
            trials.append(np.full(len(train), trial))
            names.append(np.full(len(train), name))
    return {
        "spike_time": ("spike", np.concatenate(times), {"units": "ms"}),
        "spike_neuron": ("spike", np.concatenate(neurons), {"long_name": "number in population"}),
        "spike_population": ("spike", np.concatenate(names)),
        "spike_trial": ("spike", np.concatenate(trials)),
    }
