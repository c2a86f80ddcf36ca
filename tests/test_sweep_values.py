"""Sweeps: every run is that of `simulate`, whatever else is computed."""

import attrs
import numpy as np
import sweep_summaries as summaries
import xarray
from sweep_runs import DRIVES, GRID, NETWORK, sweep

import mesopop as mp
from mesopop.parameter_path import with_parameter


def test_every_run_is_that_of_simulate(serial):
    """A run is `simulate` with the seed sequence that its attributes tell."""
    point = {"populations.E.drive": 11.5, "projections.E->E.stp.tau_d": 50.0}
    data = sweep([point], summary=lambda result: {"key": list(result.spawn_key)})
    net = with_parameter(NETWORK, "populations.E.drive", 11.5)
    net = with_parameter(net, "projections.E->E.stp.tau_d", 50.0)
    for trial in range(2):
        seed = np.random.SeedSequence(3, spawn_key=data.key.values[0, trial])
        result = mp.simulate(net, 400.0, dt=0.5, level="meso", seed=seed)
        chosen = serial.sel(point).isel(trial=trial)
        assert chosen.rate.sel(population="E") == mp.analysis.time_average(result.rate["E"]).value
        release = result.release["E->E"].sum() / result.rate["E"].sum()
        np.testing.assert_allclose(chosen.release_per_spike.sel(projection="E->E"), release)


def test_runs_have_random_numbers_of_their_own():
    data = sweep(
        {"populations.E.drive": DRIVES}, trials=5, summary=lambda r: {"key": list(r.spawn_key)}
    )
    assert len({tuple(key) for key in data.key.values.reshape(15, -1)}) == 15


def test_points_and_trials_are_added_without_changing_the_others(serial):
    more = sweep(
        {"projections.E->E.stp.tau_d": [200, 100, 50], "populations.E.drive": [10, 11.5, 12, 9]},
        trials=3,
    )
    same = more.sel({**GRID, "trial": [0, 1]}).transpose(*serial.rate.dims[:3], ...)
    xarray.testing.assert_identical(same.rate.astype(float), serial.rate)


def test_a_list_of_points_gives_the_runs_of_the_grid(serial):
    points = [
        {"projections.E->E.stp.tau_d": 100, "populations.E.drive": 9},
        {"populations.E.drive": np.float64(11.5), "projections.E->E.stp.tau_d": 50},
        {"populations.E.drive": 10},
    ]
    data = sweep(points)
    assert data.rate.dims == ("point", "trial", "population")
    # Of what a point leaves open, the value of the network.
    np.testing.assert_array_equal(data["populations.E.drive"], [9, 11.5, 10])
    np.testing.assert_array_equal(data["projections.E->E.stp.tau_d"], [100, 50, 100])
    for index, point in enumerate(points[:2]):
        np.testing.assert_array_equal(data.rate[index], serial.rate.sel(point))


def test_a_whole_sweep_of_parts(serial):
    """Parts computed apart, as by the jobs of an array, join to the whole."""
    parts = [sweep({**GRID, "populations.E.drive": [drive]}) for drive in DRIVES]
    whole = xarray.concat(
        parts,
        "populations.E.drive",
        data_vars="minimal",
        coords="minimal",
        compat="equals",
        join="outer",
    )
    xarray.testing.assert_equal(whole, serial)


def test_settings_of_the_simulation_are_parameters_too():
    points = [
        {"simulation.level": "micro"},
        {"simulation.closure": "second_order", "simulation.dt": 0.25},
        {"simulation.duration": 800.0, "simulation.transient": 500.0},
        {"simulation.initial": mp.InitialState(potential={"E": 14.0})},
    ]
    data = sweep(
        points,
        trials=1,
        summary=lambda r: {"label": r.label, "dt": r.dt, "span": r.duration, "v": r.t[0]},
    ).squeeze("trial")
    assert list(data.label.values) == ["micro", "meso second_order", *2 * ["meso renewal"]]
    np.testing.assert_array_equal(data.dt, [0.5, 0.25, 0.5, 0.5])
    np.testing.assert_array_equal(data.span, [400, 400, 300, 400])
    assert list(data["simulation.level"].values) == ["micro", "meso", "meso", "meso"]


def test_statistics_of_events(serial):
    events = mp.presets.experiment("lif-up-down").events
    found = []
    data = sweep(
        {"populations.E.drive": [10.0]}, 20_000.0, trials=1, events=events, transient=500.0
    ).squeeze("trial")
    sweep(
        {"populations.E.drive": [10.0]},
        20_000.0,
        trials=1,
        transient=500.0,
        summary=lambda r: found.append(mp.analysis.find_events(r, events)) or {},
    )
    (states,) = found
    assert data.up_fraction == states.up_fraction.value and 0 < states.up_fraction.value < 1
    assert data.mean_up_time == states.mean_up_time.value
    assert data.mean_up_time.attrs["units"] == "ms"
    assert (data.up_times, data.up_onsets) == (len(states.up_times), len(states.onsets))
    spikes = attrs.evolve(events, kind="population_spikes")
    data = sweep({"populations.E.drive": [10.0]}, 20_000.0, trials=1, events=spikes)
    assert data.events > 0 and data.mean_width > 0


def test_summaries_of_any_shape():
    data = sweep({"populations.E.drive": [3, 5]}, 50.0, trials=1, summary=summaries.ragged)
    data = data.squeeze("trial")
    assert data.lag.attrs == {"units": "ms"} and list(data.coords["lag"]) == [1, 2]
    assert data.correlation.dims == ("populations.E.drive", "lag")
    assert data["count"].dtype == np.int64
    np.testing.assert_array_equal(data.interval, [[0, 1, 2, np.nan, np.nan], [0, 1, 2, 3, 4]])
    assert list(data.name.values) == ["xxx", "xxxxx"]


def test_estimates_come_with_their_errors():
    data = sweep(
        {"populations.E.drive": [9.0]},
        trials=1,
        summary=lambda r: {"rate": mp.analysis.time_average(r.rate["E"], unit="Hz")},
    )
    assert data.rate.attrs == data.rate_se.attrs == {"units": "Hz"}
    assert data.rate_se > 0


def test_nothing_but_trials():
    assert sweep({}).rate.dims == ("trial", "population")
