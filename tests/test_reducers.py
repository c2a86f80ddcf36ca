"""Reducers find block by block what is found in the whole series, however it is divided."""

import json

import attrs
import numpy as np
import pytest
from networks import assert_same_bits, meso
from scipy import signal

import mesopop as mp
from mesopop import reducers
from mesopop.analysis import population_spikes, up_down_states
from mesopop.reducers import reducer_from

TRIALS = (1, 3)


@pytest.fixture(scope="module", params=TRIALS)
def whole(request):
    """12 s of Up and Down states, or of population spikes."""
    network = mp.presets.load("lnp-up-down")
    return mp.simulate(
        network, 12_000, dt=0.1, level="meso", seed=3, trials=request.param, record_dt=0.5
    )


def make_all():
    return {
        "dwell": reducers.DwellTimes("potential", "E", low=8, high=25, smooth=0),
        "smoothed": reducers.DwellTimes("rate", "E", low=8, high=25),
        "spikes": reducers.PopulationSpikes("potential", "E", low=8, high=25, smooth=0),
        "smoothed spikes": reducers.PopulationSpikes(
            "rate", "E", low=5, high=60, smooth=5.0, release="E->E", u="E->E", x="E->E"
        ),
        "counts": reducers.Histogram("rate", "E", edges=np.arange(0, 50, 10.0)),
        "spectrum": reducers.Spectrum("rate", "E", segment=128.0),
        "odd spectrum": reducers.Spectrum("potential", "E", segment=123.5),
        "moments": reducers.Moments([("rate", "E"), ("x", "E->E"), ("potential", "E")]),
    }


KINDS = tuple(make_all())


def cut(result, edges):
    """The result in pieces that end at these bins."""
    edges = [0, *edges, len(result.t)]
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        yield attrs.evolve(
            result,
            t=result.t[first:last],
            **{
                quantity: {k: v[..., first:last] for k, v in getattr(result, quantity).items()}
                for quantity in ("rate", "release", "u", "x", "potential")
            },
        )


def divisions(bins):
    rng = np.random.default_rng(8)
    yield []
    yield list(range(1000, bins, 1000))
    # Single bins, empty blocks, and every size between.
    sizes = np.exp(rng.uniform(0, 8, 200)).astype(int) * (rng.random(200) > 0.1)
    edges = np.cumsum(sizes)
    yield list(edges[edges < bins])


def fed(reducer, blocks):
    for block in blocks:
        reducer.update(block)
    return reducer


def arrays(found):
    """Every array and number of what a reducer found."""
    return {
        field.name: np.asarray(getattr(found, field.name))
        for field in attrs.fields(type(found))
        if isinstance(getattr(found, field.name), (np.ndarray, float, int))
    }


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_do_not_matter(whole, kind):
    states, found = [], []
    for edges in divisions(len(whole.t)):
        reducer = fed(make_all()[kind], cut(whole, edges))
        states.append(reducer.state())
        found.append(arrays(reducer.result))
        # Looking changes nothing.
        assert_same_bits(reducer.state(), states[-1])
    for other in (1, 2):
        assert_same_bits(states[other], states[0])
        assert_same_bits(found[other], found[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_goes_on_in_a_new_process(whole, kind):
    blocks = list(cut(whole, [700, 5003, 9000]))
    one = make_all()[kind]
    for block in blocks:
        other = reducer_from(type(one).__name__, json.loads(json.dumps(one.settings())))
        other.set_state(one.state())
        one.update(block)
        other.update(block)
        assert_same_bits(other.state(), one.state())
        one = other
    assert_same_bits(arrays(one.result), arrays(fed(make_all()[kind], [whole]).result))


def same_events(found, expected):
    names = [f.name for f in attrs.fields(type(expected))]
    compared = 0
    for name in names:
        a, b = getattr(found, name), getattr(expected, name)
        if isinstance(b, np.ndarray):
            assert_same_bits({name: a}, {name: b})
            compared += 1
        elif name == "segmentation":
            assert a.describe() == b.describe()
        else:
            assert repr(a) == repr(b), name  # to the last digit, nan included
    return compared


@pytest.mark.parametrize(
    ("quantity", "thresholds"),
    [
        ("potential", {"low": 8, "high": 25, "smooth": 0}),
        ("rate", {"low": 8, "high": 25, "smooth": 10.0}),
        ("rate", {"low": 8, "high": 25, "smooth": 200.0}),
        ("rate", {"low": -1, "high": 1e6, "smooth": 10.0}),  # neither
        ("potential", {"low": -100, "high": -50, "smooth": 0}),  # always Up
    ],
)
def test_events_are_those_of_the_whole_series(whole, quantity, thresholds):
    series = getattr(whole, quantity)["E"]
    expected = up_down_states(series, dt=0.5, **thresholds)
    around = {name: getattr(whole, name)["E->E"] for name in ("release", "u", "x")}
    expected_spikes = population_spikes(series, dt=0.5, **thresholds, **around)
    if thresholds["smooth"] <= 10 and thresholds["low"] == 8:
        assert len(expected.up_times) > 3 * whole.trials  # or this would say little
    *_, edges = divisions(len(whole.t))
    dwell = fed(reducers.DwellTimes(quantity, "E", **thresholds), cut(whole, edges))
    assert same_events(dwell.result, expected) == 6
    assert repr(dwell.result) == repr(expected)
    labels = dict.fromkeys(around, "E->E")
    spikes = fed(
        reducers.PopulationSpikes(quantity, "E", **thresholds, **labels), cut(whole, edges)
    )
    assert same_events(spikes.result, expected_spikes) == 15
    assert repr(spikes.result) == repr(expected_spikes)


def test_the_first_of_equal_peaks_counts_whatever_the_blocks(whole):
    one = next(cut(whole, []))
    shape = one.rate["E"].shape
    flat = np.zeros(shape)
    flat[..., 10:30] = 50.0
    flat[..., 40:60] = [50, 60] * 10
    one = attrs.evolve(one, rate={"E": flat})
    expected = population_spikes(flat, dt=0.5, low=5, high=30, smooth=0)
    for edges in ([], [12, 20, 41, 42, 43, 44], list(range(1, 70))):
        found = fed(
            reducers.PopulationSpikes("rate", "E", low=5, high=30, smooth=0), cut(one, edges)
        )
        same_events(found.result, expected)


def test_spectrum_is_that_of_scipy(whole):
    for name, quantity, nperseg in (("spectrum", "rate", 256), ("odd spectrum", "potential", 247)):
        found = fed(make_all()[name], cut(whole, [100, 3333])).result
        frequency, density = signal.welch(getattr(whole, quantity)["E"], fs=2000.0, nperseg=nperseg)
        np.testing.assert_allclose(found.frequency, frequency, rtol=1e-14)
        np.testing.assert_allclose(found.density, density, rtol=1e-9, atol=1e-12 * density.max())
    long = reducers.Spectrum("rate", "E", segment=20_000.0)
    long.update(whole)
    assert long.result.segments == 0
    assert np.isnan(long.result.density).all()


def test_histogram_is_that_of_numpy(whole):
    edges = np.array([0.0, 5.0, 10.0, 30.0])
    found = fed(reducers.Histogram("rate", "E", edges=edges), cut(whole, [77])).result
    rows = np.atleast_2d(whole.rate["E"])
    counts = np.atleast_2d(found.counts)
    for row, count in zip(rows, counts, strict=True):
        np.testing.assert_array_equal(count, np.histogram(row, edges)[0])
    np.testing.assert_array_equal(np.atleast_1d(found.above), (rows > 30).sum(axis=1))
    np.testing.assert_array_equal(np.atleast_1d(found.below), 0)
    inside = (found.density * np.diff(edges)).sum(axis=-1)
    np.testing.assert_allclose(inside, 1 - found.above / rows.shape[1], rtol=1e-12)


def test_moments_are_those_of_numpy(whole):
    found = fed(make_all()["moments"], cut(whole, [77, 20_000])).result
    series = np.array([whole.rate["E"], whole.x["E->E"], whole.potential["E"]])
    if whole.trials == 1:
        np.testing.assert_allclose(found.mean, series.mean(axis=1), rtol=1e-13)
        np.testing.assert_allclose(found.covariance, np.cov(series), rtol=1e-10)
    else:
        for trial in range(whole.trials):
            np.testing.assert_allclose(found.mean[trial], series[:, trial].mean(axis=1), rtol=1e-13)
            expected = np.cov(series[:, trial])
            np.testing.assert_allclose(found.covariance[trial], expected, rtol=1e-10)


def test_blocks_that_do_not_fit_are_refused(whole):
    first, second, third = cut(whole, [100, 200])
    reducer = make_all()["counts"]
    reducer.update(first)
    with pytest.raises(ValueError, match="must follow each other: the last one ended at 50 ms"):
        reducer.update(third)
    with pytest.raises(ValueError, match="must follow each other"):
        reducer.update(first)
    with pytest.raises(ValueError, match="must be alike: the first had . trials and bins of 0.5"):
        reducer.update(attrs.evolve(second, record_dt=1.0))
    with pytest.raises(KeyError, match="was not recorded"):
        reducer.update(attrs.evolve(second, rate={}))
    reducer.update(second)
    assert reducer.bins == 200


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: reducers.Histogram("rat", "E", edges=[0, 1]), 'did you mean "rate"'),
        (lambda: reducers.Histogram("rate", "", edges=[0, 1]), "label must not be empty"),
        (lambda: reducers.Histogram("rate", "E", edges=[1, 0]), "edges"),
        (lambda: reducers.Histogram("rate", "E", edges=[1]), "edges must be at least 2, got 1"),
        (lambda: reducers.Spectrum("rate", "E", segment=0), "segment must be > 0 ms, got 0.0 ms"),
        (lambda: reducers.DwellTimes("rate", "E", low=3, high=3), "low must be < high"),
        (lambda: reducers.DwellTimes("rate", "E", low=3, high=4, smooth=-1), "smooth must be >= 0"),
        (lambda: reducers.Moments([("rate",)]), "pairs such as"),
        (lambda: reducers.Moments([]), "pairs such as"),
        (lambda: reducers.Moments([("Rate", "E")]), 'did you mean "rate"'),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_a_segment_that_is_no_multiple_of_the_bins(whole):
    spectrum = reducers.Spectrum("rate", "E", segment=100.3)
    with pytest.raises(ValueError, match="segment must be a multiple of record_dt = 0.5 ms"):
        spectrum.update(whole)


def test_memory_does_not_grow_with_the_blocks():
    running = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, seed=3, **meso("renewal"))
    all_of_them = make_all()
    sizes = []
    for block in running.blocks(12_000, block=1000, record_dt=0.5):
        for reducer in all_of_them.values():
            reducer.update(block)
        sizes.append(
            [sum(v.nbytes for v in r.bounded_state().values()) for r in all_of_them.values()]
        )
    growth = dict(
        zip(all_of_them, np.max(sizes[6:], axis=0) - np.max(sizes[:6], axis=0), strict=True)
    )
    assert len(all_of_them["smoothed"].result.onsets) > 3
    assert growth["counts"] == growth["dwell"] == growth["smoothed"] == 0
    # What waits for a whole piece is bounded.
    assert growth["moments"] <= 4096 * 8 * 3
    assert growth["spectrum"] <= 2 * 2**16 * 8
