"""Working memory held by facilitated synapses."""

from __future__ import annotations

from collections.abc import Iterable

from mesopop.experiment import EventSettings, Experiment, SimulationSettings
from mesopop.network import Network, Population, Projection
from mesopop.neurons import LIF
from mesopop.plasticity import TsodyksMarkram
from mesopop.signals import Drive, Steps
from mesopop.validation import did_you_mean, require_number

SOURCE = (
    "Mongillo, Barak and Tsodyks, Science 319:1543 (2008), with one selective population and "
    "escape noise instead of noise in the input."
)
SIZE = {"selective": 800, "nonselective": 7200, "inhibitory": 2000}
EXCITATORY = ("selective", "nonselective")
PROBABILITY = 0.2
SMALLEST_SCALE = PROBABILITY
BACKGROUND = {"silent": 23.1, "spikes": 24.0}  # mV
INHIBITORY_BACKGROUND = 21.0  # mV
# mV
POTENTIATED, BASELINE, ONTO_INHIBITORY = 0.45, 0.10, 0.135
FROM_INHIBITORY = {"selective": -0.25, "nonselective": -0.25, "inhibitory": -0.20}
STP = TsodyksMarkram(U0=0.2, U=0.2, tau_d=200.0, tau_f=1500.0)
# Onset and end in ms, and what the background is multiplied by.
CUE = (2000.0, 2350.0, 1.15)
READOUTS = ((1000.0, 1250.0, 1.05), (3500.0, 3750.0, 1.05), (7500.0, 7750.0, 1.05))
BEHAVIOUR = {
    "silent": (
        "The selective population fires at less than 1 Hz, during the cue (2 to 2.35 s) at about "
        "20 Hz, and once more as a population spike in response to the readout at 3.5 s."
    ),
    "spikes": (
        "The selective population fires at about 1 Hz until the cue (2 to 2.35 s), and from then "
        "on in population spikes every 0.2 to 0.5 s, at 6 Hz on average."
    ),
}


def working_memory(background: str = "silent", scale: float = 1.0) -> Experiment:
    """8000 excitatory neurons, 800 of them selective for a memory, and 2000 inhibitory ones.

    A cue to the selective neurons, 350 ms from 2 s on, leaves their synapses facilitated: u goes
    from 0.3 to 0.7 or 0.8.

    - With the "silent" background their activity returns to its baseline, and the memory is in u
      alone, for about tau_f = 1.5 s. A readout, 5 % more background for all excitatory neurons
      during 250 ms, evokes a population spike of the selective population at 3.5 s, but none before
      the cue at 1 s, and none when the memory has faded, at 7.5 s.
    - With the background "spikes" population spikes follow one another every 0.2 to 0.5 s. Each of
      them refreshes u, so that the memory stays. Without a cue there are none. There is no readout.

    Published: sizes, connection probability, time constants, threshold, resets, refractory time,
    weights, plasticity, the "silent" background and that of the inhibitory neurons, strength and
    duration of cue and readout. Adapted:

    - One selective population instead of five. Synapses among the nonselective neurons and onto the
      selective ones have the baseline weight; in the original a tenth of them is potentiated.
    - Noise is in the threshold, soft by 0.5 mV (100 Hz at threshold), not in the input.
    - Every synapse has a delay of 1 ms; in the original delays are distributed.
    - The background "spikes" is one for which population spikes last, but do not begin without a
      cue.

    Both levels behave so in most trials; in some a readout fails or a population spike comes
    unasked, more often at a small scale. Neurons differ in their inputs, which the mesoscopic level
    does not know; at scale 0.2, where everybody is connected, both levels simulate the same
    network. The third regime of the original, asynchronous activity beside a stable baseline, is
    not among the options.

    Parameters
    ----------
    background : {"silent", "spikes"}
        Input of the excitatory neurons, 23.1 or 24 mV.
    scale : float
        Size of all populations relative to the original, from 0.2 to 1. The connection probability
        is 0.2 / scale, so that weights and the numbers of inputs stay.

    Raises
    ------
    ValueError, TypeError
        If an argument is none of these.
    """
    if background not in BACKGROUND:
        hint = did_you_mean(str(background), BACKGROUND)
        raise ValueError(f'background must be "silent" or "spikes", got {background!r}; {hint}')
    scale = require_number("scale", scale, ge=SMALLEST_SCALE, le=1)
    memory = "synapses alone" if background == "silent" else "population spikes"
    return Experiment(
        title=f"Working memory in {memory}",
        source=SOURCE,
        behaviour=BEHAVIOUR[background],
        network=Network(
            populations=[
                Population(
                    name,
                    size=round(scale * size),
                    neuron=_neuron(name),
                    drive=_drive(name, background),
                )
                for name, size in SIZE.items()
            ],
            projections=[_projection(source, target, scale) for target in SIZE for source in SIZE],
        ),
        simulation=SimulationSettings(
            duration=9000.0, dt=0.1, trials=2, seed=61, record_dt=5.0, transient=500.0
        ),
        events=EventSettings(
            population="selective", kind="population_spikes", low=5.0, high=15.0, smooth=5.0
        ),
    )


def _neuron(name: str) -> LIF:
    excitatory = name in EXCITATORY
    return LIF(
        tau_m=15.0 if excitatory else 10.0,
        v_th=20.0,
        v_reset=16.0 if excitatory else 13.0,
        t_ref=2.0,
        delta_u=0.5,
        rate_at_threshold=100.0,
    )


def _drive(name: str, background: str) -> Drive:
    if name not in EXCITATORY:
        return INHIBITORY_BACKGROUND
    signals = [*READOUTS] if background == "silent" else []
    if name == "selective":
        signals.append(CUE)
    return _steps(BACKGROUND[background], sorted(signals)) if signals else BACKGROUND[background]


def _steps(mean: float, signals: Iterable[tuple[float, float, float]]) -> Steps:
    times, values = [0.0], [mean]
    for onset, end, factor in signals:
        times += [onset, end]
        values += [factor * mean, mean]
    return Steps(times, values)


def _projection(source: str, target: str, scale: float) -> Projection:
    if source not in EXCITATORY:
        weight = FROM_INHIBITORY[target]
    elif target not in EXCITATORY:
        weight = ONTO_INHIBITORY
    else:
        weight = POTENTIATED if source == target == "selective" else BASELINE
    return Projection(
        source,
        target,
        weight=weight,
        probability=PROBABILITY / scale,
        delay=1.0,
        stp=STP if source in EXCITATORY and target in EXCITATORY else None,
    )
