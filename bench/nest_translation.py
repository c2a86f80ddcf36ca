"""Networks translated to NEST's gif_psc_exp behave there as here; its defaults are those we know.

A population with both kinds of adaptation that excites itself through depressing and facilitating
synapses, and an inhibitory one, neuron by neuron in both programs. They step differently (NEST
takes the hazard at the end of a step, and lets input act half a step earlier), which vanishes with
the time step.
"""

from __future__ import annotations

import argparse

import numpy as np

import mesopop as mp
from agreement import relative_difference, require_agreement
from mesopop.analysis import time_average
from mesopop.nest_models import DEFAULTS
from peers.nest import Nest, add_argument
from report import Report

DT = 0.1
TRANSIENT, PIECE, PIECES = 1000.0, 2000.0, 20
BOUND = 0.01
NEURON = {"tau_m": 20, "v_reset": -65, "t_ref": 4, "delta_u": 2, "rate_at_threshold": 10}


def network() -> mp.Network:
    """Everything that can be translated, away from 0 mV."""
    adaptation = [
        mp.ThresholdKernel(amplitude=1.5, tau=200.0),
        mp.ThresholdKernel(amplitude=-0.5, tau=20.0),
        mp.SpikeTriggeredCurrent(amplitude=2.0, tau=50.0),
    ]
    return mp.Network(
        populations=[
            mp.Population(
                "E", size=200, drive=-48.0, neuron=mp.GIF(v_th=-50, adaptation=adaptation, **NEURON)
            ),
            mp.Population("I", size=50, drive=-53.0, neuron=mp.LIF(v_th=-51, **NEURON)),
        ],
        projections=[
            mp.Projection("E", "E", weight=0.3, tau_s=3, delay=1,
                          stp=mp.TsodyksMarkram(U0=0.2, U=0.2, tau_d=150, tau_f=300)),
            mp.Projection("E", "I", weight=0.15, tau_s=2, delay=1.5,
                          stp=mp.TsodyksMarkram(U0=0.5, U=0.0, tau_d=200)),
            mp.Projection("I", "E", weight=-0.4, tau_s=5, delay=1),
        ],
    )  # fmt: skip


def main() -> None:
    """Compare defaults and rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_argument(parser)
    arguments = parser.parse_args()
    report = Report()
    if not arguments.nest:
        parser.error("NEST is needed: give --nest PYTHON")
    net = network()
    here = mp.Simulation(net, dt=DT, seed=1)
    here.run(TRANSIENT, record=())
    rates = [here.run(PIECE, record=["rate"], record_dt=PIECE).rate for _ in range(PIECES)]
    with Nest(arguments.nest, net, dt=DT, seed=1, model="gif_psc_exp") as nest:
        for model, known in DEFAULTS.items():
            theirs = nest.defaults(model)
            for key, value in known.items():
                same = np.array_equal(np.atleast_1d(theirs[key]), np.atleast_1d(value))
                assert same, f"default of {key} of {model}: {theirs[key]} in NEST, here {value}"
        nest.simulate(TRANSIENT)
        there = nest.rates(PIECE, PIECES)
        version = nest.version
    rows, differences = [], {}
    for population in net.populations:
        name = population.name
        mine = time_average(np.concatenate([rate[name] for rate in rates]), unit="Hz")
        theirs = time_average(there[name], unit="Hz")
        differences[name] = relative_difference(mine, theirs)
        rows.append({"population": name, "mesopop": str(mine), f"NEST {version}": str(theirs)})
    report.table("gif_psc_exp with tsodyks2_synapse and static_synapse", rows)
    report.text("Largest difference: " + require_agreement("rates", differences, BOUND))
    report.close()


if __name__ == "__main__":
    main()
