"""The cortical microcircuit of Potjans and Diesmann with escape-noise LIF neurons."""

from __future__ import annotations

from attrs import astuple

from mesopop.experiment import Experiment, SimulationSettings
from mesopop.network import Network, Population, Projection
from mesopop.neurons import LIF
from mesopop.plasticity import TsodyksMarkram
from mesopop.validation import did_you_mean

SOURCE = (
    "Potjans and Diesmann, Cereb. Cortex 24:785 (2014), in the reduction to escape-noise neurons "
    "of Schwalger, Deger and Gerstner, PLoS Comput. Biol. 13:e1005507 (2017), without adaptation."
)
NAMES = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
SIZES = (20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948)
# Resting potential plus background, mV above rest.
DRIVES = (
    19.14942021,
    20.36247192,
    30.80455243,
    28.06868188,
    29.43680143,
    29.32954448,
    34.93225564,
    32.08123423,
)
NEURON = LIF(tau_m=10.0, v_th=15.0, v_reset=0.0, t_ref=2.0, delta_u=5.0, rate_at_threshold=10.0)
PSP = 0.1756  # mV: 87.8 pA x 0.5 ms / 250 pF
# Connection probabilities, rows: target, columns: source.
PROBABILITY = (
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0000, 0.0076, 0.0000),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0000, 0.0042, 0.0000),
    (0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0000),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0000, 0.1057, 0.0000),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0000),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0000),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443),
)
# Stationary rates of the static network, Hz, by NEST 3.10 (gif_pop_psc_exp, dt 0.1 ms).
RATES = (0.971, 2.858, 4.669, 5.651, 8.170, 9.041, 0.989, 7.530)

# Plasticity of the excitatory synapses by the kind of their target (Tsodyks, Uziel and Markram,
# J. Neurosci. 20:RC50, 2000): depressing onto excitatory, facilitating onto inhibitory neurons.
PLASTICITY = {
    "E": TsodyksMarkram(U0=0.5, U=0.5, tau_d=800.0),
    "I": TsodyksMarkram(U0=0.04, U=0.04, tau_d=100.0, tau_f=1000.0),
}


def microcircuit(synapses: str = "static") -> Experiment:
    """Four layers of excitatory and inhibitory neurons, 77,169 neurons in all.

    With static synapses the stationary rates at dt = 0.1 ms are, in the order of the populations,
    0.971, 2.858, 4.669, 5.651, 8.170, 9.041, 0.989 and 7.530 Hz (NEST 3.10, gif_pop_psc_exp).

    Parameters
    ----------
    synapses : {"static", "plastic"}
        "plastic" gives the excitatory synapses short-term plasticity: depressing onto excitatory
        neurons (U0 = U = 0.5, tau_d 800 ms), facilitating onto inhibitory ones (U0 = U = 0.04,
        tau_d 100 ms, tau_f 1000 ms). Their weights are divided by the mean release of such a
        synapse at the rate of its source in the static network, which keeps the working point.
    """
    if synapses not in ("static", "plastic"):
        hint = did_you_mean(synapses, ("static", "plastic"))
        raise ValueError(f'synapses must be "static" or "plastic", got {synapses!r}; {hint}')
    populations = [
        Population(name, size=size, neuron=NEURON, drive=drive)
        for name, size, drive in zip(NAMES, SIZES, DRIVES, strict=True)
    ]
    projections = [
        _projection(source, target, synapses)
        for target in range(8)
        for source in range(8)
        if PROBABILITY[target][source] > 0
    ]
    return Experiment(
        title=f"Cortical microcircuit with {synapses} synapses",
        source=SOURCE,
        behaviour=(
            "Asynchronous irregular activity at 1 to 9 Hz. Rates with static synapses, Hz: "
            + ", ".join(f"{name} {rate}" for name, rate in zip(NAMES, RATES, strict=True))
            + " (NEST 3.10, gif_pop_psc_exp, dt 0.1 ms)."
        ),
        network=Network(populations=populations, projections=projections),
        simulation=SimulationSettings(
            duration=11_000.0, dt=0.1, trials=4, seed=31, record_dt=1.0, transient=1000.0
        ),
    )


def _projection(source: int, target: int, synapses: str) -> Projection:
    excitatory = NAMES[source].endswith("E")
    weight = PSP if excitatory else -4 * PSP
    if (NAMES[target], NAMES[source]) == ("L23E", "L4E"):
        weight *= 2
    stp = None
    if excitatory and synapses == "plastic":
        stp = PLASTICITY[NAMES[target][-1]]
        weight /= _mean_release(stp, RATES[source])
    return Projection(
        NAMES[source],
        NAMES[target],
        weight=weight,
        probability=PROBABILITY[target][source],
        tau_s=0.5,
        delay=1.5,
        stp=stp,
    )


def _mean_release(stp: TsodyksMarkram, rate: float) -> float:
    # Stationary u x of the mean-field equations at a Poisson rate in Hz.
    U0, U, tau_d, tau_f = map(float, astuple(stp))
    per_ms = 1e-3 * rate
    facilitation = U * per_ms * tau_f
    u = (U0 + facilitation) / (1 + facilitation)
    return u / (1 + u * per_ms * tau_d)
