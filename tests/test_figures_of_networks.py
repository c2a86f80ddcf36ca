"""What figures of networks measure, and what they say of the closures."""

import math

import numpy as np
import pytest

import mesopop as mp
from mesopop.figures import Effort, bursts, microcircuit
from mesopop.figures.levels import MICRO


def test_response_to_paired_volleys():
    rate = np.full((3, round(microcircuit.END)), 5.0)
    course = np.array([0.0, 10.0, 40.0, 20.0, -4.0])  # 66 Hz ms
    first, second = round(microcircuit.FIRST), round(microcircuit.SECOND)
    factors = np.array([0.5, 1.0, 1.5])
    for trial, factor in enumerate(factors):
        rate[trial, first + 8 : first + 13] += factor * course
        rate[trial, second + 8 : second + 13] += factor * course / 4
    found = microcircuit.response(rate)
    assert found.latency == 11.0  # the third bin from 8 ms on ends then
    assert found.peak.value == pytest.approx(45.0, rel=1e-12)
    assert found.peak.se == pytest.approx(40 * np.std(factors, ddof=1) / math.sqrt(3), rel=1e-12)
    assert found.spikes.value == pytest.approx(0.066, rel=1e-12)
    assert found.paired.value == pytest.approx(0.25, rel=1e-12)
    assert found.paired.se == pytest.approx(0, abs=1e-12)  # the same in every trial


def test_thalamic_volleys_reach_layers_4_and_6():
    network = microcircuit.network("plastic")
    thalamic = {p.target: p for p in network.projections if p.source == microcircuit.THALAMUS}
    assert set(thalamic) == {"L4E", "L4I", "L6E", "L6I"}
    assert all(projection.stp is None for projection in thalamic.values())
    result = mp.simulate(
        network, microcircuit.END, dt=0.1, level="meso", seed=1, trials=20, record_dt=1.0
    )
    rate = result.rate[microcircuit.THALAMUS].mean(axis=0)
    volleys = np.zeros(len(rate), dtype=bool)
    for start in (microcircuit.FIRST, microcircuit.SECOND):
        volleys[round(start) : round(start + microcircuit.VOLLEY)] = True
    assert rate[~volleys].max() == 0
    spikes = rate[volleys].sum() * 20 * microcircuit.THALAMIC_SIZE / 1000
    expected = 2 * microcircuit.VOLLEY_RATE * microcircuit.VOLLEY / 1000 * 20 * 902
    assert abs(spikes - expected) < 4 * math.sqrt(expected)


def test_intervals_of_bursts_are_those_of_neurons():
    # With standard errors of 2 % each a deviation of renewal by 10 % would be found out. E has two
    # kinds of synapses: drawing their u and x each on its own made it one of 12 %. Those of second
    # order are longer by a third in the figure.
    network = bursts.network(facilitating=True)
    levels = bursts._levels(network, 40, Effort(seed=5), 1)
    intervals = {label: run.bursts.mean_interval for label, run in levels.items()}
    micro = intervals[MICRO]
    assert micro.se < 0.03 * micro.value
    difference = intervals["renewal"].value - micro.value
    assert abs(difference) < 3.5 * math.hypot(micro.se, intervals["renewal"].se)
    second = intervals["second_order"]
    assert second.value - 1.1 * micro.value > 3.5 * math.hypot(second.se, 1.1 * micro.se)


def test_kinds_of_synapses_release_together():
    found = {
        label: bursts._correlation_of_kinds(label, 40, Effort(seed=5)) for label in bursts.LABELS
    }
    for estimate in found.values():
        assert estimate.se < 0.01
        assert abs(estimate.value - found[MICRO].value) < 4 * math.hypot(
            estimate.se, found[MICRO].se
        )
    assert found[MICRO].value < -0.8
