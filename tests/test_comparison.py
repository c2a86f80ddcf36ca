"""Results side by side."""

import json
import math

import attrs
import numpy as np
import pytest

import mesopop as mp
from mesopop.analysis import (
    distance,
    fano_factor,
    power_spectrum,
    ratio_of_averages,
    time_average,
)


@pytest.fixture(scope="module")
def preset():
    return mp.presets.experiment("lif-population-spikes")


@pytest.fixture(scope="module")
def results(preset):
    def simulated(**engine):
        result = mp.simulate(
            preset.network, 21_000, dt=0.5, record_dt=1.0, trials=4, seed=5, **engine
        )
        return result.after(1000)

    return [
        simulated(level="micro"),
        simulated(level="meso", closure="first_order"),
        simulated(level="meso", closure="second_order"),
        simulated(level="meso", closure="second_order", noise="none"),
    ]


def test_statistics_are_those_of_the_analysis(preset, results):
    comparison = mp.compare(*results[:2], events=preset.events)
    events = [mp.analysis.find_events(result, preset.events) for result in results[:2]]
    for index, (result, found) in enumerate(zip(results, events, strict=False)):
        rate = comparison["rate of E (Hz)"].estimates[index]
        assert rate == time_average(result.rate["E"])
        release = comparison["release per spike, E->E"].estimates[index]
        assert release == ratio_of_averages(result.release["E->E"], result.rate["E"])
        interval = comparison["interval between events (s)"].estimates[index]
        assert interval.value == pytest.approx(found.mean_interval.value / 1000, rel=1e-15)
        assert interval.se == pytest.approx(found.mean_interval.se / 1000, rel=1e-15)
        assert comparison["CV of the intervals"].estimates[index] == found.cv_interval
        assert comparison["number of events"].estimates[index].value == len(found)
        cut_off = comparison["events cut off by a border"].estimates[index]
        assert cut_off.value == len(found.censored)
        assert comparison["amplitude of events (Hz)"].estimates[index] == found.mean_amplitude
        width = comparison["width of events (ms)"].estimates[index]
        assert (width.value, width.se) == (found.mean_width.value, found.mean_width.se)
        released = comparison["released per event"].estimates[index]
        assert released.value == pytest.approx(found.released.mean(), rel=1e-15)


def test_release_at_events_is_that_of_their_population(preset, results):
    found = mp.analysis.find_events(results[0], preset.events)
    expected = mp.analysis.population_spikes(
        results[0].rate["E"],
        dt=1.0,
        low=preset.events.low,
        high=preset.events.high,
        smooth=preset.events.smooth,
        release=results[0].release["E->E"],
        x=results[0].x["E->E"],
    )
    np.testing.assert_array_equal(found.released, expected.released)
    np.testing.assert_array_equal(found.x_after, expected.x_after)
    without = attrs.evolve(results[0], release={}, u={}, x={})
    assert mp.analysis.find_events(without, preset.events).released is None


def test_up_down_statistics():
    preset = mp.presets.experiment("lif-up-down")
    result = mp.simulate(preset.network, 60_000, dt=0.5, level="meso", seed=2, record_dt=1.0)
    comparison = mp.compare(result, events=preset.events)
    (found,) = comparison.events
    assert comparison["fraction of time Up"].estimates == (found.up_fraction,)
    for name, times in (("Up", found.up_times), ("Down", found.down_times)):
        (estimate,) = comparison[f"mean {name} time (s)"].estimates
        assert estimate.value == pytest.approx(times.mean() / 1000, rel=1e-12)
    assert comparison["number of Up onsets"].estimates[0].value == len(found.onsets)
    for name, rate in (("Up", found.up_to_down), ("Down", found.down_to_up)):
        (estimate,) = comparison[f"rate of leaving {name} (Hz)"].estimates
        assert estimate.value == rate.value
        assert estimate.se == pytest.approx(rate.value / math.sqrt(rate.events))


def test_z_is_the_difference_in_its_standard_error(results):
    statistic = mp.compare(*results[:2])["rate of E (Hz)"]
    a, b = statistic.estimates
    assert statistic.z(1) == pytest.approx((b.value - a.value) / math.hypot(a.se, b.se), rel=1e-12)
    assert f"{statistic.z(1):+.1f}" in repr(mp.compare(*results[:2])).splitlines()[2]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_table_fits_80_columns_and_shows_every_result(preset, results, count):
    text = repr(mp.compare(*results[:count], events=preset.events))
    assert max(map(len, text.splitlines())) <= 80
    for result in results[:count]:
        assert all(word in text for word in result.label.split(", "))
    assert ("z: difference to micro" in text) == (count > 1)


def test_notebook_table(results):
    html = mp.compare(*results[:3])._repr_html_()
    assert html.count("<table") == 1
    assert "meso second_order" in html
    assert "rate of E (Hz)" in html


def test_says_why_a_result_has_no_events(preset, results):
    comparison = mp.compare(results[0], results[3], events=preset.events)
    assert "meso second_order, noise none: never Up" in repr(comparison)
    assert math.isnan(comparison["interval between events (s)"].z(1))


def test_many_populations_are_summarised():
    populations = [mp.Population(f"p{i}", size=1, neuron=mp.Poisson(10)) for i in range(12)]
    network = mp.Network(populations=populations)
    comparison = mp.compare(mp.simulate(network, 100, dt=1, seed=1))
    assert len(comparison.statistics) == 8
    assert "8 of 12 populations are listed" in repr(comparison)


def test_many_releases_are_summarised():
    target = mp.Population("E", size=1, neuron=mp.LNP(10, transfer=mp.Softplus(2)))
    inputs = [mp.Population(f"p{i}", size=1, neuron=mp.Poisson(10)) for i in range(9)]
    stp = mp.TsodyksMarkram(U0=0.5, U=0, tau_d=100)
    projections = [mp.Projection(p.name, "E", weight=0.1, stp=stp) for p in inputs]
    network = mp.Network(populations=[target, *inputs], projections=projections)
    comparison = mp.compare(mp.simulate(network, 100, dt=1, seed=1))
    assert "8 of 9 releases are listed" in repr(comparison)


def test_projections_of_equal_plasticity_are_listed_once():
    stp = mp.TsodyksMarkram(U0=0.5, U=0, tau_d=100)
    target = mp.LNP(10, transfer=mp.Softplus(2))
    network = mp.Network(
        populations=[
            mp.Population("a", size=5, neuron=mp.Poisson(10)),
            mp.Population("b", size=5, neuron=target),
            mp.Population("c", size=5, neuron=target),
        ],
        projections=[
            mp.Projection("a", "b", weight=1, stp=stp),
            mp.Projection("a", "c", weight=1, stp=stp),
            mp.Projection("b", "c", weight=1),
        ],
    )
    comparison = mp.compare(mp.simulate(network, 1000, dt=1, seed=1))
    released = [s.name for s in comparison.statistics if "release" in s.name]
    assert released == ["release per spike, a->b"]


def test_more_statistics_are_those_of_the_analysis(preset, results):
    comparison = mp.compare(
        *results[:2], events=preset.events, fano_windows=[10, 200], bands=[(1, 4), (15, 60)]
    )
    for index, result in enumerate(results[:2]):
        factor = fano_factor(result.rate["E"], dt=1.0, size=200, windows=[10, 200])
        assert comparison["Fano factor of E, 200 ms"].estimates[index] == factor.at(200)
        band = power_spectrum(result.rate["E"], dt=1.0).band(15, 60)
        found = comparison["power of E, 15-60 Hz (Hz)"].estimates[index]
        assert (found.value, found.se) == (band.value, band.se)


def test_distances_are_those_of_the_analysis(preset, results):
    comparison = mp.compare(*results[:3], events=preset.events, distances=True)
    events = comparison.events
    rows = {row.name: row.distances for row in comparison.distances}
    assert list(rows) == ["activity of E", "intervals between events", "amplitudes of events"]
    for index in (1, 2):
        found = rows["intervals between events"][index - 1]
        assert found == distance(events[0].intervals, events[index].intervals, unit="ms")
    text = repr(comparison)
    assert max(map(len, text.splitlines())) <= 80
    assert "distance to micro" in text
    assert comparison._repr_html_().count("<table") == 2


def test_results_that_are_equal_have_no_distance(results):
    comparison = mp.compare(results[0], results[0], distances=True)
    (row,) = comparison.distances
    assert (row.distances[0].ks, row.distances[0].wasserstein) == (0, 0)
    assert row.distances[0].p == 1


def test_numbers_are_given_as_plain_records(preset, results):
    comparison = mp.compare(*results[:2], events=preset.events, distances=True)
    records = comparison.to_records()
    assert len(records) == 2 * len(comparison.statistics)
    rate = [record for record in records if record["statistic"] == "rate of E (Hz)"]
    assert [record["result"] for record in rate] == ["micro", "meso first_order"]
    assert rate[1]["value"] == comparison["rate of E (Hz)"].estimates[1].value
    assert rate[1]["z"] == comparison["rate of E (Hz)"].z(1)
    assert math.isnan(rate[0]["z"])
    everything = json.loads(json.dumps(comparison.to_dict()))
    assert everything["labels"] == ["micro", "meso first_order"]
    assert everything["distances"][0]["quantity"] == "activity of E"


def test_order_of_trials_does_not_matter(preset, results):
    swapped = results[0]
    order = np.array([2, 0, 3, 1])
    shuffled = attrs.evolve(
        swapped,
        **{
            quantity: {name: a[order] for name, a in getattr(swapped, quantity).items()}
            for quantity in ("rate", "release", "potential", "u", "x")
        },
    )
    one, other = (
        mp.compare(result, events=preset.events, fano_windows=[100], bands=[(1, 10)])
        for result in (swapped, shuffled)
    )
    for a, b in zip(one.statistics, other.statistics, strict=True):
        assert b.estimates[0].value == pytest.approx(a.estimates[0].value, rel=1e-9, nan_ok=True)
        assert b.estimates[0].se == pytest.approx(a.estimates[0].se, rel=1e-6, nan_ok=True)


def test_results_of_one_label_are_told_apart(results):
    comparison = mp.compare(results[1], results[1], results[0], results[1])
    assert comparison.labels == (
        "meso first_order",
        "meso first_order, run 2",
        "micro",
        "meso first_order, run 3",
    )
    assert len({record["result"] for record in comparison.to_records()}) == 4


def test_refusals(results):
    with pytest.raises(TypeError, match="results must be Result, got 'micro'"):
        mp.compare(results[0], "micro")
    with pytest.raises(ValueError, match=r"bands must hold pairs \(low, high\) in Hz, got 5"):
        mp.compare(results[0], bands=[5])
    with pytest.raises(ValueError, match="at least one result"):
        mp.compare()
    other = mp.simulate(mp.presets.load("feedforward"), 10, dt=0.5)
    with pytest.raises(ValueError, match="of another network"):
        mp.compare(results[0], other)
    coarse = mp.simulate(
        results[0].network, 2000, dt=0.5, record_dt=2.0, level="meso", seed=1, trials=2
    )
    with pytest.raises(ValueError, match="distances need bins of equal width: 1.0 ms of micro"):
        mp.compare(results[0], coarse, distances=True)
    with pytest.raises(ValueError, match="windows must be >= 1.0 ms and fit 10 times"):
        mp.compare(results[0], fano_windows=[15_000])
    with pytest.raises(ValueError, match="holds no frequency"):
        mp.compare(results[0], bands=[(600, 700)])
    with pytest.raises(KeyError, match='did you mean "rate of E'):
        mp.compare(results[0])["rate of E"]


def test_transients_are_cut_at_bins():
    network = mp.presets.load("feedforward")
    result = mp.simulate(
        network, 20, dt=0.5, record_dt=2.0, seed=1, trials=2, record=("rate", "spikes")
    )
    later = result.after(6.0)
    np.testing.assert_array_equal(later.t, [8, 10, 12, 14, 16, 18, 20])
    np.testing.assert_array_equal(later.rate["pre"], result.rate["pre"][:, 3:])
    assert all((train["time"] > 6).all() for train in later.spikes["pre"])
    total = sum(map(len, result.spikes["pre"]))
    early = sum((train["time"] <= 6).sum() for train in result.spikes["pre"])
    assert sum(map(len, later.spikes["pre"])) == total - early
    np.testing.assert_array_equal(result.after(0).t, result.t)
    assert len(result.after(19.0).t) == 0


def test_labels():
    network = mp.presets.load("feedforward")

    def label(**engine):
        return mp.simulate(network, 1, dt=0.5, **engine).label

    assert label(level="micro") == "micro"
    assert label(level="meso", closure="first_order") == "meso first_order"
    assert (
        label(level="meso", closure="second_order", noise="gaussian")
        == "meso second_order, noise gaussian"
    )


def test_shared_arrays_are_written_once(tmp_path):
    stp = mp.TsodyksMarkram(U0=0.5, U=0, tau_d=100)
    target = mp.LNP(10, transfer=mp.Softplus(2))
    network = mp.Network(
        populations=[mp.Population("a", size=5, neuron=mp.Poisson(10))]
        + [mp.Population(f"b{i}", size=5, neuron=target) for i in range(20)],
        projections=[mp.Projection("a", f"b{i}", weight=1, stp=stp) for i in range(20)],
    )
    result = mp.simulate(network, 1000, dt=1, seed=1, record=("release", "u", "x"))
    result.save(tmp_path / "result.npz")
    with np.load(tmp_path / "result.npz") as file:
        assert len([key for key in file.files if "->" in key]) == 3
    loaded = mp.Result.load(tmp_path / "result.npz")
    for quantity in ("release", "u", "x"):
        for name, values in getattr(result, quantity).items():
            np.testing.assert_array_equal(getattr(loaded, quantity)[name], values)
