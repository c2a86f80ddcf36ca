"""Long runs for the tests: how they are started, stopped and compared."""

import os
from pathlib import Path

import attrs
import numpy as np
from networks import meso, recorded

import mesopop as mp
from mesopop import checkpoint_file, reducers

UP_DOWN = mp.presets.load("lnp-up-down")
DURATION = 600.0
# For processes that run elsewhere.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(mp.__file__).parents[1])}


def start(network=UP_DOWN, engine=None, **changes):
    return mp.Simulation(network, **{"dt": 0.5, "seed": 5, **(engine or meso(None)), **changes})


def make_reducers():
    return {
        "dwell": reducers.DwellTimes("rate", "E", low=8, high=25),
        "counts": reducers.Histogram("rate", "E", edges=[0, 5, 10, 30]),
        "moments": reducers.Moments([("rate", "E"), ("u", "E->E")]),
        "spectrum": reducers.Spectrum("rate", "E", segment=100.0),
    }


def found(run):
    """All numbers of what the reducers found."""
    return {
        f"{name}/{field.name}": np.asarray(getattr(result, field.name))
        for name, result in run.reduced.items()
        for field in attrs.fields(type(result))
        if isinstance(getattr(result, field.name), (np.ndarray, float, int))
    }


def recorded_file(path):
    """All arrays of a file that a long run has written."""
    return recorded(mp.Result.load(path))


class Killed(Exception):
    pass


class Stop:
    """Stops a run at its n-th checkpoint, as if the process had been killed."""

    def __init__(self, monkeypatch, after):
        write, self.left = checkpoint_file.write_archive, after

        def stopping(*arguments):
            if self.left == 0:
                raise Killed
            self.left -= 1
            write(*arguments)

        monkeypatch.setattr(checkpoint_file, "write_archive", stopping)
