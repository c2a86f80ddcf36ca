"""Experiments as TOML files: the tables of a network, and how to simulate it."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import IO, Any

from attrs import fields

from mesopop.experiment import EventSettings, Experiment, SimulationSettings
from mesopop.network import Network
from mesopop.network_toml import network_from_dict, network_to_dict
from mesopop.toml_errors import unknown_key
from mesopop.toml_tables import read_toml, structure, unstructure, write_toml

NETWORK_KEYS = tuple(field.name for field in fields(Network))
OWN_KEYS = tuple(field.name for field in fields(Experiment) if field.name != "network")


def experiment_from_dict(tables: Mapping[str, Any]) -> Experiment:
    """Make an experiment of the tables of a TOML file.

    Raises
    ------
    ValueError
        If a key is unknown, missing or out of bounds; the error names the place, e.g.
        ``simulation: missing keys "duration", "dt"``.
    """
    known = [*OWN_KEYS, *NETWORK_KEYS]
    for key in tables:
        if key == "sweep":
            raise ValueError('key "sweep" belongs to a sweep: run it with `mesopop sweep`')
        if key not in known:
            raise ValueError(unknown_key(key, known))
    own: dict[str, Any] = {key: tables[key] for key in OWN_KEYS if key in tables}
    own["network"] = network_from_dict({k: tables[k] for k in NETWORK_KEYS if k in tables})
    own["simulation"] = structure(tables.get("simulation", {}), SimulationSettings, "simulation")
    if "events" in tables:
        own["events"] = structure(tables["events"], EventSettings, "events")
    try:
        return Experiment(**own)
    except TypeError as error:
        raise ValueError(str(error)) from None


def experiment_to_dict(experiment: Experiment) -> dict[str, Any]:
    """The experiment in plain numbers, strings, lists and dictionaries, ready for TOML or JSON."""
    tables = {key: getattr(experiment, key) for key in ("title", "source", "behaviour")}
    tables["simulation"] = unstructure(experiment.simulation)
    if experiment.events is not None:
        tables["events"] = unstructure(experiment.events)
    return tables | network_to_dict(experiment.network)


def read_experiment(source: str | PathLike[str] | IO[str]) -> Experiment:
    """Read an experiment from the path of a TOML file, or from a text file."""
    return read_toml(source, experiment_from_dict)


def write_experiment(experiment: Experiment, path: str | PathLike[str]) -> None:
    """Write an experiment to a TOML file."""
    write_toml(experiment_to_dict(experiment), path)
