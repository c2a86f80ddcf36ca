"""A sweep over two Dask workers gives the bits of the serial one, and the time of both.

200 points of the Up and Down network, 10 trials each, with the standard statistics of Up and Down
states.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from distributed import Client, LocalCluster

import mesopop as mp
from report import Report

DRIVES, TAUS, TRIALS = np.linspace(9.0, 11.0, 20), np.linspace(80.0, 120.0, 10), 10
DURATION, DT, WORKERS = 40_000.0, 0.5, 2


def main() -> None:
    """Compare and time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    report = Report()
    preset = mp.presets.experiment("lif-up-down")

    def sweep(**execution: object) -> tuple[float, object]:
        start = time.perf_counter()
        data = mp.sweep(
            preset.network,
            {"populations.E.drive": DRIVES, "projections.E->E.stp.tau_d": TAUS},
            DURATION,
            dt=DT,
            level="meso",
            trials=TRIALS,
            seed=1,
            events=preset.events,
            **execution,
        )
        return time.perf_counter() - start, data

    seconds, serial = sweep(workers=1)
    with (
        LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        dask_seconds, on_dask = sweep(executor=client.get_executor())
    pool_seconds, in_pool = sweep(workers=WORKERS)
    for data in (on_dask, in_pool):
        assert data.identical(serial), "the numbers depend on the executor"
    assert (serial.error == "").all()
    runs = serial.error.size
    times = {
        "in one process": seconds,
        f"{WORKERS} Dask workers": dask_seconds,
        f"pool of {WORKERS} processes": pool_seconds,
    }
    report.table(
        f"{runs} runs of {DURATION / 1000:g} s, {serial.nbytes} bytes of results, all identical",
        [
            {
                "executor": name,
                "elapsed, s": f"{value:.1f}",
                "per run, ms": f"{1000 * value / runs:.1f}",
                "speed-up": f"{seconds / value:.2f}",
            }
            for name, value in times.items()
        ],
    )
    report.close()


if __name__ == "__main__":
    main()
