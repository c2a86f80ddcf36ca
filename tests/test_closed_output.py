"""The command line when nobody reads what it prints: `mesopop ... | head`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SWEEP = Path(__file__).parents[1] / "docs" / "examples" / "sweep.toml"


def run(*arguments, unbuffered):
    """Status and standard error of the command, whose standard output is a closed pipe."""
    reading, writing = os.pipe()
    os.close(reading)
    environment = os.environ | {"PYTHONUNBUFFERED": "1" if unbuffered else ""}
    try:
        finished = subprocess.run(
            [sys.executable, "-m", "mesopop", *map(str, arguments)],
            env=environment,
            check=False,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        os.close(writing)
    return finished.returncode, finished.stderr


@pytest.fixture(params=[True, False], ids=["unbuffered", "buffered"])
def unbuffered(request):
    return request.param


def test_a_finished_simulation_is_written(tmp_path, unbuffered):
    arguments = ("lif-up-down", "--duration", 2, "--trials", 1, "--output", tmp_path / "out")
    assert run("run", *arguments, unbuffered=unbuffered) == (141, "")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "micro.npz", "meso-renewal.npz", "table.txt", "config.toml", "figure.png",
    }  # fmt: skip


def test_a_finished_sweep_is_written(tmp_path, unbuffered):
    pytest.importorskip("h5netcdf")
    short = SWEEP.read_text().replace("duration = 60500.0", "duration = 2500.0")
    (tmp_path / "config.toml").write_text(short)
    arguments = (tmp_path / "config.toml", "--workers", 1, "--output", tmp_path / "out")
    status, errors = run("sweep", *arguments, unbuffered=unbuffered)
    assert status == 141
    assert "error" not in errors.lower()
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"sweep.nc", "table.txt", "config.toml"} <= names


@pytest.mark.parametrize("arguments", [["figures", "correlation"], ["presets"]])
def test_nothing_but_the_status_says_so(arguments, unbuffered):
    assert run(*arguments, unbuffered=unbuffered) == (141, "")
