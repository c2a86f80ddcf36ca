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

    Neuron by neuron, at dt = 0.5 ms (284 events in 2000 s): rate 20.3 Hz, fraction of time Up
    0.579, mean Up time 4.08 s, mean interval between Up onsets 7.05 s. The dwell times are
    sensitive to the delay and the time step.
    """
    return Experiment(
        title="Up and Down states of LIF neurons",
        source=SOURCE,
        behaviour=(
            "Neuron by neuron, dt 0.5 ms, 2000 s: rate 20.3 Hz, fraction of time Up 0.579, mean Up "
            "time 4.08 s, mean interval between Up onsets 7.05 s (284 events)."
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

    Neuron by neuron, at dt = 0.5 ms (536 events in 2000 s): rate 1.605 Hz, mean interval 3.73 s,
    mean release per spike 0.341.
    """
    return Experiment(
        title="Population spikes of LIF neurons",
        source=SOURCE,
        behaviour=(
            "Neuron by neuron, dt 0.5 ms, 2000 s: rate 1.605 Hz, mean interval between population "
            "spikes 3.73 s (536 events), mean release per spike 0.341."
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
