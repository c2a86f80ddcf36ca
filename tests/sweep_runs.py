"""A small sweep for the tests."""

import mesopop as mp

NETWORK = mp.presets.load("lif-up-down")
DRIVES, TAUS = [9.0, 10.0, 11.5], [50.0, 100.0]
GRID = {"populations.E.drive": DRIVES, "projections.E->E.stp.tau_d": TAUS}
SETTINGS = {"dt": 0.5, "level": "meso", "trials": 2, "seed": 3}


def sweep(parameters=GRID, duration=400.0, **arguments):
    arguments = {**SETTINGS, "workers": 1, **arguments}
    if "executor" in arguments:
        del arguments["workers"]
    return mp.sweep(NETWORK, parameters, duration, **arguments)
