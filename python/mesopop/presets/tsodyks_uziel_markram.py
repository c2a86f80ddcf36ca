"""Population bursts in a random network with plastic synapses everywhere."""

from __future__ import annotations

import numpy as np

from mesopop.arrays import FloatArray
from mesopop.connectivity import Bernoulli
from mesopop.experiment import EventSettings, Experiment, SimulationSettings
from mesopop.network import Network, Population, Projection
from mesopop.neurons import LIF
from mesopop.plasticity import TsodyksMarkram
from mesopop.signals import PerNeuron
from mesopop.validation import require_integer

SOURCE = (
    "Tsodyks, Uziel and Markram, J. Neurosci. 20:RC50 (2000), with the numbers of NEST's example "
    "tsodyks_shortterm_bursts; escape noise, and plasticity per neuron instead of per synapse."
)
SIZE = {"E": 400, "I": 100}
T_REF = {"E": 3.0, "I": 2.0}  # ms
TAU_M, TAU_S = 30.0, 3.0  # ms
V_TH, V_RESET = 15.0, 13.5  # mV
BACKGROUND_RANGE = 0.05 * V_TH  # mV
# A in mV of the steady potential that the input of fully active synapses would hold.
STRENGTH = {("E", "E"): 1.8, ("E", "I"): 7.2, ("I", "E"): -5.4, ("I", "I"): -7.2}
# Mean and bounds by the kind of the target; the standard deviation is half of the mean.
RELEASE = {"E": (0.5, 0.1, 0.9), "I": (0.04, 0.001, 0.07)}
TAU_D = {"E": (800.0, 5.0, np.inf), "I": (100.0, 5.0, np.inf)}
TAU_F = {"I": (1000.0, 5.0, np.inf)}


def population_bursts(seed: int = 1) -> Experiment:
    """400 excitatory and 100 inhibitory neurons, connected with probability 0.1.

    Asynchronous firing at a few Hz, interrupted at irregular intervals of seconds by bursts of
    about 10 ms in which most neurons fire. Neurons with a background below threshold fire rarely,
    so that their synapses are recovered when activity reaches them; depression ends the burst.

    Published: sizes, connection probability, time constants, threshold, reset, refractory times,
    range of the background, strengths A, means and spread of U, tau_d and tau_f. The amplitude of a
    postsynaptic potential is A tau_s / tau_m. Adapted:

    - The threshold is soft by 0.01 mV (escape noise, 1000 Hz at threshold), much less than the
      fluctuations of the input: a softer one lets activity build up gradually and deplete the synapses.
    - U, tau_d and tau_f are drawn for each neuron and projection, not for each synapse, and the
      strengths are all equal to their mean: a neuron averages over its 40 excitatory inputs.
    - The number of inputs is binomial; delays are 0, and a spike takes effect in the next step of
      0.1 ms.

    Drives and plasticity differ between neurons: the network has no mesoscopic counterpart. The
    numbers of `behaviour` are those that ``mesopop run tsodyks-uziel-markram`` prints.

    Parameters
    ----------
    seed : int
        Of the drawn backgrounds and plasticity, >= 0. Neurons are sorted by their background. The
        connections are drawn by the simulation, with its own seed.

    Raises
    ------
    ValueError, TypeError
        If `seed` is not an integer >= 0.
    """
    rng = np.random.default_rng(require_integer("seed", seed, ge=0))
    background = {
        name: PerNeuron(V_TH + BACKGROUND_RANGE * (np.sort(rng.random(size)) - 0.5))
        for name, size in SIZE.items()
    }
    return Experiment(
        title="Population bursts of a random network",
        source=SOURCE,
        behaviour=(
            "Neuron by neuron, dt 0.1 ms, 80 s, seed 51: rate 7.665 ± 0.076 Hz (E) and 21.602 ± "
            "0.077 Hz (I), interval between bursts 1.34 ± 0.10 s (57 bursts). A burst lasts about "
            "10 ms, and most neurons fire in it."
        ),
        network=Network(
            populations=[
                Population(name, size=size, neuron=_neuron(name), drive=background[name])
                for name, size in SIZE.items()
            ],
            projections=[_projection(source, target, rng) for source, target in STRENGTH],
        ),
        simulation=SimulationSettings(
            duration=21_000.0, dt=0.1, trials=4, seed=51, record_dt=1.0, transient=1000.0
        ),
        events=EventSettings(
            population="E", kind="population_spikes", low=20.0, high=60.0, smooth=2.0
        ),
    )


def _neuron(name: str) -> LIF:
    return LIF(
        tau_m=TAU_M,
        v_th=V_TH,
        v_reset=V_RESET,
        t_ref=T_REF[name],
        delta_u=0.01,
        rate_at_threshold=1000.0,
    )


def _projection(source: str, target: str, rng: np.random.Generator) -> Projection:
    size = SIZE[source]
    U = _truncated_normal(*RELEASE[target], size, rng)
    tau_d = _truncated_normal(*TAU_D[target], size, rng)
    tau_f = _truncated_normal(*TAU_F[target], size, rng) if target in TAU_F else 0.0
    return Projection(
        source,
        target,
        weight=STRENGTH[source, target] * TAU_S / TAU_M,
        probability=0.1,
        connectivity=Bernoulli(self_connections=False),
        tau_s=TAU_S,
        stp=TsodyksMarkram(U0=U, U=U, tau_d=tau_d, tau_f=tau_f),
    )


def _truncated_normal(
    mean: float, low: float, high: float, size: int, rng: np.random.Generator
) -> FloatArray:
    from scipy.special import ndtr, ndtri

    std = mean / 2
    quantiles = rng.uniform(ndtr((low - mean) / std), ndtr((high - mean) / std), size)
    values: FloatArray = mean + std * ndtri(quantiles)
    return values
