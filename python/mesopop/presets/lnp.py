"""Recurrent excitatory LNP networks with depressing delta synapses."""

from __future__ import annotations

from mesopop.experiment import EventSettings, Experiment, SimulationSettings
from mesopop.network import Network, Population, Projection
from mesopop.neurons import LNP
from mesopop.plasticity import TsodyksMarkram
from mesopop.transfer import Softplus

SOURCE = (
    "Model of Pietras, Schmutz and Schwalger, PLoS Comput. Biol. 18(12):e1010809 (2022), "
    "with parameters of mesopop's own."
)
SIZE = 200


def _network(*, drive: float, summed_weight: float, tau_d: float) -> Network:
    neuron = LNP(tau_m=10.0, transfer=Softplus(alpha=2.0, gain=1.0))
    stp = TsodyksMarkram(U0=0.2, U=0.0, tau_d=tau_d)
    return Network(
        populations=[Population("E", size=SIZE, neuron=neuron, drive=drive)],
        projections=[Projection("E", "E", weight=summed_weight / SIZE, stp=stp)],
    )


def up_down() -> Experiment:
    """Spontaneous switching between Up and Down states: 200 neurons, N J = 1000 mV, drive -3.5 mV.

    The numbers of `behaviour` are those that ``mesopop run lnp-up-down`` prints (micro, 20 trials of
    75 s, seed 21; h up through 25 mV, down through 8 mV). 50 trials of 100 s (``mesopop figures
    up-down``, seed 1) are Up for 0.586 ± 0.014 of the time, with a mean Up time of 2.25 ± 0.10 s
    and a mean Down time of 1.610 ± 0.055 s. The fixed points of the infinite network are h = -2.50
    mV (Down), 3.29 mV (saddle) and 42.4 mV (Up, a stable focus).
    """
    return Experiment(
        title="Up and Down states of LNP neurons",
        source=SOURCE,
        behaviour=(
            "Neuron by neuron, dt 0.1 ms, 1500 s, seed 21: rate 27.4 ± 1.2 Hz, fraction of time Up "
            "0.638 ± 0.023, mean Up time 2.40 ± 0.18 s, mean Down time 1.361 ± 0.083 s, interval "
            "between Up onsets 3.80 ± 0.20 s (386 onsets). Fixed points of the infinite network at "
            "h = -2.50, 3.29 and 42.4 mV."
        ),
        network=_network(drive=-3.5, summed_weight=1000.0, tau_d=100.0),
        simulation=SimulationSettings(
            duration=76_000.0, dt=0.1, trials=20, seed=21, record_dt=0.5, transient=1000.0
        ),
        events=EventSettings(
            population="E", kind="up_down_states", observable="potential", low=8.0, high=25.0
        ),
    )


def population_spikes() -> Experiment:
    """Irregular population spikes: 200 neurons, N J = 1250 mV, drive -4 mV.

    The numbers of `behaviour` are those that ``mesopop run lnp-population-spikes`` prints (micro, 20
    trials of 50 s, seed 22; h up through 10 mV, down through 0 mV). 50 trials of 100 s (``mesopop
    figures population-spikes``, seed 1) have intervals of 2.144 ± 0.022 s with a coefficient of
    variation of 0.488 ± 0.011. The fixed points of the infinite network are h = -3.04 mV (stable),
    4.30 mV (saddle) and 9.54 mV (unstable).
    """
    return Experiment(
        title="Population spikes of LNP neurons",
        source=SOURCE,
        behaviour=(
            "Neuron by neuron, dt 0.1 ms, 1000 s, seed 22: rate 5.146 ± 0.099 Hz, interval between "
            "population spikes 2.078 ± 0.049 s with a CV of 0.501 ± 0.034 (464 events). Fixed "
            "points of the infinite network at h = -3.04, 4.30 and 9.54 mV."
        ),
        network=_network(drive=-4.0, summed_weight=1250.0, tau_d=400.0),
        simulation=SimulationSettings(
            duration=51_000.0, dt=0.1, trials=20, seed=22, record_dt=0.5, transient=1000.0
        ),
        events=EventSettings(
            population="E", kind="population_spikes", observable="potential", low=0.0, high=10.0
        ),
    )
