"""Networks and engines that several tests share."""

from __future__ import annotations

import attrs
import numpy as np

import mesopop as mp

LIF = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)

DEPRESSING = mp.TsodyksMarkram(U0=0.5, U=0.5, tau_d=300, tau_f=20)
FACILITATING = mp.TsodyksMarkram(U0=0.1, U=0.1, tau_d=100, tau_f=1000)
MIXED = mp.TsodyksMarkram(U0=0.2, U=0.2, tau_d=300, tau_f=600)

GIF = mp.GIF(
    **attrs.asdict(LIF),
    adaptation=[
        mp.ThresholdKernel(amplitude=2.0, tau=100),
        mp.ThresholdKernel(amplitude=-0.5, tau=300),
        mp.SpikeTriggeredCurrent(amplitude=1.5, tau=50),
    ],
)

MICRO = {"level": "micro", "method": "neurons"}
COHORTS = {"level": "micro", "method": "cohorts"}


def meso(closure, noise="binomial", bin_tolerance=None):
    """Arguments of `simulate` for one mesoscopic engine."""
    return {
        "level": "meso",
        "closure": closure,
        "noise": noise,
        "bin_tolerance": bin_tolerance,
    }


def name_of(engine):
    """Name of an engine in the list of tests."""
    return "-".join(str(value) for value in engine.values() if value is not None)


CLOSURES = ("first_order", "second_order", "renewal")
# Every engine there is; age bins are kept one by one (0) and merged (0.05).
ENGINES = [MICRO] + [
    meso(closure, noise, tolerance)
    for closure in CLOSURES
    for noise in ("binomial", "gaussian", "none")
    for tolerance in (0.0, 0.05)
    if (closure, noise) != ("renewal", "gaussian")
]
# One engine per law of the spikes, with the default bins.
LAWS = [MICRO, *(meso(closure) for closure in CLOSURES)]


def changed(neuron, **changes):
    """A neuron with some parameters changed."""
    return attrs.evolve(neuron, **changes)


def isolated(size, drive, *, neuron=LIF, name="E"):
    """One population without projections."""
    return mp.Network(populations=[mp.Population(name, size=size, neuron=neuron, drive=drive)])


def everything():
    """Every kind of neuron and drive, several delays and time constants, shared STP states."""
    rng = np.random.default_rng(1)
    trains = [np.sort(rng.uniform(0, 1000, 40).round(1)) for _ in range(3)]
    trains = [train[np.diff(train, prepend=-9) > 1] for train in trains]
    noise = mp.OrnsteinUhlenbeck(mean=2.0, std=3.0, tau=20.0)
    populations = [
        mp.Population("given", size=3, neuron=mp.SpikeTrains(trains)),
        mp.Population(
            "noise",
            size=37,
            neuron=mp.Poisson((mp.Sinusoid(mean=20, amplitude=15, frequency=8), 2.0)),
        ),
        mp.Population(
            "E", size=61, neuron=LIF, drive=(noise, mp.Steps([0, 40], [10.0, 13.0]), 1.0)
        ),
        mp.Population(
            "I",
            size=33,
            neuron=changed(LIF, tau_m=10, t_ref=0, delta_u=1.5),
            drive=mp.Sampled(rng.normal(13, 3, 100), interval=10),
        ),
        mp.Population("G", size=29, neuron=GIF, drive=16.0),
        mp.Population(
            "L",
            size=40,
            neuron=mp.LNP(10, transfer=mp.Softplus(2.0, gain=4.0)),
            drive=(mp.OrnsteinUhlenbeck(std=2, tau=5), mp.OrnsteinUhlenbeck(std=2, tau=50)),
        ),
        mp.Population(
            "X",
            size=12,
            neuron=mp.LNP(15, transfer=mp.Exponential(v_th=10, delta_u=4, rate_at_threshold=30)),
            drive=mp.Sinusoid(mean=5, amplitude=5, frequency=20, phase=0.25),
        ),
    ]
    projections = [
        mp.Projection("noise", "E", weight=0.3, tau_s=3, delay=1.5, stp=FACILITATING),
        mp.Projection("noise", "I", weight=0.2),
        mp.Projection("given", "E", weight=2.0, delay=20, stp=DEPRESSING),
        mp.Projection("E", "E", weight=1.0, tau_s=3, delay=1, stp=MIXED),
        mp.Projection("E", "I", weight=0.5, delay=2.5, stp=MIXED),
        mp.Projection("E", "L", weight=0.5, tau_s=10, stp=DEPRESSING),
        mp.Projection("I", "E", weight=-0.3, tau_s=20, delay=0.5),
        mp.Projection("I", "I", weight=-0.3, tau_s=8, delay=0.5, stp=DEPRESSING),
        mp.Projection("E", "G", weight=0.3, tau_s=3, delay=2, stp=FACILITATING),
        mp.Projection("G", "E", weight=0.3, delay=2, stp=MIXED),
        mp.Projection("L", "E", weight=0.2, tau_s=3, delay=3),
        mp.Projection("L", "X", weight=0.4, tau_s=3, delay=3, stp=FACILITATING),
        mp.Projection("X", "L", weight=-0.4, delay=1, stp=MIXED),
    ]
    return mp.Network(populations=populations, projections=projections)


def wired():
    """Every kind of connectivity, synapse and neuron that it reaches, some onto one population."""
    rng = np.random.default_rng(2)
    trains = [np.sort(rng.uniform(0, 1000, 60).round(1)) for _ in range(5)]
    trains = [train[np.diff(train, prepend=-9) > 1] for train in trains]
    scattered = rng.normal(size=(40, 61)) * (rng.random((40, 61)) < 0.3)
    delays = mp.DelayDistribution([0.5, 1.0, 4.0], [0.25, 0.5, 0.25])
    varied = mp.TsodyksMarkram(
        U0=rng.uniform(0.1, 0.9, 61),
        U=0.3,
        tau_d=np.r_[0.0, rng.uniform(50, 500, 60)],
        tau_f=np.r_[rng.uniform(0, 500, 60), 0.0],
    )
    no_self = mp.Bernoulli(self_connections=False)
    distinct = mp.FixedInDegree(self_connections=False, multapses=False)
    populations = [
        mp.Population("given", size=5, neuron=mp.SpikeTrains(trains)),
        mp.Population("noise", size=37, neuron=mp.Poisson(25.0)),
        mp.Population("E", size=61, neuron=LIF, drive=(10.0, mp.PerNeuron(rng.normal(0, 3, 61)))),
        mp.Population("I", size=40, neuron=changed(LIF, tau_m=10, t_ref=0), drive=12.0),
        mp.Population("G", size=29, neuron=GIF, drive=(mp.PerNeuron(rng.normal(0, 1, 29)), 14.0)),
        mp.Population(
            "L",
            size=40,
            neuron=mp.LNP(10, transfer=mp.Softplus(2.0, gain=4.0)),
            drive=(mp.OrnsteinUhlenbeck(std=2, tau=5), mp.PerNeuron(rng.normal(1, 1, 40))),
        ),
        mp.Population(
            "X",
            size=12,
            neuron=mp.LNP(15, transfer=mp.Exponential(v_th=10, delta_u=4, rate_at_threshold=30)),
            drive=5.0,
        ),
    ]
    projections = [
        mp.Projection("noise", "E", weight=0.6, probability=0.3, tau_s=3, stp=FACILITATING),
        mp.Projection("noise", "I", weight=0.2),
        mp.Projection("given", "E", weight=2.0, probability=0.4, delay=20, stp=DEPRESSING),
        mp.Projection(
            "E", "E", weight=1.0, probability=0.5, tau_s=3, delay=1, stp=MIXED, connectivity=no_self
        ),
        mp.Projection("E", "E", weight=0.1, tau_s=8, delay=1, stp=MIXED, name="all"),
        mp.Projection(
            "E",
            "I",
            weight=0.3,
            tau_s=3,
            delay=2.5,
            stp=varied,
            connectivity=mp.ExplicitConnections(scattered),
        ),
        mp.Projection("E", "L", weight=0.5, probability=0.4, tau_s=10, delay=delays, stp=varied),
        mp.Projection(
            "I", "E", weight=-0.3, probability=0.3, tau_s=20, connectivity=mp.FixedInDegree()
        ),
        mp.Projection(
            "I", "I", weight=-0.3, probability=0.2, tau_s=8, delay=0.5, connectivity=distinct
        ),
        mp.Projection("E", "G", weight=0.3, probability=0.5, delay=delays, stp=FACILITATING),
        mp.Projection("I", "G", weight=-0.3, tau_s=5, delay=delays),
        mp.Projection("G", "E", weight=0.3, probability=0.5, delay=2, stp=MIXED),
        mp.Projection("L", "X", weight=0.4, probability=0.5, stp=FACILITATING),
        mp.Projection("X", "L", weight=-0.4, probability=0.5, delay=1, connectivity=no_self),
    ]
    return mp.Network(populations=populations, projections=projections)


def alike(network):
    """The network with one drive and one plasticity for all neurons of a population."""

    def common(value):
        return float(np.mean(value))

    def drive(population):
        given = population.drive if isinstance(population.drive, tuple) else (population.drive,)
        return tuple(
            common(component.values) if isinstance(component, mp.PerNeuron) else component
            for component in given
        )

    def plasticity(stp):
        return stp and mp.TsodyksMarkram(
            **{field.name: common(getattr(stp, field.name)) for field in attrs.fields(type(stp))}
        )

    return mp.Network(
        populations=[
            p
            if isinstance(p.neuron, (mp.Poisson, mp.SpikeTrains))
            else attrs.evolve(p, drive=drive(p))
            for p in network.populations
        ],
        projections=[attrs.evolve(p, stp=plasticity(p.stp)) for p in network.projections],
    )


def without_adaptation(network):
    """The network with LIF neurons in place of all GIF neurons, which cannot be cohorts."""

    def replaced(population):
        if not isinstance(population.neuron, mp.GIF):
            return population
        given = attrs.asdict(population.neuron, recurse=False)
        del given["adaptation"]
        return attrs.evolve(population, neuron=mp.LIF(**given))

    return attrs.evolve(network, populations=[replaced(p) for p in network.populations])


QUANTITIES = ("rate", "release", "u", "x", "potential")


def recorded(result):
    """Every recorded array by "quantity/label"; those of spikes by trial."""
    arrays = {"t": result.t}
    for quantity in QUANTITIES:
        for label, values in getattr(result, quantity).items():
            arrays[f"{quantity}/{label}"] = values
    for label, trains in result.spikes.items():
        for trial, train in enumerate([trains] if result.trials == 1 else trains):
            arrays[f"spikes/{label}/{trial}"] = train
    return arrays


def assert_same_bits(a, b):
    """Two dictionaries of arrays hold the same bits, signs of zero and NaN included."""
    assert a.keys() == b.keys()
    different = [
        name
        for name in a
        if a[name].dtype != b[name].dtype
        or a[name].shape != b[name].shape
        or a[name].tobytes() != b[name].tobytes()
    ]
    assert not different, f"different bits: {different}"
