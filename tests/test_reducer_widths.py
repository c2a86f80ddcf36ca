"""Widths at half prominence, which later peaks change: block by block as in the whole series."""

import attrs
import numpy as np
import pytest
from networks import assert_same_bits
from scipy.signal import lfilter

import mesopop as mp
from mesopop.analysis import population_spikes
from mesopop.reducers import PopulationSpikes

DT = 0.5


def descending(rng, shape):
    """Ever smaller peaks: each one waits for the end."""
    curve = rng.uniform(0, 1, shape)
    curve[..., 50::100] += np.linspace(90, 50, curve[..., 50::100].shape[-1])
    return curve


def rounded(rng, shape):
    """Many equal heights, equal minima and plateaus."""
    return np.round(np.abs(rng.normal(0, 12, shape)) / 10) * 10


def walk(rng, shape):
    """Slow, with peaks upon peaks and flanks over many blocks."""
    return 10 + lfilter([3.0], [1.0, -0.98], rng.normal(0, 1, shape), axis=-1)


def bursts(rng, shape):
    """As a population does: silence and bursts of any height, that rise and fall."""
    kicks = rng.exponential(150, shape) * (rng.random(shape) < 0.01)
    kernel = np.exp(-np.arange(40) / 8) * np.arange(40) / 8
    curve = np.apply_along_axis(lambda row: np.convolve(row, kernel)[: len(row)], -1, kicks)
    return curve + rng.exponential(0.5, shape)


def sinking(rng, shape):
    """Every trough deeper than all before: the left foot decides."""
    return 2 * bursts(rng, shape) - np.linspace(0, 60, shape[-1])


SERIES = (descending, rounded, walk, bursts, sinking)


def blocks(series, edges):
    template = mp.simulate(
        mp.presets.load("lnp-up-down"), DT, dt=DT, level="meso", seed=1, trials=len(series)
    )
    edges = [0, *edges, series.shape[-1]]
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        values = series[:, first:last]
        yield attrs.evolve(
            template,
            t=DT * np.arange(first + 1, last + 1),
            rate={"E": values if len(series) > 1 else values[0]},
        )


@pytest.mark.parametrize("trials", [1, 3])
@pytest.mark.parametrize("smooth", [0.0, 1.0])
@pytest.mark.parametrize("make", SERIES)
def test_widths_are_those_of_the_whole_series(make, smooth, trials):
    rng, bins = np.random.default_rng(7), 3000
    series = make(rng, (trials, bins))
    settings = {"low": 5.0, "high": 20.0, "smooth": smooth}
    whole = series if trials > 1 else series[0]
    expected = population_spikes(whole, dt=DT, **settings)
    assert len(expected) >= 10
    divisions = (
        [],
        range(100, bins, 100),
        np.sort(rng.choice(bins - 1, 300, replace=False)) + 1,
        range(1, 500),
    )
    states = []
    for edges in divisions:
        reducer = PopulationSpikes("rate", "E", **settings)
        for block in blocks(series, edges):
            reducer.update(block)
        found = reducer.result
        for name in ("trials", "onsets", "durations", "peak_times", "amplitudes", "widths"):
            assert_same_bits({name: getattr(found, name)}, {name: getattr(expected, name)})
        states.append(reducer.state())
        assert_same_bits(states[-1], states[0])


@pytest.mark.parametrize("make", SERIES)
def test_at_any_time_they_are_those_of_the_series_so_far(make):
    series = make(np.random.default_rng(3), (2, 1500))
    settings = {"low": 5.0, "high": 20.0, "smooth": 0.0}
    reducer, stop = PopulationSpikes("rate", "E", **settings), 0
    for block in blocks(series, range(10, 1500, 37)):
        reducer.update(block)
        stop += len(block.t)
        expected = population_spikes(series[:, :stop], dt=DT, **settings)
        found = reducer.result
        for name in ("trials", "peak_times", "widths"):
            assert_same_bits({name: getattr(found, name)}, {name: getattr(expected, name)})


def test_few_peaks_have_to_wait():
    """The more there are, the rarer those that are higher than all later ones."""
    rng, reducer, waiting = (
        np.random.default_rng(5),
        PopulationSpikes("rate", "E", low=5, high=20, smooth=0),
        [],
    )
    for block in blocks(bursts(rng, (1, 400_000)), range(4000, 400_000, 4000)):
        reducer.update(block)
        waiting.append(len(reducer.state()["memory/kept"]))
    assert len(reducer.result) > 1000
    # Records of n heights: ln n + 0.6 on average, with a standard deviation below 3.
    assert max(waiting) < np.log(len(reducer.result)) + 0.6 + 5 * 3
    assert reducer.bounded_state()["memory/steps"].nbytes < 100_000
