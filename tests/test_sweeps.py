"""Sweeps: the same numbers from every executor, in pieces or in one go, whatever dies."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import attrs
import numpy as np
import pytest
import sweep_summaries as summaries
import xarray

import mesopop as mp
from mesopop.parameter_path import with_parameter

NETWORK = mp.presets.load("lif-up-down")
DRIVES, TAUS = [9.0, 10.0, 11.5], [50.0, 100.0]
GRID = {"populations.E.drive": DRIVES, "projections.E->E.stp.tau_d": TAUS}
SETTINGS = {"dt": 0.5, "level": "meso", "trials": 2, "seed": 3}
TESTS = Path(__file__).parent


def sweep(parameters=GRID, duration=400.0, **arguments):
    arguments = {**SETTINGS, "workers": 1, **arguments}
    if "executor" in arguments:
        del arguments["workers"]
    return mp.sweep(NETWORK, parameters, duration, **arguments)


@pytest.fixture(scope="module")
def serial():
    return sweep()


# --- What is computed ----------------------------------------------------------------------------


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


# --- Executors -----------------------------------------------------------------------------------


def test_processes(serial):
    xarray.testing.assert_identical(sweep(workers=2), serial)


def test_an_executor_that_was_handed_in(serial):
    with ThreadPoolExecutor(3) as executor:
        xarray.testing.assert_identical(sweep(executor=executor), serial)
        assert executor.submit(int).result() == 0  # it is not ours to shut down


def test_loky(serial):
    loky = pytest.importorskip("loky", reason="loky is not installed")
    xarray.testing.assert_identical(
        sweep(executor=partial(loky.get_reusable_executor, max_workers=2)), serial
    )


def test_no_more_runs_are_submitted_than_may_be_in_flight(serial):
    submitted = []

    class Counting(ThreadPoolExecutor):
        def submit(self, *arguments):
            submitted.append(super().submit(*arguments))
            assert sum(not future.done() for future in submitted) <= 3
            return submitted[-1]

    with Counting(1) as executor:
        xarray.testing.assert_identical(sweep(executor=executor, in_flight=3), serial)


# --- Death and failure ---------------------------------------------------------------------------


def test_a_worker_that_dies(tmp_path):
    """Its runs, and those that it took with it, are done again by a new pool."""
    data = sweep(workers=2, summary=partial(summaries.killing_once, flag=str(tmp_path / "killed")))
    assert (tmp_path / "killed").exists()
    xarray.testing.assert_equal(data, sweep(summary=summaries.rate))


def test_a_worker_of_loky_that_dies(tmp_path):
    loky = pytest.importorskip("loky", reason="loky is not installed")
    data = sweep(
        executor=partial(loky.get_reusable_executor, max_workers=2),
        summary=partial(summaries.killing_once, flag=str(tmp_path / "killed")),
    )
    assert (tmp_path / "killed").exists()
    xarray.testing.assert_equal(data, sweep(summary=summaries.rate))


def test_a_run_that_always_kills_its_worker():
    """It is recorded as failed, and no other with it."""
    with pytest.warns(RuntimeWarning, match="2 of 12 runs failed.*worker died 3 times"):
        data = sweep(
            [{"populations.E.drive": drive} for drive in (8, 9, 9.5, 10, 11, 12)],
            workers=2,
            summary=partial(summaries.killing_always, drive=10.0),
        )
    assert np.flatnonzero((data.error != "").all("trial")).tolist() == [3]
    assert np.isnan(data.rate[3]).all() and np.isfinite(data.rate.drop_sel(point=3)).all()


def test_a_broken_executor_of_somebody_else(tmp_path):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        with pytest.raises(RuntimeError, match="hand in a function that makes one"):
            sweep(
                executor=executor,
                path=tmp_path / "sweep",
                summary=partial(summaries.killing_once, flag=str(tmp_path / "killed")),
            )


def test_failing_points_are_recorded():
    points = [{"populations.E.drive": 9.0}, {"populations.E.neuron.v_reset": 20.0}]
    with pytest.warns(RuntimeWarning, match="2 of 4 runs failed; .* v_reset must be < v_th"):
        data = sweep(points)
    assert (data.error[0] == "").all()
    assert data.error.values[1, 0] == (
        "ValueError: populations.E.neuron: v_reset must be < v_th = 15.0 mV, got 20.0 mV"
    )
    assert np.isfinite(data.rate[0]).all() and np.isnan(data.rate[1]).all()


def test_failing_summaries_are_recorded():
    with pytest.warns(RuntimeWarning, match="4 of 12 runs failed"):
        data = sweep(summary=partial(summaries.failing, drive=10.0))
    error = str(data.error.sel({"populations.E.drive": 10.0}).values[0, 0])
    assert error.startswith("summary: ZeroDivisionError: nothing to divide by (")
    assert "sweep_summaries.py, line" in error


def test_runs_whose_summaries_do_not_fit():
    """In the order of the points, whoever finished first."""
    with pytest.warns(RuntimeWarning, match="2 of 6 runs failed"):
        data = sweep(
            {"populations.E.drive": [9, 10, 11]},
            summary=lambda r: {"a": [1.0] if r.network.population("E").drive == 10 else 1.0},
        )
    assert (data.error[1] != "").all()
    assert "dimensions ('a_0',), in an earlier run ()" in data.error.values[1, 0]


# --- Pieces --------------------------------------------------------------------------------------

SCRIPT = """
import sys
from functools import partial
sys.path.insert(0, {tests!r})
import sweep_summaries, mesopop as mp
if __name__ == "__main__":
    mp.sweep(
        mp.presets.load("lif-up-down"), {{"populations.E.drive": {drives}}}, 20_000.0, dt=0.5,
        level="meso", trials=2, seed=None, workers={workers}, path={path!r},
        summary=partial(sweep_summaries.noting, folder={notes!r}),
    )
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_sweep_goes_on(tmp_path, workers):
    """Killed without warning; what had been saved is not computed again, nor changed."""
    drives, notes, path = [float(d) for d in range(5, 25)], tmp_path / "notes", tmp_path / "sweep"
    notes.mkdir()
    script = tmp_path / "script.py"
    script.write_text(
        SCRIPT.format(
            tests=str(TESTS), drives=drives, workers=workers, path=str(path), notes=str(notes)
        )
    )
    process = subprocess.Popen([sys.executable, script], start_new_session=True)
    runs = path / "runs.jsonl"
    while process.poll() is None and not (runs.exists() and runs.read_bytes().count(b"\n") >= 5):
        time.sleep(0.01)
    assert process.poll() is None, "it has finished before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    saved = runs.read_bytes().count(b"\n")
    assert 5 <= saved < 40
    # Half a line, as a kill in the middle of writing leaves it.
    with runs.open("a") as file:
        file.write('{"point":')
    for note in notes.iterdir():
        note.unlink()

    # Without a seed it goes on with the one that it drew.
    arguments = dict(
        duration=20_000.0, summary=partial(summaries.noting, folder=str(notes)), workers=workers
    )
    parameters = {"populations.E.drive": drives}
    data = sweep(parameters, seed=None, path=path, **arguments)
    assert len(list(notes.iterdir())) == 40 - saved
    assert runs.read_bytes().count(b"\n") == 40
    again = sweep(parameters, seed=None, path=path, **arguments)
    assert len(list(notes.iterdir())) == 40 - saved
    xarray.testing.assert_identical(again, data)
    xarray.testing.assert_identical(
        sweep(parameters, **{**arguments, "seed": json.loads(data.seed), "workers": 1}), data
    )


def test_an_interrupted_sweep_goes_on(tmp_path):
    """Ctrl-C stops the workers at once, however long their runs, and keeps what has finished."""
    script, path = tmp_path / "script.py", tmp_path / "sweep"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
        "import mesopop as mp, sweep_summaries\n"
        'if __name__ == "__main__":\n'
        "    points = [{'simulation.duration': d} for d in (1e3, 2e3, 3e3, 1e8, 2e8, 3e8)]\n"
        "    mp.sweep(mp.presets.load('lif-up-down'), points, 1e3, dt=0.5, workers=2, seed=1,\n"
        f"             record_dt=1e3, summary=sweep_summaries.rate, path={str(path)!r})\n"
    )
    process = subprocess.Popen(
        [sys.executable, script], start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    runs = path / "runs.jsonl"
    while process.poll() is None and not (runs.exists() and runs.read_bytes().count(b"\n") >= 3):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in errors and "leaked" not in errors
    assert {json.loads(line)["point"] for line in runs.read_text().splitlines()} == {0, 1, 2}


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"seed": 4}, r"seed.entropy was 3, is now 4"),
        ({"trials": 3}, r"trials was 2, is now 3"),
        ({"dt": 0.25}, r"simulation.dt was 0.5, is now 0.25"),
        ({"duration": 500.0}, r"simulation.duration was 400.0, is now 500.0"),
        ({"closure": "second_order"}, r"simulation.closure was null, is now \"second_order\""),
        ({"summary": summaries.rate}, r"record was \[.*, is now"),
        ({"parameters": {"populations.E.drive": [9.0]}}, r"parameters.grid"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_a_changed_sweep_is_refused(tmp_path, change, difference):
    sweep({"populations.E.drive": [9.0, 10.0]}, path=tmp_path / "sweep")
    arguments = {"parameters": {"populations.E.drive": [9.0, 10.0]}, **change}
    with pytest.raises(ValueError, match=f"computes something else: {difference}"):
        sweep(**arguments, path=tmp_path / "sweep")


def test_a_changed_network_or_summary_is_refused(tmp_path):
    path, parameters = tmp_path / "sweep", {"populations.E.drive": [9.0]}
    sweep(parameters, path=path, summary=partial(summaries.failing, drive=1.0))
    with pytest.raises(ValueError, match=r"summary.keywords.drive was 1.0, is now 2.0"):
        sweep(parameters, path=path, summary=partial(summaries.failing, drive=2.0))
    with pytest.raises(ValueError, match=r'summary.name was "failing", is now "killing_always"'):
        sweep(parameters, path=path, summary=partial(summaries.killing_always, drive=1.0))
    other = with_parameter(NETWORK, "populations.E.size", 101)
    with pytest.raises(ValueError, match=r"network.populations\[0\].size was 100.0, is now 101.0"):
        mp.sweep(other, parameters, 400.0, **SETTINGS, path=path)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ValueError, match="is not empty and holds no sweep"):
        sweep(path=tmp_path)


# --- Bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"populations.E.drvie": [1]}, 'did you mean "drive"'),
        ({"simulation.closur": [1]}, 'did you mean "closure"'),
        ({"population.E.drive": [1]}, 'did you mean "populations".*simulation'),
        ({"populations.E.drive": []}, "at least one value"),
        ({"populations.E.drive": [1, 2, 1.0]}, "must differ, got 1.0 twice"),
        ([], "at least one point"),
        ([{"populations.E.drive": 1}, {"populations.E.drive": 1.0}], "must differ"),
    ],
)
def test_bad_parameters(parameters, error):
    with pytest.raises(ValueError, match=error):
        sweep(parameters)


@pytest.mark.parametrize(
    "parameters", [3, "populations.E.drive", {"populations.E.drive": 3}, [3], {3: [1.0]}]
)
def test_parameters_of_the_wrong_kind(parameters):
    with pytest.raises(TypeError, match="must"):
        sweep(parameters)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"trials": 0}, "trials must be >= 1"),
        ({"workers": 0}, "workers must be >= 1"),
        ({"retries": 0}, "retries must be >= 1"),
        ({"in_flight": 0}, "in_flight must be >= 1"),
        ({"closure": "renewl"}, "unknown closure"),
        ({"dt": 0.3}, "dt"),
        ({"duration": 400.1}, "duration must be a multiple"),
        ({"transient": 400.0}, "transient must be < 400 ms"),
        ({"record": ["rate"]}, "summary of your own"),
        ({"summary": summaries.rate, "record": ["spikes"]}, 'needs level="micro"'),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value),
)
def test_bad_arguments(arguments, error, tmp_path):
    with pytest.raises(ValueError, match=error):
        sweep(**arguments, path=tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()


def test_an_executor_of_the_wrong_kind():
    with pytest.raises(TypeError, match="executor must be a concurrent.futures.Executor"):
        sweep(executor=2)
    with pytest.raises(ValueError, match="workers applies without an executor"):
        mp.sweep(NETWORK, GRID, 400.0, dt=0.5, executor=ThreadPoolExecutor, workers=2)


def test_nothing_but_trials():
    assert sweep({}).rate.dims == ("trial", "population")


def test_a_summary_that_cannot_be_sent_to_a_worker():
    with pytest.raises(RuntimeError, match="summary function must be one that can be pickled"):
        sweep(workers=2, summary=lambda result: {})


def test_a_script_without_a_guard(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import mesopop as mp\n"
        'mp.sweep(mp.presets.load("lif-up-down"), {"populations.E.drive": [9.0]}, 100.0, dt=0.5,\n'
        "         workers=2)\n"
    )
    finished = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert finished.returncode == 1
    assert "must be under `if __name__" in finished.stderr.splitlines()[-1]


def test_without_xarray(monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r'pip install "mesopop\[xarray\]"'):
        sweep()
