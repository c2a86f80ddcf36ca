"""Poisson neurons that project through plastic synapses onto a readout population."""

from __future__ import annotations

from typing import Literal

from mesopop.experiment import Experiment, SimulationSettings
from mesopop.network import Network, Population, Projection
from mesopop.neurons import LNP, Poisson
from mesopop.plasticity import TsodyksMarkram
from mesopop.transfer import Softplus
from mesopop.validation import did_you_mean

SYNAPSES = {
    # Released per spike, U0 x: exactly U0 / (1 + U0 r tau_d) for a Poisson train of rate r.
    "depressing": (TsodyksMarkram(U0=0.5, U=0.0, tau_d=400.0), 1 / 6),
    # u x with x = 1: exactly (U0 + U r tau_f) / (1 + U r tau_f).
    "facilitating": (TsodyksMarkram(U0=0.1, U=0.1, tau_d=0.0, tau_f=500.0), 0.4),
    # u and x are correlated: no closed form, so from 1.4e6 spikes of a Monte Carlo simulation.
    "mixed": (TsodyksMarkram(U0=0.2, U=0.2, tau_d=300.0, tau_f=600.0), 0.214),
}


def feedforward(
    synapse: Literal["depressing", "facilitating", "mixed"] = "depressing",
) -> Experiment:
    """100 Poisson neurons "pre" at 10 Hz, projecting onto 100 LNP neurons "post".

    =============  ====  ====  ========  ========  ==================  ===========
    synapse        U0    U     tau_d/ms  tau_f/ms  release per spike   mean h/mV
    =============  ====  ====  ========  ========  ==================  ===========
    depressing     0.5   0     400       0         0.500 -> 0.167      3.33
    facilitating   0.1   0.1   0         500       0.100 -> 0.400      8.00
    mixed          0.2   0.2   300       600       0.200 -> 0.214      4.28
    =============  ====  ====  ========  ========  ==================  ===========

    The release per spike is given at rest and in the stationary state, and the mean potential of
    "post" is tau_m N J r times the latter.

    Parameters
    ----------
    synapse : {"depressing", "facilitating", "mixed"}

    Raises
    ------
    ValueError
        If `synapse` is none of these.
    """
    if synapse not in SYNAPSES:
        raise ValueError(f'unknown synapse "{synapse}"; {did_you_mean(synapse, SYNAPSES)}')
    stp, release = SYNAPSES[synapse]
    size, rate, weight, tau_m = 100, 10.0, 1.0, 20.0
    potential = tau_m / 1000 * size * weight * rate * release
    return Experiment(
        title=f"Poisson neurons through {synapse} synapses",
        source="Tsodyks-Markram synapses with parameters of mesopop's own.",
        behaviour=(
            f"Release per spike {stp.U0:.3f} at rest, {release:.3f} in the stationary state; mean "
            f'potential of "post" {potential:.2f} mV.'
        ),
        network=Network(
            populations=[
                Population("pre", size=size, neuron=Poisson(rate)),
                Population("post", size=100, neuron=LNP(tau_m, transfer=Softplus(alpha=2.0))),
            ],
            projections=[
                Projection("pre", "post", weight=weight, tau_s=3.0, delay=1.0, stp=stp),
            ],
        ),
        simulation=SimulationSettings(
            duration=23_000.0, dt=0.5, trials=20, seed=31, record_dt=1.0, transient=3000.0
        ),
    )
