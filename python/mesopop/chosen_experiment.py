"""The experiment that the command line asks for: a preset or a file, and what is overridden."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from mesopop import presets
from mesopop.experiment import Experiment
from mesopop.settings import CLOSURES
from mesopop.validation import did_you_mean, require_number, steps


def chosen(source: str, options: Sequence[str]) -> tuple[str, Experiment]:
    """Name and experiment of a preset by name, or else of a file.

    Parameters
    ----------
    source : str
        What looks like a file is not looked for among the presets.
    options : sequence of str
        Of the preset, as ``NAME=VALUE``.

    Raises
    ------
    ValueError, TypeError
        If there is no such preset, option or file, or something is wrong in the file.
    """
    if source in presets.names():
        pairs = [option.partition("=") for option in options]
        name = "-".join([source, *(value for _, _, value in pairs)])
        return name, presets.experiment(source, **{key: _plain(value) for key, _, value in pairs})
    path = Path(source)
    if path.is_file() or path.suffix == ".toml" or len(path.parts) > 1:
        path = existing_file(source)
        if options:
            raise ValueError(f"--option applies to presets, got {options[0]!r} with a file")
        return path.stem, Experiment.from_toml(path)
    raise ValueError(
        f'unknown preset "{source}"; {did_you_mean(source, presets.names())} '
        "(a file of your own ends in .toml)"
    )


def existing_file(source: str) -> Path:
    """The path of a file.

    Raises
    ------
    ValueError
        If there is none; the error names those beside it.
    """
    path = Path(source)
    if path.is_file():
        return path
    beside = [str(path.parent / file.name) for file in sorted(path.parent.glob("*.toml"))]
    hint = did_you_mean(source, beside) if beside else "there is no .toml file in that folder"
    raise ValueError(f'no file "{source}"; {hint}')


def overridden(
    experiment: Experiment,
    *,
    level: str | None,
    closures: Sequence[str],
    duration: float | None,
    trials: int | None,
    seed: int | None,
    begun: Path | None,
) -> Experiment:
    """The experiment with what options of the command line say instead, and with a seed.

    Parameters
    ----------
    experiment : Experiment
    level : {"micro", "meso"}, optional
    closures : sequence of str
        Those of the experiment if empty.
    duration : float, optional
        s.
    trials, seed : int, optional
    begun : path, optional
        The configuration of the run that goes on. It has the seed that was drawn.

    Raises
    ------
    ValueError
        If an option is out of bounds; the error names it.
    """
    settings = experiment.simulation
    if level is not None:
        settings = settings.at_level(level)
    changes: dict[str, Any] = {}
    if closures:
        for name in closures:
            if name not in CLOSURES:
                raise ValueError(f'--closure: unknown "{name}"; {did_you_mean(name, CLOSURES)}')
        if settings.level == "micro":
            raise ValueError(
                f'--closure applies to level "meso", got "{closures[0]}" at level "micro"'
            )
        changes["closures"] = closures
    if duration is not None:
        changes["duration"] = _milliseconds(duration, settings.transient, settings.dt)
    if trials is not None:
        changes["trials"] = trials
    if seed is not None:
        changes["seed"] = seed
    elif settings.seed is None and begun is not None:
        changes["seed"] = Experiment.from_toml(begun).simulation.seed
    elif settings.seed is None:
        # Drawn here, and short, so that the configuration that is written repeats the run.
        changes["seed"] = int(np.random.SeedSequence().generate_state(1)[0])
    return attrs.evolve(experiment, simulation=attrs.evolve(settings, **changes))


def _milliseconds(seconds: float, transient: float, dt: float) -> float:
    seconds = require_number("--duration", seconds, "s", gt=0)
    if not 1000 * seconds > transient:
        raise ValueError(
            f"--duration must be > {transient / 1000:g} s, the transient that is cut before "
            f"analysis, got {seconds!r} s"
        )
    try:
        steps("it", 1000 * seconds, dt)
    except ValueError as error:
        raise ValueError(f"--duration {seconds!r} s: {error}") from None
    return 1000 * seconds


def _plain(value: str) -> str | int | float:
    for number in (int, float):
        try:
            return number(value)
        except ValueError:
            continue
    return value
