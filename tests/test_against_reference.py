"""The compiled engines step by step against the NumPy references, on the same random numbers."""

import numpy as np
import pytest
from networks import MICRO, meso
from reference import KeyedDraws, simulate_mesoscopic, simulate_microscopic

import mesopop as mp
from mesopop import _core, simulation

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


ENGINES = [MICRO] + [
    meso(closure, noise, 0.0)
    for closure in ("first_order", "second_order")
    for noise in ("binomial", "gaussian", "none")
]


def compare(network, duration, engine, *, dt=0.5, seed=3, trial=1, initial="stationary"):
    options = {} if engine["level"] == "micro" else {"closure": engine["closure"]}
    record = [*simulation.DEFAULT_RECORD, *(["spikes"] if engine["level"] == "micro" else [])]
    core = mp.simulate(
        network, duration, dt=dt, seed=seed, trials=2, initial=initial, record=record, **engine
    )
    draws = KeyedDraws(seed, trial, binomials=core_binomials)
    if engine["level"] == "micro":
        reference = simulate_microscopic(network, duration, dt=dt, draws=draws, initial=initial)
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


def engine_name(engine):
    return "-".join(str(v) for v in engine.values() if v not in (None, 0.0))


@pytest.mark.parametrize("initial", ["stationary", "rest", "synchronous"])
@pytest.mark.parametrize("engine", ENGINES, ids=engine_name)
def test_one_of_everything(zoo, engine, initial):
    compare(zoo, 600.0, engine, initial=initial)


@pytest.mark.parametrize("engine", ENGINES, ids=engine_name)
def test_a_given_state(zoo, engine):
    rng = np.random.default_rng(2)
    old = np.where(rng.random(61) < 0.5, np.inf, rng.integers(10, 400, 61) * 0.5)
    initial = mp.InitialState(
        potential={"E": rng.uniform(0, 12, 61), "L": 3.0},
        age={"E": old, "I": 1.0},
        u={"E->E": rng.random(61)},
        x={"E->E": 0.4, "noise->E": rng.random(37)},
    )
    compare(zoo, 300.0, engine, initial=initial)


@pytest.mark.parametrize("engine", ENGINES, ids=engine_name)
@pytest.mark.parametrize(
    ("preset", "duration", "dt"),
    [
        ("lif-up-down", 3000.0, 0.5),
        ("lif-population-spikes", 3000.0, 0.5),
        ("lnp-up-down", 300.0, 0.1),
        ("feedforward", 1000.0, 0.5),
    ],
)
def test_presets(preset, duration, dt, engine):
    compare(mp.presets.load(preset), duration, engine, dt=dt)
