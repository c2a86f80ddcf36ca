"""A ring of LNP units with depressing synapses: a model of hippocampal replay."""

from __future__ import annotations

import math

from mesopop.experiment import Experiment, SimulationSettings
from mesopop.network import Network, Population, Projection
from mesopop.neurons import LNP
from mesopop.plasticity import TsodyksMarkram
from mesopop.transfer import Softplus
from mesopop.validation import did_you_mean

SOURCE = (
    "Pietras, Schmutz and Schwalger, PLoS Comput. Biol. 18(12):e1010809 (2022): their ring model "
    "of hippocampal replay, with the values of their public code."
)
UNITS = 100
UNIT_SIZE = 50
DRIVE = {"noise": -1.4, "fatigue": -0.9}  # mV


def ring(bursts: str = "noise") -> Experiment:
    """100 units of 50 neurons on a ring, each exciting its neighbours and inhibiting all.

    N J_ij = (-1300 + 3000 cos(2 pi (i - j) / 100)) / 100 mV, depressing synapses. Between silences
    a bump of activity appears and travels around the ring.

    Parameters
    ----------
    bursts : {"noise", "fatigue"}
        What starts them: fluctuations (drive -1.4 mV), or recovery from depression (-0.9 mV).
    """
    if bursts not in DRIVE:
        raise ValueError(
            f'bursts must be "noise" or "fatigue", got {bursts!r}; {did_you_mean(bursts, DRIVE)}'
        )
    neuron = LNP(tau_m=10.0, transfer=Softplus(alpha=1.0, gain=1.0))
    stp = TsodyksMarkram(U0=0.8, U=0.0, tau_d=800.0)
    names = [f"{unit:02d}" for unit in range(UNITS)]
    by_distance = [
        (-1300 + 3000 * math.cos(2 * math.pi * distance / UNITS)) / UNITS / UNIT_SIZE
        for distance in range(UNITS)
    ]
    return Experiment(
        title=f"Replay on a ring, bursts driven by {bursts}",
        source=SOURCE,
        behaviour="Bursts of a localised bump of activity that travels, separated by silences.",
        network=Network(
            populations=[
                Population(name, size=UNIT_SIZE, neuron=neuron, drive=DRIVE[bursts])
                for name in names
            ],
            projections=[
                Projection(source, target, weight=by_distance[(i - j) % UNITS], stp=stp)
                for i, target in enumerate(names)
                for j, source in enumerate(names)
            ],
        ),
        simulation=SimulationSettings(
            duration=20_000.0, dt=0.1, trials=1, seed=41, record_dt=5.0, transient=0.0
        ),
    )
