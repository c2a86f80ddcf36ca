"""Parameters of neurons, synapses, populations and projections: what is refused, and how."""

import copy
import pickle
import re
from fractions import Fraction

import attrs
import numpy as np
import pytest

import mesopop as mp

LIF = dict(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
STP = dict(U0=0.2, U=0.1, tau_d=200, tau_f=500)
SOFTPLUS = mp.Softplus(2.0)


def lif(**changes):
    return mp.LIF(**(LIF | changes))


def stp(**changes):
    return mp.TsodyksMarkram(**(STP | changes))


def lnp(**changes):
    return mp.LNP(**(dict(tau_m=10, transfer=SOFTPLUS) | changes))


def softplus(**changes):
    return mp.Softplus(**(dict(alpha=2, gain=1) | changes))


def exponential(**changes):
    return mp.Exponential(**(dict(v_th=15, delta_u=2, rate_at_threshold=10) | changes))


def population(**changes):
    return mp.Population(**(dict(name="E", size=10, neuron=lif(), drive=0) | changes))


def projection(**changes):
    return mp.Projection(**(dict(source="E", target="E", weight=1) | changes))


OUT_OF_BOUNDS = [
    (lif, "tau_m", 0, "tau_m must be > 0 ms, got 0.0 ms"),
    (lif, "t_ref", -1, "t_ref must be >= 0 ms, got -1.0 ms"),
    (lif, "delta_u", 0, "delta_u must be > 0 mV, got 0.0 mV"),
    (lif, "rate_at_threshold", -10, "rate_at_threshold must be > 0 Hz, got -10.0 Hz"),
    (lif, "v_reset", 15, "v_reset must be < v_th = 15.0 mV, got 15.0 mV"),
    (lif, "v_th", -1, "v_reset must be < v_th = -1.0 mV, got 0.0 mV"),
    (lnp, "tau_m", -10, "tau_m must be > 0 ms, got -10.0 ms"),
    (softplus, "alpha", 0, "alpha must be > 0 mV, got 0.0 mV"),
    (softplus, "gain", -1, "gain must be > 0 Hz/mV, got -1.0 Hz/mV"),
    (exponential, "delta_u", -2, "delta_u must be > 0 mV, got -2.0 mV"),
    (exponential, "rate_at_threshold", 0, "rate_at_threshold must be > 0 Hz, got 0.0 Hz"),
    (stp, "U0", 0, "U0 must be > 0, got 0.0"),
    (stp, "U0", 1.5, "U0 must be <= 1, got 1.5"),
    (stp, "U", -0.1, "U must be >= 0, got -0.1"),
    (stp, "U", 1.1, "U must be <= 1, got 1.1"),
    (stp, "tau_d", -5, "tau_d must be >= 0 ms, got -5.0 ms"),
    (stp, "tau_f", -1e-9, "tau_f must be >= 0 ms, got -1e-09 ms"),
    (projection, "probability", -0.1, "probability must be >= 0, got -0.1"),
    (projection, "probability", 1.01, "probability must be <= 1, got 1.01"),
    (projection, "tau_s", -3, "tau_s must be >= 0 ms, got -3.0 ms"),
    (projection, "delay", -1, "delay must be >= 0 ms, got -1.0 ms"),
    (projection, "source", "", "source must not be empty"),
    (projection, "name", "", "name must not be empty"),
    (population, "size", 0, "size must be >= 1, got 0"),
    (population, "name", "", "name must not be empty"),
]

NUMBERS = [
    *((lif, name, unit) for name, unit in zip(LIF, "ms mV mV ms mV Hz".split(), strict=True)),
    (lnp, "tau_m", "ms"),
    (softplus, "alpha", "mV"),
    (softplus, "gain", "Hz/mV"),
    *((exponential, name, unit) for name, unit in (("v_th", "mV"), ("delta_u", "mV"))),
    (exponential, "rate_at_threshold", "Hz"),
    (stp, "U0", ""),
    (stp, "U", ""),
    (stp, "tau_d", "ms"),
    (stp, "tau_f", "ms"),
    (projection, "weight", "mV"),
    (projection, "probability", ""),
    (projection, "tau_s", "ms"),
    (projection, "delay", "ms"),
    (population, "drive", "mV"),
]


@pytest.mark.parametrize(("make", "name", "value", "message"), OUT_OF_BOUNDS)
def test_out_of_bounds(make, name, value, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make(**{name: value})


@pytest.mark.parametrize(("make", "name", "unit"), NUMBERS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(make, name, unit, value):
    message = f"{name} must be finite, got {value} {unit}".rstrip()
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make(**{name: value})


NOT_NUMBERS = [
    (make, name, unit, value)
    for make, name, unit in NUMBERS
    for value in ("1", True, np.True_, None, np.array([1.0]), 1j)
    # Plasticity may be given neuron by neuron.
    if not (make is stp and isinstance(value, np.ndarray))
]


@pytest.mark.parametrize(("make", "name", "unit", "value"), NOT_NUMBERS)
def test_not_a_number(make, name, unit, value):
    message = f"^{name} must be a number" + (f" ({unit})" if unit else "")
    with pytest.raises(TypeError, match=message.replace("(", r"\(").replace(")", r"\)")) as error:
        make(**{name: value})
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("value", ["10", True, np.True_, 10.0, np.float64(10), None])
def test_size_is_an_integer(value):
    with pytest.raises(TypeError, match=re.escape(f"size must be an integer, got {value!r}")):
        population(size=value)


@pytest.mark.parametrize(("make", "name", "unit"), NUMBERS)
@pytest.mark.parametrize("kind", [int, np.int64, np.float64, np.float32, Fraction])
def test_numbers_become_plain_floats(make, name, unit, kind):
    value = getattr(make(**{name: kind(1)}), name)
    assert type(value) is float
    assert value == 1.0


def test_size_becomes_a_plain_int():
    assert type(population(size=np.int32(7)).size) is int


@pytest.mark.parametrize("make", [lif, lnp, softplus, exponential, stp, population, projection])
class TestEveryParameterClass:
    def test_equal_by_value_and_hashable(self, make):
        assert make() == make()
        assert hash(make()) == hash(make())

    def test_pickled_and_copied_by_value(self, make):
        assert pickle.loads(pickle.dumps(make())) == make()
        assert copy.deepcopy(make()) == make()

    def test_frozen(self, make):
        parameters = make()
        for field in attrs.fields(type(parameters)):
            with pytest.raises(attrs.exceptions.FrozenInstanceError):
                setattr(parameters, field.name, getattr(parameters, field.name))

    def test_no_unknown_parameter(self, make):
        with pytest.raises(TypeError, match="tau_x"):
            make(tau_x=1)


@pytest.mark.parametrize("name", LIF)
def test_lif_has_no_hidden_default(name):
    with pytest.raises(TypeError, match=name):
        mp.LIF(**{key: value for key, value in LIF.items() if key != name})


def test_parameters_are_keyword_only():
    with pytest.raises(TypeError):
        mp.LIF(20, 15, 0, 4, 2, 10)
    with pytest.raises(TypeError):
        mp.TsodyksMarkram(0.2, 0.2, 200)
    with pytest.raises(TypeError):
        mp.LNP(10, SOFTPLUS)
    with pytest.raises(TypeError):
        mp.Projection("E", "E", 1.0)
    with pytest.raises(TypeError):
        mp.Population("E", 10, lif())


def test_evolve_validates_again():
    assert attrs.evolve(stp(), tau_d=300) == stp(tau_d=300)
    with pytest.raises(ValueError, match="tau_d must be >= 0 ms, got -5.0 ms"):
        attrs.evolve(stp(), tau_d=-5)


def test_limits_of_plasticity_are_legal():
    assert stp(tau_d=0).tau_d == 0  # pure facilitation
    assert stp(U=0).U == 0  # pure depression
    assert stp(tau_f=0).tau_f == 0  # u = U0 at every spike
    assert stp(U0=1, U=1).U0 == 1
    assert mp.TsodyksMarkram(U0=0.5, U=0, tau_d=400).tau_f == 0


def test_instantaneous_limits_are_legal():
    assert lif(t_ref=0).t_ref == 0
    assert projection(tau_s=0, delay=0, probability=0, weight=0).probability == 0


@pytest.mark.parametrize(
    ("make", "name", "value", "message"),
    [
        (lnp, "transfer", np.exp, "transfer must be a Softplus or Exponential, got <ufunc 'exp'>"),
        (population, "neuron", "LIF", "neuron must be a Poisson or SpikeTrains or LNP or LIF"),
        (population, "neuron", mp.LIF, "neuron must be a Poisson or SpikeTrains or LNP or LIF"),
        (population, "name", 1, "name must be a string, got 1"),
        (projection, "source", 0, "source must be a string, got 0"),
        (projection, "target", None, "target must be a string, got None"),
        (projection, "stp", 0.5, "stp must be a TsodyksMarkram, got 0.5"),
        (projection, "name", 1, "name must be a string, got 1"),
    ],
)
def test_wrong_kind(make, name, value, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}"):
        make(**{name: value})


def test_softplus_is_its_formula():
    h = np.array([-5.0, 0.0, 3.0])
    expected = 3.0 * 2.0 * np.log(1 + np.exp(h / 2.0))
    np.testing.assert_allclose(mp.Softplus(2.0, gain=3.0)(h), expected, rtol=1e-14)
    assert mp.Softplus(2.0)(1e5) == 1e5  # no overflow


def test_exponential_is_its_formula():
    f = exponential()
    assert f(15.0) == 10.0
    assert f(17.0) == pytest.approx(10.0 * np.e, rel=1e-15)


def test_label_of_a_projection():
    assert projection(source="E", target="I").label == "E->I"
    assert projection(name="slow").label == "slow"


@pytest.mark.parametrize("neuron", [mp.Poisson(5.0), mp.SpikeTrains([[1.0]])])
@pytest.mark.parametrize("drive", [9.0, mp.Sinusoid(amplitude=1, frequency=1), (0.0, 0.0)])
def test_given_activity_takes_no_drive(neuron, drive):
    kind = type(neuron).__name__
    with pytest.raises(ValueError, match=f"^drive must be 0 mV for {kind} neurons, got"):
        mp.Population("in", size=1, neuron=neuron, drive=drive)


def test_one_neuron_per_spike_train():
    trains = mp.SpikeTrains([[1.0], [2.0], []])
    assert mp.Population("in", size=3, neuron=trains).size == 3
    with pytest.raises(ValueError, match="size must be 3, the number of spike trains, got 5"):
        mp.Population("in", size=5, neuron=trains)
