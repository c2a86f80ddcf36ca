"""The compiled engines step by step against the NumPy references, on the same random numbers."""

import attrs
import numpy as np
import pytest
from networks import (
    COHORTS,
    LIF,
    MICRO,
    MIXED,
    alike,
    isolated,
    meso,
    wired,
    without_adaptation,
)

import mesopop as mp
from mesopop import _core
from mesopop.recording import DEFAULT_RECORD
from reference import KeyedDraws, NumpyDraws, simulate_mesoscopic, simulate_microscopic
from reference.lanes import NORMAL_VARIANCE
from reference.renewal import stationary_ages, stationary_rate

# The references sum in another order and use NumPy's exp and log: results agree to rounding, which
# the recurrence amplifies, while spikes and counts are identical.
TOLERANCE = 1e-9


def core_binomials(stream):
    """The core's own binomial numbers, one after the other from a stream of the reference."""
    same = _core.Stream(
        key=stream.key,
        trial=stream.trial,
        purpose=int(stream.purpose),
        owner=stream.owner,
        index=stream.index,
        event=stream.event,
    )
    return lambda n, p: int(same.binomial(1, int(n), float(p))[0])


ENGINES = [MICRO, COHORTS, COHORTS | {"cohort_tolerance": 0.05}] + [
    meso(closure, noise, 0.0)
    for closure in ("first_order", "second_order", "renewal")
    for noise in ("binomial", "gaussian", "none")
    if (closure, noise) != ("renewal", "gaussian")
]


def suited(network, engine):
    """The network without what the engine cannot do or the reference does otherwise."""
    if engine.get("method") == "cohorts":
        return without_adaptation(network)
    return adapting_by_currents(network)


def compare(
    network, duration, engine, *, dt=0.5, seed=3, trial=1, initial="stationary", draws=KeyedDraws
):
    options = {} if engine["level"] == "micro" else {"closure": engine["closure"]}
    record = [*DEFAULT_RECORD, *(["spikes"] if engine["level"] == "micro" else [])]
    core = mp.simulate(
        network, duration, dt=dt, seed=seed, trials=2, initial=initial, record=record, **engine
    )
    draws = draws(seed, trial, binomials=core_binomials)
    if engine["level"] == "micro":
        method = {name: v for name, v in engine.items() if name in ("method", "cohort_tolerance")}
        reference = simulate_microscopic(
            network, duration, dt=dt, draws=draws, initial=initial, **method
        )
    else:
        reference = simulate_mesoscopic(
            network, duration, dt=dt, draws=draws, initial=initial, noise=engine["noise"], **options
        )
    for quantity in ("rate", "release", "u", "x", "potential"):
        for label, expected in reference[quantity].items():
            actual = getattr(core, quantity)[label][trial]
            if quantity == "rate" and engine.get("noise", "binomial") == "binomial":
                # Numbers of spikes, converted to Hz by the same arithmetic up to rounding.
                np.testing.assert_allclose(actual, expected, rtol=1e-14, err_msg=label)
            np.testing.assert_allclose(
                actual, expected, rtol=TOLERANCE, atol=TOLERANCE, err_msg=f"{quantity} {label}"
            )
    for name, expected in reference.get("spikes", {}).items():
        train = core.spikes[name][trial]
        assert np.array_equal(train["neuron"], expected["neuron"])
        np.testing.assert_allclose(train["time"], expected["time"], rtol=1e-12)
        assert len(train) > 0
    return draws


def engine_name(engine):
    return "-".join(str(v) for v in engine.values() if v not in (None, 0.0))


def adapting_by_currents(network):
    """The network with spike-triggered currents in place of all threshold kernels.

    The core approximates what a threshold kernel averages to in the quasi-renewal approximation.
    """

    def replaced(population):
        neuron = population.neuron
        if not isinstance(neuron, mp.GIF):
            return population
        currents = [mp.SpikeTriggeredCurrent(**attrs.asdict(k)) for k in neuron.adaptation]
        return attrs.evolve(population, neuron=attrs.evolve(neuron, adaptation=currents))

    return attrs.evolve(network, populations=[replaced(p) for p in network.populations])


@pytest.mark.parametrize("initial", ["stationary", "rest", "synchronous"])
@pytest.mark.parametrize("engine", ENGINES, ids=engine_name)
def test_one_of_everything(zoo, engine, initial):
    compare(suited(zoo, engine), 250.0, engine, initial=initial)


# Engines that sum up the threshold kernels of earlier spikes without expanding anything.
EXACT = [MICRO, meso("renewal", "binomial", 0.0), meso("renewal", "none", 0.0)]


@pytest.mark.parametrize("initial", ["stationary", "rest", "synchronous"])
@pytest.mark.parametrize("engine", EXACT, ids=engine_name)
def test_one_of_everything_with_threshold_kernels(zoo, engine, initial):
    compare(zoo, 250.0, engine, initial=initial)


@pytest.mark.parametrize("initial", ["stationary", "rest", "synchronous"])
def test_every_connectivity(initial):
    compare(wired(), 250.0, MICRO, initial=initial)


@pytest.mark.parametrize("engine", [e for e in ENGINES if e["level"] == "meso"], ids=engine_name)
def test_every_connectivity_through_its_mean(engine):
    compare(adapting_by_currents(alike(wired())), 150.0, engine)


def given_state():
    rng = np.random.default_rng(2)
    old = np.where(rng.random(61) < 0.5, np.inf, rng.integers(10, 400, 61) * 0.5)
    tired = np.where(rng.random(29) < 0.3, np.inf, rng.integers(9, 4000, 29) * 0.5)
    return mp.InitialState(
        potential={"E": rng.uniform(0, 12, 61), "L": 3.0, "G": rng.uniform(0, 12, 29)},
        age={"E": old, "I": 1.0, "G": tired},
        # Where only one of u and x varies, roundings of the other decide which normal is whose.
        u={"E->E": rng.random(61), "G->E": rng.random(29)},
        x={"E->E": 0.4, "noise->E": rng.random(37), "G->E": rng.random(29)},
    )


@pytest.mark.parametrize("engine", ENGINES, ids=engine_name)
def test_a_given_state(zoo, engine):
    compare(suited(zoo, engine), 150.0, engine, initial=given_state())


@pytest.mark.parametrize("engine", EXACT, ids=engine_name)
def test_a_given_state_with_threshold_kernels(zoo, engine):
    compare(zoo, 150.0, engine, initial=given_state())


@pytest.mark.parametrize(
    "engine", [e for e in ENGINES if "cohort_tolerance" not in e], ids=engine_name
)
@pytest.mark.parametrize(
    ("preset", "duration", "dt"),
    [
        ("lif-up-down", 1000.0, 0.5),
        ("lif-population-spikes", 1000.0, 0.5),
        ("lnp-up-down", 150.0, 0.1),
        ("feedforward", 1000.0, 0.5),
    ],
)
def test_presets(preset, duration, dt, engine):
    compare(mp.presets.load(preset), duration, engine, dt=dt)


# --- Cohorts -------------------------------------------------------------------------------------


class CountingDraws(KeyedDraws):
    """How numbers of spikes were drawn."""

    by_cohort, normal, one_by_one = 0, 0, 0

    def cohort_spike_counts(self, population, step, sizes, probabilities):
        self.by_cohort += 1
        variance = sizes * probabilities * (1 - probabilities)
        self.normal += np.count_nonzero(variance >= NORMAL_VARIANCE)
        return super().cohort_spike_counts(population, step, sizes, probabilities)

    def thresholds(self, *address):
        self.one_by_one += 1
        return super().thresholds(*address)


@pytest.mark.parametrize("size", [300, 3000, 1_000_000])
def test_numbers_of_spikes_are_drawn_one_by_one_by_cohort_or_as_normal_numbers(size):
    # After a common spike there are few cohorts and no spikes, later many of both.
    network = mp.Network(
        populations=[mp.Population("E", size=size, neuron=LIF, drive=25.0)],
        projections=[mp.Projection("E", "E", weight=3 / size, delay=1, stp=MIXED)],
    )
    engine = meso("renewal", "binomial", 0.0)
    draws = compare(network, 100.0, engine, initial="synchronous", draws=CountingDraws)
    if size == 300:
        assert draws.one_by_one > 100 and draws.by_cohort > 20
    else:
        assert draws.by_cohort > 150
    assert (draws.normal > 1000) == (size == 1_000_000)


def test_most_of_a_cohort_fires():
    """Binomial numbers are then those of the neurons that do not."""
    neuron = attrs.evolve(LIF, delta_u=0.5, rate_at_threshold=1000.0)
    volley = mp.Steps([0, 50, 60], [8.0, 100.0, 12.0])
    network = isolated(2000, volley, neuron=neuron)
    compare(network, 200.0, meso("renewal", "binomial", 0.0), draws=CountingDraws)
    result = mp.simulate(network, 200.0, dt=0.5, seed=3, **meso("renewal", "binomial", 0.0))
    assert 0.5 * 2000 < result.rate["E"].max() < 2000  # at most a spike per neuron and step


# --- Adaptation ----------------------------------------------------------------------------------


def gif(*kernels, **changes):
    return mp.GIF(**(attrs.asdict(LIF) | changes), adaptation=kernels)


def threshold(amplitude, tau):
    return mp.ThresholdKernel(amplitude=amplitude, tau=tau)


def current(amplitude, tau):
    return mp.SpikeTriggeredCurrent(amplitude=amplitude, tau=tau)


# Neuron and drive in mV.
ADAPTING = {
    "threshold": (gif(threshold(2, 300)), 20.0),
    "large": (gif(threshold(10, 300)), 20.0),
    "sharp": (gif(threshold(2, 300), delta_u=0.5), 20.0),
    "negative": (gif(threshold(-1, 100)), 14.0),
    "two thresholds": (gif(threshold(8, 30), threshold(3, 200)), 20.0),
    "all": (gif(threshold(2, 100), threshold(-0.5, 300), current(1.5, 50)), 18.0),
}


@pytest.mark.parametrize("initial", ["stationary", "synchronous"])
@pytest.mark.parametrize("name", ADAPTING)
def test_quasi_renewal_thresholds_are_those_of_the_saturating_kernel(name, initial):
    """The core expands 1 - exp(-theta/delta_u), with an error of at most 2e-4 per earlier spike."""
    neuron, drive = ADAPTING[name]
    network = isolated(1000, mp.Steps([0, 150], [drive, drive + 4]), neuron=neuron)
    engine = meso("second_order", "none", 0.0)
    core = mp.simulate(network, 300.0, dt=0.5, initial=initial, **engine)
    reference = simulate_mesoscopic(
        network,
        300.0,
        dt=0.5,
        closure="second_order",
        noise="none",
        draws=NumpyDraws(0),
        initial=initial,
    )
    # Nothing of these errors is left on average: the polynomial oscillates about the function.
    np.testing.assert_allclose(core.rate["E"], reference["rate"]["E"], rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(core.potential["E"], reference["potential"]["E"], atol=5e-4)


STATIONARY = ADAPTING | {
    "current": (gif(current(5, 200)), 22.0),
    "slow": (gif(current(5, 200)), 14.0),
    "depolarising": (gif(current(-2, 100)), 14.0),
}


MEMORY = {"second_order": "quasi-renewal", "renewal": "mean"}


@pytest.mark.parametrize("closure", MEMORY)
@pytest.mark.parametrize("name", STATIONARY)
def test_stationary_start_of_adapting_neurons(name, closure):
    neuron, drive = STATIONARY[name]
    simulation = mp.Simulation(
        isolated(1000, drive, neuron=neuron), dt=0.5, **meso(closure, "none", 0.0)
    )
    state = simulation.state()
    probability, potential = stationary_ages(neuron, drive, 0.5, MEMORY[closure])
    in_state = [state[f"population/0/bins/{column}"] for column in (0, 2, 3)]
    age = -1 - in_state[1].astype(int)
    expands = closure == "second_order" and any(
        isinstance(k, mp.ThresholdKernel) for k in neuron.adaptation
    )
    scale = 1000 * probability.max()
    np.testing.assert_allclose(
        in_state[2], 1000 * probability[age], rtol=0, atol=(3e-5 if expands else 1e-9) * scale
    )
    young = age < len(probability) - 1
    np.testing.assert_allclose(
        in_state[0][young], potential[age[young]], rtol=0, atol=1e-5 if expands else 1e-8
    )
    # The state reproduces itself but for the potential of the oldest neurons, a mean.
    rate = simulation.run(400.0).rate["E"]
    expected = stationary_rate(neuron, drive, 0.5, MEMORY[closure])
    np.testing.assert_allclose(rate, 2000 * expected, rtol=2e-3)
