"""Sweeps on a Dask cluster of processes: the same numbers, though workers die."""

import os
import signal
import threading
import time
import warnings
from functools import partial

import numpy as np
import pytest
import sweep_summaries as summaries
import xarray

import mesopop as mp

distributed = pytest.importorskip("distributed", reason="distributed is not installed")
dask = pytest.importorskip("dask")

NETWORK = mp.presets.load("lif-up-down")
DRIVES = [float(drive) for drive in range(6, 16)]


def sweep(**arguments):
    return mp.sweep(
        NETWORK,
        {"populations.E.drive": DRIVES},
        10_000.0,
        dt=0.5,
        level="meso",
        trials=4,
        seed=5,
        **arguments,
    )


@pytest.fixture(scope="module")
def client():
    with (
        # Not half a minute for a worker that is no more.
        dask.config.set({"distributed.comm.timeouts.connect": "10s"}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_the_same_numbers(client):
    executor = client.get_executor()
    xarray.testing.assert_identical(sweep(executor=executor), sweep(workers=1))


def test_a_worker_is_killed_during_the_sweep(client, tmp_path):
    """The scheduler gives its runs to others; none is lost, none is computed to other numbers."""
    pids = client.run(os.getpid)
    log = tmp_path / "sweep" / "runs.jsonl"

    def kill():
        while not (log.exists() and log.read_bytes().count(b"\n") >= 5):
            time.sleep(0.01)
        killed.append(log.read_bytes().count(b"\n"))
        os.kill(next(iter(pids.values())), signal.SIGKILL)

    killed = []
    killer = threading.Thread(target=kill)
    killer.start()
    data = sweep(executor=client.get_executor(), path=tmp_path / "sweep", in_flight=6)
    killer.join()
    assert 5 <= killed[0] < 40, "the sweep was over before the worker was killed"
    assert (data.error == "").all()
    xarray.testing.assert_identical(data, sweep(workers=1))


def test_a_run_that_kills_every_worker(client):
    """Dask gives it up in the end (KilledWorker): it has failed, and no other."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = sweep(
            executor=client.get_executor(),
            summary=partial(summaries.killing_always, drive=9.0),
            retries=1,
        )
    failed = (data.error != "").values
    assert failed[DRIVES.index(9.0)].all() and failed.sum() == 4
    assert "KilledWorker" in str(data.error.values[DRIVES.index(9.0), 0])
    assert np.isnan(data.rate.values[failed]).all()
