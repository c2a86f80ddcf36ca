"""Recurrent excitatory LIF networks with depressing synapses."""

from __future__ import annotations

from mesopop.experiment import EventSettings, Experiment, SimulationSettings
from mesopop.network import Network, Population, Projection
from mesopop.neurons import LIF
from mesopop.plasticity import TsodyksMarkram

SOURCE = (
    "Model of Schmutz, Gerstner and Schwalger, J. Math. Neurosci. 10:5 (2020), "
    "with parameters of mesopop's own."
)


def _network(*, size: int, drive: float, summed_weight: float, stp: TsodyksMarkram) -> Network:
    neuron = LIF(tau_m=20.0, v_th=15.0, v_reset=0.0, t_ref=4.0, delta_u=2.0, rate_at_threshold=10.0)
    return Network(
        populations=[Population("E", size=size, neuron=neuron, drive=drive)],
        projections=[
            Projection("E", "E", weight=summed_weight / size, tau_s=3.0, delay=1.0, stp=stp)
        ],
    )


def up_down() -> Experiment:
    """Spontaneous switching between Up and Down states: 100 neurons, N J = 220 mV, drive 10 mV.

    The numbers of `behaviour` are those that ``mesopop run lif-up-down`` prints (micro, 20 trials of
    100 s, seed 11). 40 trials of 1000 s (docs/accuracy.md) have a rate of 20.20 ± 0.15 Hz, are Up
    for 0.576 ± 0.0045 of the time, and have a mean Up time of 4.124 ± 0.054 s. The dwell times are
    sensitive to the delay and the time step.
    """
    return Experiment(
        title="Up and Down states of LIF neurons",
        source=SOURCE,
        behaviour=(
            "Neuron by neuron, dt 0.5 ms, 2000 s, seed 11: rate 20.20 ± 0.66 Hz, fraction of time "
            "Up 0.576 ± 0.020, mean Up time 4.06 ± 0.24 s, mean Down time 3.00 ± 0.18 s, interval "
            "between Up onsets 7.12 ± 0.31 s (275 onsets)."
        ),
        network=_network(
            size=100,
            drive=10.0,
            summed_weight=220.0,
            stp=TsodyksMarkram(U0=0.2, U=0.0, tau_d=100.0),
        ),
        simulation=SimulationSettings(
            duration=101_000.0, dt=0.5, trials=20, seed=11, record_dt=1.0, transient=1000.0
        ),
        events=EventSettings(
            population="E",
            kind="up_down_states",
            observable="rate",
            low=6.0,
            high=25.0,
            smooth=10.0,
        ),
    )


def population_spikes() -> Experiment:
    """Irregular population spikes: 200 neurons, N J = 160 mV, drive 9 mV.

    The numbers of `behaviour` are those that ``mesopop run lif-population-spikes`` prints (micro,
    20 trials of 100 s, seed 12). 40 trials of 1000 s (docs/accuracy.md) have a rate of 1.557 ±
    0.0044 Hz, a release per spike of 0.3447 ± 0.00036 and intervals of 3.983 ± 0.029 s.
    """
    return Experiment(
        title="Population spikes of LIF neurons",
        source=SOURCE,
        behaviour=(
            "Neuron by neuron, dt 0.5 ms, 2000 s, seed 12: rate 1.549 ± 0.015 Hz, release per spike "
            "0.3453 ± 0.0013, interval between population spikes 3.97 ± 0.14 s (495 events)."
        ),
        network=_network(
            size=200, drive=9.0, summed_weight=160.0, stp=TsodyksMarkram(U0=0.5, U=0.0, tau_d=400.0)
        ),
        simulation=SimulationSettings(
            duration=101_000.0, dt=0.5, trials=20, seed=12, record_dt=1.0, transient=1000.0
        ),
        events=EventSettings(
            population="E",
            kind="population_spikes",
            observable="rate",
            low=5.0,
            high=30.0,
            smooth=10.0,
        ),
    )
