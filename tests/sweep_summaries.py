"""Summaries of runs, in a module that worker processes can import."""

import os
import signal
import time
from pathlib import Path


def rate(result):
    return {"rate": ("population", [result.rate["E"].mean()], {"units": "Hz"})}


def noting(result, *, folder):
    """Leaves a file for every run that was computed."""
    Path(folder, f"{os.getpid()}-{result.spawn_key}").touch()
    return rate(result)


def waiting(result, *, folder):
    """Says who it is, and waits for ever."""
    Path(folder, str(os.getpid())).touch()
    time.sleep(1e6)


def killing_once(result, *, flag):
    """The first run kills its worker."""
    try:
        Path(flag).touch(exist_ok=False)
    except FileExistsError:
        return rate(result)
    os.kill(os.getpid(), signal.SIGKILL)


def killing_always(result, *, drive):
    """Runs at one drive kill their worker."""
    if result.network.population("E").drive == drive:
        os.kill(os.getpid(), signal.SIGKILL)
    return rate(result)


def failing(result, *, drive):
    """Runs at one drive fail."""
    if result.network.population("E").drive == drive:
        raise ZeroDivisionError("nothing to divide by")
    return rate(result)


def ragged(result):
    """As many numbers as the drive says, and a coordinate of constant length."""
    number = int(result.network.population("E").drive)
    return {
        "lag": ("lag", [1.0, 2.0], {"units": "ms"}),
        "correlation": (("lag",), [0.5, 0.25]),
        "interval": (("event",), list(range(number))),
        "count": number,
        "name": "x" * number,
    }
