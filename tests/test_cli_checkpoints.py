"""The command line: runs that are stopped and go on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import attrs
import pytest
from networks import assert_same_bits, recorded

import mesopop as mp
from mesopop import checkpoint_file, checkpointed_run
from mesopop.cli import main

pytest.importorskip("h5netcdf")
SHORT = ["lif-up-down", "--duration", "4", "--trials", "2"]


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Commands set it for good.
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def call(*arguments):
        status = main(["run", *map(str, arguments)])
        return status, *capsys.readouterr()

    return call


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


FILES = ["config.toml", "figure.png", "meso-renewal.npz", "micro.npz", "table.txt"]


def test_checkpoints_leave_nothing_but_the_results(run):
    Path("a").mkdir()
    Path("a", "mine.checkpoint").touch()
    status, _, err = run(*SHORT, "--output", "a", "--checkpoint", "0")
    assert (status, err) == (0, "")
    assert run(*SHORT, "--output", "b")[0] == 0
    Path("a", "mine.checkpoint").unlink()
    assert names("a") == names("b") == FILES
    for name in ("micro.npz", "meso-renewal.npz"):
        one, other = (mp.Result.load(Path(folder) / name) for folder in "ab")
        assert_same_bits(recorded(one), recorded(other))


@pytest.mark.parametrize("after", [1, 4, 10])
def test_a_run_that_is_stopped_goes_on(run, monkeypatch, after):
    """Stopped within the first level, and in the second."""
    experiment = mp.presets.experiment("lif-up-down")
    unseeded = attrs.evolve(experiment.simulation, seed=None, duration=4000.0, trials=2)
    attrs.evolve(experiment, simulation=unseeded).to_toml("mine.toml")
    monkeypatch.setattr(checkpointed_run, "_BLOCK_VALUES", 40_000)
    write, left = checkpoint_file.write_archive, iter(range(after))

    def stopping(*arguments):
        if next(left, None) is None:
            raise KeyboardInterrupt
        write(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_file, "write_archive", stopping)
        assert run("mine.toml", "--output", "out", "--checkpoint", "0")[0] == 130
    assert any(name.endswith(".checkpoint") for name in names("out"))
    status, _, err = run("mine.toml", "--output", "out", "--checkpoint")
    assert status == 2
    assert "of a run that was stopped: add --resume to go on, or remove it" in " ".join(err.split())
    # Another experiment is refused, and the configuration in the folder stays.
    status, _, err = run("lif-up-down", "--trials", 3, "--output", "out", "--resume")
    assert status == 2
    assert "another seed" in err or "another trials" in err
    # The seed that was drawn is that of the folder.
    status, _, err = run("mine.toml", "--output", "out", "--resume")
    assert (status, err) == (0, "")
    assert names("out") == FILES
    assert run("out/config.toml", "--output", "whole")[0] == 0
    for name in ("micro.npz", "meso-renewal.npz"):
        one, other = (mp.Result.load(Path(folder) / name) for folder in ("out", "whole"))
        assert_same_bits(recorded(one), recorded(other))


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_sigterm_leaves_a_checkpoint_and_says_how_to_go_on(tmp_path):
    command = [sys.executable, "-m", "mesopop", "run", "lnp-up-down", "--level", "meso"]
    command += ["--duration", "200", "--trials", "1", "--output", "out", "--resume"]
    options = {
        "cwd": tmp_path,
        "env": os.environ | {"PYTHONPATH": str(Path(mp.__file__).parents[1])},
        "text": True,
    }
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    while not (tmp_path / "out" / "meso-renewal.nc").exists():
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate()
    assert (process.returncode, err) == (130, "")
    assert "INCOMPLETE: meso renewal stopped after" in out
    assert out.endswith("The same command with --resume goes on from here.\n")
    assert max(map(len, out.splitlines())) <= 80
    finished = subprocess.run(command, capture_output=True, **options)
    assert finished.returncode == 0, finished.stderr
    assert "INCOMPLETE" not in finished.stdout
    result = mp.Result.load(tmp_path / "out" / "meso-renewal.npz")
    assert result.complete and result.duration == 200_000


def test_without_h5netcdf_the_error_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5netcdf", None)
    status, out, err = run(*SHORT, "--checkpoint")
    assert (status, out) == (2, "")
    assert "pip install 'mesopop[stream]'" in err


@pytest.mark.parametrize("every", ["-1", "nan"])
def test_bad_intervals(run, every):
    status, out, err = run(*SHORT, f"--checkpoint={every}")
    assert (status, out) == (2, "")
    assert "--checkpoint must be" in err
