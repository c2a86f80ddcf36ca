"""Sweeps as TOML files: an experiment with a table ``[sweep]``.

``[sweep.grid]`` has paths and their values, or ``[[sweep.points]]`` points one by one;
``[sweep]`` itself what ``[simulation]`` leaves open: ``level``, ``method``, ``noise``,
``bin_tolerance`` and ``history``.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from attrs import frozen

from mesopop.experiment import Experiment
from mesopop.experiment_toml import experiment_from_dict
from mesopop.toml_errors import unknown_key
from mesopop.toml_tables import read_toml

_SETTINGS = ("level", "method", "noise", "bin_tolerance", "history")
_KEYS = (*_SETTINGS, "grid", "points")


@frozen(kw_only=True)
class SweptExperiment:
    """An experiment and what of it is swept.

    Attributes
    ----------
    experiment : Experiment
    parameters : dict or list of dict
        As `sweep` takes them.
    settings : dict
        Further arguments of `sweep`.
    """

    experiment: Experiment
    parameters: dict[str, list[Any]] | list[dict[str, Any]]
    settings: dict[str, Any]

    def arguments(self) -> dict[str, Any]:
        """The arguments of `sweep` that say what is computed."""
        simulation = self.experiment.simulation
        return {
            "network": self.experiment.network,
            "parameters": self.parameters,
            "duration": simulation.duration,
            "dt": simulation.dt,
            "trials": simulation.trials,
            "seed": simulation.seed,
            "initial": simulation.initial,
            "record_dt": simulation.record_dt,
            "transient": simulation.transient,
            "events": self.experiment.events,
            **self.settings,
        }


def read_sweep(path: str | PathLike[str]) -> SweptExperiment:
    """Read an experiment with a table ``[sweep]``.

    Raises
    ------
    ValueError
        If a key is unknown, missing or out of bounds; the error names the place.
    """
    return read_toml(path, _from_tables)


def _from_tables(tables: dict[str, Any]) -> SweptExperiment:
    if "sweep" not in tables:
        raise ValueError('missing table "sweep", with the paths and values to be swept')
    table = tables["sweep"]
    experiment = experiment_from_dict({k: v for k, v in tables.items() if k != "sweep"})
    if not isinstance(table, Mapping):
        raise ValueError(f"sweep: must be a table, got {table!r}")
    for key in table:
        if key not in _KEYS:
            raise ValueError(f"sweep: {unknown_key(key, list(_KEYS))}")
    if ("grid" in table) == ("points" in table):
        raise ValueError("sweep: must have either a table [sweep.grid] or tables [[sweep.points]]")
    settings = {}
    for key in _SETTINGS:
        of_experiment = getattr(experiment.simulation, key)
        if key in table and of_experiment is not None:
            raise ValueError(
                f'sweep: key "{key}" must be in [simulation] or in [sweep], not in both'
            )
        if key in table or of_experiment is not None:
            settings[key] = table.get(key, of_experiment)
    closures = experiment.simulation.closures
    if settings.get("level") == "meso" and closures:
        if len(closures) > 1:
            raise ValueError(
                f"simulation: closures must be one for a sweep, got {len(closures)}: "
                'sweep over "simulation.closure" instead'
            )
        settings["closure"] = closures[0]
    parameters = _grid(table["grid"]) if "grid" in table else _points(table["points"])
    return SweptExperiment(experiment=experiment, parameters=parameters, settings=settings)


def _grid(grid: Any) -> dict[str, list[Any]]:
    if not isinstance(grid, Mapping):
        raise ValueError(f"sweep.grid: must be a table, got {grid!r}")
    for path, values in grid.items():
        if not isinstance(values, list) or not all(map(_plain, values)):
            raise ValueError(
                f'sweep.grid: "{path}" must be an array of numbers or strings '
                f"(a path needs quotes), got {values!r}"
            )
    return dict(grid)


def _points(points: Any) -> list[dict[str, Any]]:
    if not isinstance(points, list):
        raise ValueError(
            f"sweep.points: must be an array of tables: [[sweep.points]], got {points!r}"
        )
    for index, point in enumerate(points):
        place = f"sweep.points[{index}]"
        if not isinstance(point, Mapping):
            raise ValueError(f"{place}: must be a table, got {point!r}")
        for path, value in point.items():
            if not _plain(value):
                raise ValueError(
                    f'{place}: "{path}" must be a number or string (a path needs quotes), '
                    f"got {value!r}"
                )
    return [dict(point) for point in points]


def _plain(value: Any) -> bool:
    return isinstance(value, (int, float, str)) and not isinstance(value, bool)
