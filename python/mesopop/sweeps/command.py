"""The command ``mesopop sweep``: a file to a folder and a table."""

from __future__ import annotations

import os
import shutil
import warnings
from pathlib import Path

from mesopop.analysis.report import counted, duration, significant
from mesopop.sweeps.log import SPECIFICATION
from mesopop.sweeps.report import as_text, failures
from mesopop.sweeps.sweep import sweep
from mesopop.sweeps.toml import read_sweep

TABLE, DATASET, CONFIG = "table.txt", "sweep.nc", "config.toml"
_ROWS = 24


def run_sweep(source: Path, folder: Path, *, workers: int | None, resume: bool, quiet: bool) -> str:
    """Run the sweep of a file, write ``sweep.nc``, ``table.txt`` and ``config.toml``.

    Parameters
    ----------
    source : Path
        An experiment with a table ``[sweep]``.
    folder : Path
        Finished runs are saved there too.
    workers : int or None
    resume : bool
        Whether to go on if the folder holds the beginning of the sweep.
    quiet : bool

    Returns
    -------
    str
        What failed; empty if nothing did.

    Raises
    ------
    ValueError, TypeError
        If something is wrong with the file, or the folder holds a sweep.
    KeyboardInterrupt
        After Ctrl-C. What has finished is saved.
    """
    swept = read_sweep(source)
    if (folder / SPECIFICATION).exists() and not resume:
        raise ValueError(
            f"{folder} holds a sweep already: --resume goes on with it, or choose another --output"
        )
    with warnings.catch_warnings():
        # Said below.
        warnings.filterwarnings("ignore", r"(interrupted: )?\d+ of \d+ runs", RuntimeWarning)
        data = sweep(**swept.arguments(), path=folder, workers=workers, progress=not quiet)
    if not data.attrs["complete"]:
        raise KeyboardInterrupt
    # netCDF has no slashes in names.
    data.rename({name: name.replace("/", "_") for name in map(str, data.variables)}).to_netcdf(
        folder / DATASET, engine="h5netcdf"
    )
    (folder / TABLE).write_text(as_text(data) + "\n", encoding="utf-8")
    shutil.copyfile(source, folder / CONFIG)
    if not quiet:
        simulation, title = swept.experiment.simulation, swept.experiment.title
        if title:
            print(title)
        points = data.error.size // data.sizes["trial"]
        print(
            f"{counted(points, 'point')}, {counted(data.sizes['trial'], 'trial')} of "
            f"{duration(simulation.duration)} each; dt {significant(simulation.dt)} ms; "
            f"seed {data.attrs['seed']}\n"
        )
        print(as_text(data, _ROWS))
        print(f"\nWritten to {folder}{os.sep}\n  {DATASET}  {TABLE}  {CONFIG}")
    return failures(data)
