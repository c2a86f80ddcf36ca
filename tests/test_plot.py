"""Figures draw what they are given."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import mesopop as mp
from mesopop.plot import style
from mesopop.plot.window import eventful_window


@pytest.fixture(scope="module")
def preset():
    return mp.presets.experiment("lif-up-down")


@pytest.fixture(scope="module")
def results(preset):
    # Both switch several times with these seeds.
    return [
        mp.simulate(
            preset.network, 31_000, dt=0.5, level=level, seed=3, trials=2, record_dt=1.0
        ).after(1000)
        for level in ("micro", "meso")
    ]


@pytest.fixture(scope="module")
def states(preset, results):
    return [mp.analysis.find_events(result, preset.events) for result in results]


@pytest.fixture
def ax():
    return Figure().subplots()


def drawn(line):
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_activity_draws_the_rate(results, ax):
    axes = mp.plot.activity(*results, ax=ax, smooth=0, t_start=2000, t_stop=5000, trial=1)
    assert axes == [ax, ax]
    for line, result in zip(ax.lines, results, strict=True):
        t, rate = drawn(line)
        np.testing.assert_allclose(t, np.arange(2001, 5001) / 1000, rtol=1e-12)
        np.testing.assert_array_equal(rate, result.rate["E"][1, 1000:4000])
        assert line.get_label() == result.label
        assert line.get_color() == style.colour_of(result.label)
    assert ax.get_xlim() == (2.0, 5.0)


def test_activity_is_smoothed_like_the_analysis(results, ax):
    mp.plot.activity(results[0], ax=ax)
    smooth = mp.analysis.exponential_smoothing(results[0].rate["E"][0], dt=1.0, tau=10.0)
    np.testing.assert_array_equal(drawn(ax.lines[0])[1], smooth)
    assert ax.get_ylim()[1] > smooth.max()


def test_up_states_are_marked_where_they_are(results, states):
    axes = Figure().subplots(2, sharex=True, sharey=True)
    mp.plot.activity(*results, ax=axes, states=states)
    for panel, result, found in zip(axes, results, states, strict=True):
        (marks,) = panel.collections
        spans = np.array([path.get_extents().intervalx for path in marks.get_paths()])
        up = found.segmentation.state[0] == mp.analysis.UP
        marked = np.zeros(len(up), dtype=bool)
        for start, stop in spans * 1000:
            marked |= (result.t > start + 1e-6) & (result.t < stop + 1e-6)
        # Only the shortest are drawn wider than they are.
        assert np.count_nonzero(marked != up) <= 2e-3 * 30_000 * len(spans)
        assert np.all(marked[up])


def test_synapses_draw_u_and_x(results, ax):
    assert mp.plot.synapses(*results, ax=ax, t_stop=3000) is ax
    u, x = ax.lines[:2]
    np.testing.assert_array_equal(drawn(u)[1], results[0].u["E->E"][0, :2000])
    np.testing.assert_array_equal(drawn(x)[1], results[0].x["E->E"][0, :2000])
    assert u.is_dashed()
    assert not x.is_dashed()


def test_dwell_times_draw_survival_functions(states):
    axes = mp.plot.dwell_times(*states, labels=["micro", "meso renewal"], ax=Figure().subplots(2))
    for panel, times in zip(axes, (states[0].up, states[0].down), strict=True):
        exponential, survival = panel.lines[:2]
        t, longer = drawn(survival)
        n = len(times.complete) + 1
        np.testing.assert_allclose(t[1:n], np.sort(times.complete) / 1000)
        np.testing.assert_allclose(longer[:n], [1, *times.survival().fraction])
        t, longer = drawn(exponential)
        np.testing.assert_allclose(longer, np.exp(-t * times.rate.value))
        assert panel.get_xscale() == "log"
        assert survival.get_color() == style.COLOURS["micro"]


def test_intervals(states, ax):
    mp.plot.intervals(states[1], ax=ax)
    intervals = np.sort(states[1].intervals) / 1000
    np.testing.assert_allclose(drawn(ax.lines[1])[0][1 : len(intervals) + 1], intervals)


def test_without_complete_intervals_the_panel_says_so(results, ax):
    never = mp.analysis.up_down_states(results[0].rate["E"], dt=1.0, low=1e3, high=1e4)
    mp.plot.intervals(never, ax=ax)
    assert [text.get_text() for text in ax.texts] == ["no complete interval"]


def test_distribution_is_a_density(results, ax):
    mp.plot.distribution(*results, ax=ax)
    for patch in ax.patches:
        density, edges, _ = patch.get_data()
        assert np.sum(density * np.diff(edges)) == pytest.approx(1, rel=1e-12)


def test_event_average():
    rate = np.ones((2, 1000))
    rate[0, 300:310] += 100
    rate[1, 700:710] += 200
    rate[1, 20:30] += 900  # nearer to the border than 100 ms
    network = mp.Network(populations=[mp.Population("p", size=1, neuron=mp.Poisson(1))])
    result = mp.simulate(network, 1000, dt=1, trials=2)
    result.rate["p"] = rate
    events = mp.analysis.population_spikes(rate, dt=1.0, low=5, high=30, smooth=0)
    assert len(events) == 3
    ax = mp.plot.event_average(result, events=[events], ax=Figure().subplots())
    offsets, mean = drawn(ax.lines[0])
    np.testing.assert_array_equal(offsets, np.arange(-100, 101))
    expected = (rate[0, 200:401] + rate[1, 600:801]) / 2
    np.testing.assert_array_equal(mean, expected)


def test_event_average_of_x():
    preset = mp.presets.experiment("lif-population-spikes")
    result = mp.simulate(preset.network, 20_000, dt=0.5, level="meso", seed=1, record_dt=1.0)
    events = mp.analysis.find_events(result, preset.events)
    panel = Figure().subplots()
    ax = mp.plot.event_average(result, events=[events], projection="E->E", ax=panel, before=50)
    expected = mp.analysis.event_average(result.x["E->E"], events, before=50)
    np.testing.assert_array_equal(drawn(ax.lines[0]), [expected.times, expected.mean])
    assert ax.get_ylabel() == "mean x"


def test_map_and_rates_of_many_populations():
    populations = [mp.Population(f"p{i}", size=50, neuron=mp.Poisson(5 * i)) for i in range(6)]
    network = mp.Network(populations=populations)
    results = [mp.simulate(network, 500, dt=1, level=level, seed=1) for level in ("micro", "meso")]
    axes = Figure().subplots(2)
    mp.plot.activity_map(*results, ax=axes, smooth=0)
    values = axes[1].images[0].get_array()
    np.testing.assert_array_equal(values, [results[1].rate[p.name] for p in populations])
    assert [label.get_text() for label in axes[0].get_yticklabels()] == [
        p.name for p in populations
    ]
    ax = mp.plot.rates(*results, ax=Figure().subplots())
    means = ax.containers[0].lines[0].get_ydata()
    assert list(means) == pytest.approx([results[0].rate[p.name].mean() for p in populations])


@pytest.fixture(scope="module")
def ring():
    result = mp.simulate(
        mp.presets.load("ring"), 3000, dt=0.1, level="meso", seed=1, trials=2, record_dt=5.0
    ).after(500)
    rates = np.array(list(result.rate.values()))
    return result, mp.analysis.replay_events(rates, dt=5.0, low=1.0, high=3.0)


def test_ring_map_draws_units_upwards_and_the_paths_of_bumps(ring, ax):
    result, replay = ring
    assert len(replay) > 2
    mp.plot.ring_map(result, replay=[replay], ax=ax, trial=1, smooth=0, t_start=1000)
    rates = np.array([rate[1] for rate in result.rate.values()])
    np.testing.assert_array_equal(ax.images[0].get_array(), rates[:, 100:])
    assert ax.get_ylim() == (-0.5, 99.5)
    t, path = drawn(ax.lines[0])
    np.testing.assert_allclose(t, result.t[100:] / 1000)
    shown = ~np.isnan(path)
    np.testing.assert_array_equal(path[shown], replay.position[1, 100:][shown])
    # Only jumps from one end of the panel to the other are left out.
    left_out = np.flatnonzero(~shown & ~np.isnan(replay.position[1, 100:]))
    for bin_ in left_out + 100:
        assert abs(replay.position[1, bin_] - replay.position[1, bin_ - 1]) > 50


def test_ring_map_refuses_events_of_another_result(ring, ax):
    result, replay = ring
    with pytest.raises(ValueError, match=r"replay\[0\] has 500 bins, but meso renewal has 400"):
        mp.plot.ring_map(result.after(1000), replay=[replay], ax=ax)
    with pytest.raises(ValueError, match=r"replay must hold one item for each result \(1\), got 2"):
        mp.plot.ring_map(result, replay=[replay, replay], ax=ax)


def test_window_shows_several_events_of_every_result(results, states):
    window = eventful_window(results, states)
    for found in states:
        there = (found.onset_trials == window.trial) & (found.onsets <= window.stop - window.start)
        assert np.count_nonzero(there) >= 3
    assert window.start == 1000.0
    assert window.stop <= 31_000.0


@pytest.mark.parametrize("name", ["lif-up-down", "lnp-population-spikes", "feedforward"])
def test_overview_of_presets(name):
    preset = mp.presets.experiment(name)
    dt = preset.simulation.dt
    results = [
        mp.simulate(preset.network, 6000, dt=dt, level=level, seed=1, record_dt=1.0)
        for level in ("micro", "meso")
    ]
    if preset.events is not None and preset.events.observable == "potential":
        assert results[0].potential
    figure = Figure()
    assert mp.plot.overview(preset, *results, figure=figure, title=name) is figure
    assert figure.get_suptitle().startswith(name)
    assert all(panel.lines or panel.patches or panel.texts for panel in figure.axes)
    figure.canvas.draw()


def test_overview_of_many_populations():
    populations = [mp.Population(f"p{i}", size=50, neuron=mp.Poisson(5)) for i in range(6)]
    experiment = mp.Experiment(
        network=mp.Network(populations=populations),
        simulation=mp.SimulationSettings(duration=500, dt=1),
    )
    result = mp.simulate(experiment.network, 500, dt=1)
    figure = mp.plot.overview(experiment, result, figure=Figure())
    figure.canvas.draw()
    assert figure.axes[0].images


def test_nothing_global_changes(results, states):
    # In a process of its own: pyplot must not even be imported when Axes are given.
    code = """
import sys, matplotlib
before = matplotlib.rcParams.copy()
import mesopop as mp
from matplotlib.figure import Figure
preset = mp.presets.experiment("lif-up-down")
result = mp.simulate(preset.network, 3000, dt=0.5, record_dt=1.0, seed=1)
mp.plot.overview(preset, result, figure=Figure())
mp.plot.activity(result, ax=Figure().subplots())
assert "matplotlib.pyplot" not in sys.modules
for name in before.keys() - {"backend"}:  # looking at that one imports pyplot
    assert matplotlib.rcParams[name] == before[name], name
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_new_figures_are_made_by_pyplot(results, states):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    assert len(mp.plot.activity(*results)) == 2
    assert len(mp.plot.dwell_times(*states)) == 2
    assert mp.plot.synapses(results[0]).figure.number == 3
    pyplot.close("all")


def test_one_colour_for_each_level_and_closure():
    assert len(set(style.COLOURS.values())) == len(style.COLOURS)
    assert style.colour_of("meso renewal") == style.COLOURS["renewal"]
    assert style.colour_of("meso second_order, noise none") == style.COLOURS["second_order"]
    assert style.colour_of("recorded") not in style.COLOURS.values()


def test_refusals(results, states, ax):
    with pytest.raises(ValueError, match="at least one result"):
        mp.plot.activity(ax=ax)
    with pytest.raises(ValueError, match='unknown population "I"; known: E'):
        mp.plot.activity(results[0], population="I", ax=ax)
    with pytest.raises(ValueError, match="t_stop must be > t_start = 5000 ms, got 4000 ms"):
        mp.plot.activity(results[0], t_start=5000, t_stop=4000, ax=ax)
    with pytest.raises(ValueError, match="trial must be < 2 of micro, got 2"):
        mp.plot.activity(results[0], trial=2, ax=ax)
    with pytest.raises(ValueError, match=r"states must hold one item for each result \(1\), got 2"):
        mp.plot.activity(results[0], states=states, ax=ax)
    with pytest.raises(ValueError, match=r"states\[0\] has 30000 bins, but micro has 20000"):
        mp.plot.activity(results[0].after(11_000), states=states[:1], ax=ax)
    with pytest.raises(ValueError, match="ax must be one Axes or one for each result"):
        mp.plot.activity(*results, ax=[ax])
    with pytest.raises(ValueError, match='no plastic projection "E->I"; did you mean "E->E"'):
        mp.plot.synapses(results[0], projection="E->I", ax=ax)


def test_distribution_marks_thresholds(results, states, ax):
    mp.plot.distribution(results[0], ax=ax, thresholds=states[0].segmentation)
    assert [line.get_xdata()[0] for line in ax.lines] == [6.0, 25.0]


def test_power_spectrum_draws_estimate_band_and_theory(results, ax):
    spectra = [mp.analysis.power_spectrum(result.rate["E"], dt=1.0) for result in results]
    theory = ([1.0, 10.0], [3.0, 4.0])
    mp.plot.power_spectrum(*spectra, labels=["micro", "meso renewal"], theory=theory, ax=ax)
    for line, spectrum in zip(ax.lines, spectra, strict=False):
        frequency, power = drawn(line)
        np.testing.assert_array_equal(power, spectrum.coarse().power)
        np.testing.assert_array_equal(frequency, spectrum.coarse().frequency)
    np.testing.assert_array_equal(drawn(ax.lines[-1])[1], theory[1])
    assert ax.lines[-1].is_dashed()
    assert len(ax.collections) == 2
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    with pytest.raises(ValueError, match="theory must be two arrays of equal shape"):
        mp.plot.power_spectrum(spectra[0], theory=([1.0], [1.0, 2.0]), ax=ax)


def test_spectrum_of_a_constant_series_says_so(ax):
    mp.plot.power_spectrum(mp.analysis.power_spectrum(np.ones(300), dt=1.0), ax=ax)
    assert [text.get_text() for text in ax.texts] == ["no power: the series does not vary"]


def test_coherence_and_fano_factor(results, ax):
    first, second = (result.rate["E"] for result in results)
    together = mp.analysis.cross_spectrum(first, second, dt=1.0)
    mp.plot.coherence(together, ax=ax)
    np.testing.assert_array_equal(drawn(ax.lines[0])[1], together.coherence)
    assert ax.lines[1].get_ydata()[0] == together.significance(0.05)
    factor = mp.analysis.fano_factor(first, dt=1.0, size=100)
    panel = mp.plot.fano_factor(factor, labels=["micro"], ax=Figure().subplots())
    np.testing.assert_array_equal(drawn(panel.lines[0])[1], factor.value)


def test_interval_against_amplitude(results, ax):
    rate = results[0].rate["E"]
    events = mp.analysis.population_spikes(rate, dt=1.0, low=6.0, high=25.0)
    mp.plot.interval_against_amplitude(events, labels=["micro"], ax=ax)
    amplitude, interval = drawn(ax.lines[0])
    np.testing.assert_array_equal(interval, events.intervals / 1000)
    np.testing.assert_array_equal(amplitude, events.amplitudes[events.before_interval])
    label = ax.get_legend().get_texts()[0].get_text()
    ranks = events.amplitude_and_next_interval
    assert label == f"micro: ρ = {ranks.value:.2f}, p = {float(f'{ranks.p:.2g}'):g}"


def test_several_things_without_labels_are_numbered(results, states):
    factors = [mp.analysis.fano_factor(r.rate["E"], dt=1.0, size=100) for r in results]
    spectra = [mp.analysis.power_spectrum(r.rate["E"], dt=1.0) for r in results]
    panels = [
        mp.plot.fano_factor(*factors, ax=Figure().subplots()),
        mp.plot.power_spectrum(*spectra, ax=Figure().subplots()),
        mp.plot.intervals(*states, ax=Figure().subplots()),
        mp.plot.dwell_times(*states, ax=Figure().subplots(2))[0],
    ]
    for panel in panels:
        assert [text.get_text() for text in panel.get_legend().get_texts()] == ["1", "2"]
    one = mp.plot.fano_factor(factors[0], ax=Figure().subplots())
    assert one.get_legend() is None
    neuron = mp.presets.load("lif-up-down").population("E").neuron
    curve = mp.plot.transfer_curve(neuron, neuron, start=0, stop=20, ax=Figure().subplots())
    assert [text.get_text() for text in curve.get_legend().get_texts()] == ["LIF 1", "LIF 2"]


def test_new_figures_of_several_results_have_a_legend(results, states):
    from matplotlib import pyplot

    spikes = [
        mp.analysis.population_spikes(result.rate["E"], dt=1.0, low=6.0, high=25.0)
        for result in results
    ]
    try:
        for panel in (
            mp.plot.distribution(*results),
            mp.plot.rates(*results),
            mp.plot.event_average(*results, events=spikes),
        ):
            names = [text.get_text() for text in panel.get_legend().get_texts()]
            assert names == ["micro", "meso renewal"]
    finally:
        pyplot.close("all")


@pytest.mark.parametrize("width", [2.2, 3.5, 8.0])
def test_legends_above_leave_room_for_the_data(results, width):
    plane = mp.theory.phase_plane(mp.presets.load("lnp-up-down"), points=11)
    for draw in (
        lambda ax: mp.plot.phase_plane(plane, ax=ax),
        lambda ax: mp.plot.synapses(*results, ax=ax),
    ):
        figure = Figure(figsize=(width, 3.0), layout="constrained")
        ax = figure.subplots()
        draw(ax)
        figure.draw_without_rendering()
        panel, legend = ax.get_window_extent(), ax.get_legend().get_window_extent()
        assert panel.width > 0.5 * width * figure.dpi
        assert legend.y0 >= panel.y1 - 1


def test_raster_draws_the_recorded_spikes(preset):
    result = mp.simulate(preset.network, 2000, dt=0.5, seed=1, trials=2, record=("rate", "spikes"))
    axes = mp.plot.raster(result, trial=1, t_start=500, t_stop=1500, ax=Figure().subplots(2))
    train = result.spikes["E"][1]
    train = train[(train["time"] > 500) & (train["time"] <= 1500)]
    t, neuron = drawn(axes[0].lines[0])
    np.testing.assert_array_equal(t, train["time"] / 1000)
    np.testing.assert_array_equal(neuron, train["neuron"])
    few = mp.plot.raster(result, most=10, ax=Figure().subplots(2))
    assert few[0].get_ylabel() == "neuron of E (10 of 100)"
    with pytest.raises(ValueError, match="spikes were not recorded"):
        mp.plot.raster(mp.simulate(preset.network, 10, dt=0.5), ax=axes)


def test_comparison_draws_ratios(preset, results, ax):
    compared = mp.compare(*results, events=preset.events)
    assert compared.plot(ax=ax) is ax
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert "mean Up time (s)" in names
    assert "number of Up onsets" not in names
    values = ax.containers[0].lines[0].get_xdata()
    for name, value in zip(names, values, strict=True):
        first, other = compared[name].estimates
        assert value == pytest.approx(other.value / first.value, rel=1e-12)
    with pytest.raises(ValueError, match="at least two results"):
        mp.compare(results[0]).plot(ax=ax)


@pytest.mark.parametrize(
    ("draw", "kind"),
    [
        (mp.plot.activity, "Result"),
        (mp.plot.activity_map, "Result"),
        (mp.plot.distribution, "Result"),
        (mp.plot.rates, "Result"),
        (mp.plot.synapses, "Result"),
        (mp.plot.raster, "Result"),
        (mp.plot.dwell_times, "UpDownStates"),
        (mp.plot.intervals, "UpDownStates or PopulationSpikes"),
        (mp.plot.interval_against_amplitude, "PopulationSpikes"),
        (mp.plot.power_spectrum, "PowerSpectrum"),
        (mp.plot.coherence, "CrossSpectrum"),
        (mp.plot.fano_factor, "FanoFactor"),
        (mp.plot.comparison, "Comparison"),
        (mp.plot.phase_plane, "PhasePlane"),
        (mp.plot.bifurcation_diagram, "BifurcationDiagram"),
    ],
)
def test_a_bare_array_is_refused_by_name(draw, kind):
    with pytest.raises(TypeError, match=f"must be {kind}, got ndarray"):
        draw(np.ones(100))


def test_an_empty_recording_has_no_distribution(results, ax):
    with pytest.raises(ValueError, match="rate must have at least 1 trial and 2 bins"):
        mp.plot.distribution(results[0].after(31_000), ax=ax)
