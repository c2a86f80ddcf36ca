"""Sweeps: the same numbers from every executor, whoever dies or fails."""

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import pytest
import sweep_summaries as summaries
import xarray
from sweep_runs import sweep


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
