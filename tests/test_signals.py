"""Signals, and what they make of drives (mV), Poisson rates (Hz) and spike trains (ms)."""

import copy
import pickle
import re

import attrs
import numpy as np
import pytest

import mesopop as mp

STEPS = mp.Steps([0, 100, 250], [1.0, -2.0, 0.5])
SAMPLED = mp.Sampled(np.arange(10), interval=5)
SINUSOID = mp.Sinusoid(mean=1, amplitude=0.5, frequency=8, phase=0.25)
NOISE = mp.OrnsteinUhlenbeck(std=2, tau=20)
TRAINS = mp.SpikeTrains([[0.0, 1.5, 1.5], [], np.array([3, 4])])
POISSON = mp.Poisson((5.0, SINUSOID))
LIF = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)


def arrays_of(value):
    for field in attrs.fields(type(value)):
        content = getattr(value, field.name)
        for item in content if isinstance(content, tuple) else (content,):
            if isinstance(item, np.ndarray):
                yield item


@pytest.mark.parametrize("value", [STEPS, SAMPLED, SINUSOID, NOISE, TRAINS, POISSON])
def test_equal_by_value_through_pickles_and_copies(value):
    for again in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value), attrs.evolve(value)):
        assert again == value
        assert hash(again) == hash(value)
        assert not any(array.flags.writeable for array in arrays_of(again))


def test_different_values_are_different():
    assert mp.Steps([0, 1], [1, 2]) != mp.Steps([0, 1], [1, 3])
    assert mp.Steps([0, 1], [1, 2]) != mp.Steps([0, 2], [1, 2])
    assert mp.Sampled([1, 2], interval=1) != mp.Sampled([1, 2], interval=2)
    assert mp.SpikeTrains([[1], [2]]) != mp.SpikeTrains([[1, 2], []])
    assert mp.Steps([0], [0.0]) == mp.Steps([0], [-0.0])


@pytest.mark.parametrize("value", [STEPS, SAMPLED, TRAINS])
def test_arrays_are_read_only_float64(value):
    for array in arrays_of(value):
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_arrays_are_copies():
    values = np.array([1.0, 2.0])
    signal = mp.Sampled(values, interval=1)
    values[0] = 99
    assert signal.values[0] == 1
    assert values.flags.writeable


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mp.Steps([1, 2], [0, 0]), "times must start at 0 ms, got 1.0 ms"),
        (
            lambda: mp.Steps([0, 2, 2], [0, 0, 0]),
            "times must be ascending: times[2] must be > 2.0 ms, got 2.0 ms",
        ),
        (
            lambda: mp.Steps([0, 2], [0, 0, 0]),
            "length of values (3) must match length of times (2)",
        ),
        (lambda: mp.Steps([0, np.nan], [0, 0]), "times[1] must be finite, got nan ms"),
        (lambda: mp.Steps([0, 1], [0, np.inf]), "values[1] must be finite, got inf"),
        (lambda: mp.Steps([], []), "times must not be empty"),
        (lambda: mp.Steps([[0]], [1]), "times must be one-dimensional, got shape (1, 1)"),
        (lambda: mp.Sampled([], interval=1), "values must not be empty"),
        (lambda: mp.Sampled([1, np.nan], interval=1), "values[1] must be finite, got nan"),
        (lambda: mp.Sampled([1], interval=0), "interval must be > 0 ms, got 0.0 ms"),
        (
            lambda: mp.Sinusoid(amplitude=1, frequency=-1),
            "frequency must be >= 0 Hz, got -1.0 Hz",
        ),
        (
            lambda: mp.Sinusoid(amplitude=np.nan, frequency=1),
            "amplitude must be finite, got nan",
        ),
        (lambda: mp.OrnsteinUhlenbeck(std=-1, tau=1), "std must be >= 0, got -1.0"),
        (lambda: mp.OrnsteinUhlenbeck(std=1, tau=0), "tau must be > 0 ms, got 0.0 ms"),
        (
            lambda: mp.OrnsteinUhlenbeck(mean=np.inf, std=1, tau=1),
            "mean must be finite, got inf",
        ),
        (lambda: mp.SpikeTrains([]), "times must hold at least one spike train"),
        (lambda: mp.SpikeTrains([[1], [2, -3]]), "times[1][1] must be >= 0 ms, got -3.0 ms"),
        (lambda: mp.SpikeTrains([[np.inf]]), "times[0][0] must be finite, got inf ms"),
        (
            lambda: mp.SpikeTrains([[3, 1]]),
            "times[0] must be ascending: times[0][1] must be >= 3.0 ms, got 1.0 ms",
        ),
        (lambda: mp.SpikeTrains([1.0, 2.0]), "times[0] must be one-dimensional, got shape ()"),
        (lambda: mp.Poisson(-1), "rate must be >= 0 Hz, got -1.0 Hz"),
        (lambda: mp.Poisson(np.nan), "rate must be finite, got nan Hz"),
        (lambda: mp.Poisson(()), "rate must not be empty"),
        (lambda: mp.Poisson(STEPS), "rate must be >= 0 Hz, got -2.0 Hz as its minimum"),
        (
            lambda: mp.Poisson(mp.Sampled([1, -3], interval=1)),
            "rate must be >= 0 Hz, got -3.0 Hz as its minimum",
        ),
        (
            lambda: mp.Poisson(mp.Sinusoid(mean=1, amplitude=-3, frequency=1)),
            "rate must be >= 0 Hz, got -2.0 Hz as its minimum",
        ),
        (lambda: mp.Poisson((1, STEPS)), "rate must be >= 0 Hz, got -1.0 Hz as its minimum"),
        (lambda: driven_by(()), "drive must not be empty"),
        (lambda: driven_by((1.0, np.inf)), "drive must be finite, got inf mV"),
    ],
)
def test_refused_values(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


def driven_by(drive):
    return mp.Population("E", size=1, neuron=LIF, drive=drive).drive


@pytest.mark.parametrize("rate", [NOISE, (100.0, NOISE)])
def test_no_gaussian_rate(rate):
    with pytest.raises(ValueError, match="rate must not be an OrnsteinUhlenbeck.*LNP"):
        mp.Poisson(rate)


@pytest.mark.parametrize(
    "bad", ["12", ["1", "2"], [True, False], [0, True], [1j, 0], [[0], [1, 2]], None, 3j]
)
def test_only_plain_numbers_in_arrays(bad):
    with pytest.raises((TypeError, ValueError), match="^values must be .*one-dimensional"):
        mp.Sampled(bad, interval=1)
    with pytest.raises((TypeError, ValueError), match=r"^times(\[0\])? must be"):
        mp.SpikeTrains([bad])


@pytest.mark.parametrize("times", ["123", 5.0, None])
def test_spike_trains_are_a_sequence(times):
    with pytest.raises(TypeError, match=r"times must be a sequence of arrays \(ms\)"):
        mp.SpikeTrains(times)


@pytest.mark.parametrize("drive", ["9", True, None, (9.0, "9"), ((1.0,),), {"mean": 1}, [np.exp]])
def test_a_drive_is_made_of_numbers_and_signals(drive):
    with pytest.raises(TypeError, match=r"^drive must be a number \(mV\), a signal \(Steps, "):
        driven_by(drive)


def test_drives():
    assert driven_by(np.float32(9)) == 9.0
    assert type(driven_by(np.int64(9))) is float
    assert driven_by(SINUSOID) == SINUSOID
    assert driven_by([1, NOISE, STEPS]) == (1.0, NOISE, STEPS)


def test_rates_that_just_stay_positive():
    assert mp.Poisson(0).rate == 0.0
    assert mp.Poisson(mp.Sinusoid(mean=3, amplitude=3, frequency=1)).rate.mean == 3
    assert mp.Poisson((2, STEPS)).rate == (2.0, STEPS)


def test_equal_spike_trains_whatever_they_were_made_of():
    assert mp.SpikeTrains(np.array([[1, 2], [3, 4]])) == mp.SpikeTrains([(1.0, 2.0), [3, 4]])
    assert mp.SpikeTrains(iter([[1]])) == mp.SpikeTrains([[1]])


def test_reprs_stay_short():
    long = np.arange(1e6)
    for value in (
        mp.Steps(long, long),
        mp.Sampled(long, interval=1),
        mp.SpikeTrains([long] * 3),
    ):
        assert len(repr(value)) < 150
    assert repr(STEPS) == "Steps(times=[0.0, 100.0, 250.0], values=[1.0, -2.0, 0.5])"


class Quantity:
    """The part of a neo.SpikeTrain that is used, so that its use is tested where neo is missing."""

    def __init__(self, seconds):
        self.seconds = np.asarray(seconds)

    def rescale(self, unit):
        assert unit == "ms"
        self.magnitude = self.seconds * 1000
        return self

    def __array__(self, *args, **kwargs):
        return self.seconds


def test_spike_trains_with_units_are_rescaled():
    assert mp.SpikeTrains([Quantity([0.5, 1.0])]) == mp.SpikeTrains([[500.0, 1000.0]])


def test_signals_with_units_are_refused():
    with pytest.raises(TypeError, match=r"times must be .* plain numbers \(ms\)"):
        mp.Steps(Quantity([0.0, 1.0]), [1.0, 2.0])


def test_neo_spike_trains():
    neo = pytest.importorskip("neo")
    trains = [
        neo.SpikeTrain([0.5, 1.0], units="s", t_stop=2.0),
        neo.SpikeTrain([], units="s", t_stop=2.0),
    ]
    assert mp.SpikeTrains(trains) == mp.SpikeTrains([[500.0, 1000.0], []])
    segment = neo.Segment()
    segment.spiketrains.extend(trains)
    assert mp.SpikeTrains(segment.spiketrains) == mp.SpikeTrains(trains)
