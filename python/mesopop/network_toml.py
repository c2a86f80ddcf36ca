"""Networks as TOML files.

``[[populations]]`` with ``name``, ``size``, ``drive`` and a table ``[populations.neuron]``;
``[[projections]]`` with ``source``, ``target``, ``weight`` ... and perhaps ``[projections.stp]``.
Neurons, transfer functions and signals carry a key ``type``, e.g. ``type = "LIF"``.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import IO, Any

from mesopop.network import Network
from mesopop.toml_tables import read_toml, structure, toml_text, unstructure, write_toml


def network_from_dict(tables: Mapping[str, Any]) -> Network:
    """Make a network of the tables of a TOML file.

    Parameters
    ----------
    tables : mapping
        As written by `network_to_dict`. Parameters with a default may be left out.

    Raises
    ------
    ValueError
        With one line for each key that is unknown, missing or out of bounds, e.g.
        ``projections[0].stp: tau_d must be >= 0 ms, got -5.0 ms``.
    """
    if isinstance(tables, Mapping) and "simulation" in tables:
        raise ValueError(
            'key "simulation" belongs to an experiment: read it with Experiment.from_toml'
        )
    return structure(tables, Network)


def network_to_dict(network: Network) -> dict[str, Any]:
    """The network in plain numbers, strings, lists and dictionaries, ready for TOML or JSON."""
    return unstructure(network)


def read_network(source: str | PathLike[str] | IO[str]) -> Network:
    """Read a network from the path of a TOML file, or from a text file."""
    return read_toml(source, network_from_dict)


def write_network(network: Network, path: str | PathLike[str]) -> None:
    """Write a network to a TOML file."""
    write_toml(network_to_dict(network), path)


def network_as_toml(network: Network) -> str:
    """The text of the TOML file of a network."""
    return toml_text(network_to_dict(network))
