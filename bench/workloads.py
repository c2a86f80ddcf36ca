"""Networks that the benchmarks run."""

from __future__ import annotations

import attrs

from mesopop import (
    GIF,
    LIF,
    LNP,
    Network,
    Population,
    Projection,
    Softplus,
    SpikeTriggeredCurrent,
    ThresholdKernel,
    TsodyksMarkram,
    presets,
)

# Five tau_m and t_ref make 100 ms of history: 1000 bins at dt = 0.1 ms, 200 at 0.5 ms.
NEURON = LIF(tau_m=19.2, v_th=15.0, v_reset=0.0, t_ref=4.0, delta_u=2.0, rate_at_threshold=10.0)


def microcircuit(scale: float = 1.0, synapses: str = "static") -> Network:
    """The cortical microcircuit with `scale` times as many neurons and weights as much smaller."""
    network = presets.load("microcircuit", synapses=synapses)
    size = {p.name: round(scale * p.size) for p in network.populations}
    true_scale = {p.name: size[p.name] / p.size for p in network.populations}
    return Network(
        populations=[attrs.evolve(p, size=size[p.name]) for p in network.populations],
        projections=[
            attrs.evolve(p, weight=p.weight / true_scale[p.source]) for p in network.projections
        ],
    )


def one_population() -> Network:
    """1000 neurons that inhibit each other."""
    return Network(
        populations=[Population("I", size=1000, neuron=NEURON, drive=20.0)],
        projections=[Projection("I", "I", weight=-0.02, tau_s=3.0, delay=1.0)],
    )


def ei_pair(stp: TsodyksMarkram | None = None) -> Network:
    """800 excitatory and 200 inhibitory neurons, sparsely connected.

    With plasticity of the excitatory synapses their weights are divided by U0.
    """
    weight = 0.3 if stp is None else 0.3 / stp.U0
    excitatory = {"weight": weight, "tau_s": 3.0, "stp": stp}
    inhibitory = {"weight": -1.5, "tau_s": 6.0}
    common = {"probability": 0.2, "delay": 1.0}
    return Network(
        populations=[
            Population("E", size=800, neuron=NEURON, drive=14.0),
            Population("I", size=200, neuron=NEURON, drive=14.0),
        ],
        projections=[
            Projection("E", "E", **excitatory, **common),
            Projection("E", "I", **excitatory, **common),
            Projection("I", "E", **inhibitory, **common),
            Projection("I", "I", **inhibitory, **common),
        ],
    )


def plastic_all_to_all(size: int) -> Network:
    """Excitatory neurons with plastic synapses onto all of them, N J = 50 mV."""
    return Network(
        populations=[
            Population(
                "E",
                size=size,
                neuron=LIF(
                    tau_m=20, v_th=15, v_reset=0, t_ref=2, delta_u=2.5, rate_at_threshold=10
                ),
                drive=13.0,
            )
        ],
        projections=[
            Projection(
                "E",
                "E",
                weight=50.0 / size,
                tau_s=3.0,
                delay=1.0,
                stp=TsodyksMarkram(U0=0.2, U=0.2, tau_d=200, tau_f=500),
            )
        ],
    )


def near_silent(neuron: LIF | LNP, populations: int = 100) -> Network:
    """Uncoupled populations that hardly ever fire: what remains is the fixed cost of a step."""
    return Network(
        populations=[
            Population(f"P{i}", size=100, neuron=neuron, drive=0.0) for i in range(populations)
        ]
    )


def uncoupled(neuron: LIF | LNP, size: int, drive: float = 20.0) -> Network:
    """One population without projections."""
    return Network(populations=[Population("E", size=size, neuron=neuron, drive=drive)])


def adapting(kernel: ThresholdKernel | SpikeTriggeredCurrent) -> GIF:
    """The LIF neurons of the reference networks with one kernel of adaptation."""
    return GIF(**attrs.asdict(SILENT_LIF), adaptation=[kernel])


SILENT_LIF = LIF(tau_m=20.0, v_th=15.0, v_reset=0.0, t_ref=4.0, delta_u=2.0, rate_at_threshold=10.0)
SILENT_LNP = LNP(tau_m=10.0, transfer=Softplus(alpha=1.0, gain=0.01))

# Kernel of adaptation and drive in mV.
ADAPTING = {
    "threshold": (ThresholdKernel(amplitude=2.0, tau=300.0), 22.0),
    "large threshold": (ThresholdKernel(amplitude=10.0, tau=300.0), 22.0),
    "fast threshold": (ThresholdKernel(amplitude=2.0, tau=100.0), 20.0),
    "rare spikes": (ThresholdKernel(amplitude=2.0, tau=300.0), 14.0),
    "weak current": (SpikeTriggeredCurrent(amplitude=1.0, tau=200.0), 22.0),
    "strong current": (SpikeTriggeredCurrent(amplitude=5.0, tau=200.0), 22.0),
    "fast current": (SpikeTriggeredCurrent(amplitude=2.0, tau=100.0), 20.0),
    "depolarising current": (SpikeTriggeredCurrent(amplitude=-1.0, tau=100.0), 14.0),
    "strongly depolarising current": (SpikeTriggeredCurrent(amplitude=-3.0, tau=100.0), 12.0),
    "strongly depolarising threshold": (ThresholdKernel(amplitude=-3.0, tau=100.0), 12.0),
}


def plastic_population(size: int) -> Network:
    """Neurons that receive 1000 inputs each, with facilitating and depressing synapses."""
    inputs = 1000
    return Network(
        populations=[
            Population(
                "E",
                size=size,
                drive=13.0,
                neuron=LIF(
                    tau_m=20.0,
                    v_th=15.0,
                    v_reset=0.0,
                    t_ref=2.0,
                    delta_u=2.5,
                    rate_at_threshold=10.0,
                ),
            )
        ],
        projections=[
            Projection(
                "E",
                "E",
                weight=50.0 / inputs,
                probability=inputs / size,
                tau_s=3.0,
                delay=1.0,
                stp=TsodyksMarkram(U0=0.2, U=0.2, tau_d=200.0, tau_f=500.0),
            )
        ],
    )
