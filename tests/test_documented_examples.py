"""The Python of docs/sweeps.md and docs/interchange.md runs."""

import re
from pathlib import Path

import numpy as np

import mesopop as mp

DOCS = Path(__file__).parents[1] / "docs"


def blocks(page):
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), flags=re.DOTALL)


def test_interchange(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks("interchange.md"):
        if "nest.Create" not in block:  # for NEST
            exec(block, names)
    assert names["network"] == mp.presets.load("lif-up-down")
    assert (tmp_path / "result.nc").exists()
    assert len(names["segment"].spiketrains) == 100
    assert names["net"].population("E").drive == -57.0


def test_sweeps():
    first, points, summary = blocks("sweeps.md")[:3]
    names = {"mp": mp, "__name__": "not the main script"}
    exec(first, names)
    exec(summary, names)
    data = mp.sweep(
        mp.presets.load("lif-up-down"),
        eval(points),
        2000,
        dt=0.5,
        seed=1,
        summary=names["correlations"],
        workers=1,
    )
    assert data.autocovariance.dims == ("point", "trial", "lag")
    np.testing.assert_array_equal(data.lag, np.arange(0, 100, 10))
    assert (data.error == "").all() and (data["mean_se"] > 0).all()
