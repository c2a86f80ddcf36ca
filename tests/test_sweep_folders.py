"""Sweeps in pieces: killed, interrupted, changed, and what is in their folders."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import sweep_summaries as summaries
import xarray
from long_runs import ENVIRONMENT
from sweep_runs import NETWORK, SETTINGS, sweep

import mesopop as mp
from mesopop.file_lock import FileLock
from mesopop.parameter_path import with_parameter

TESTS = Path(__file__).parent

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


def hear_ctrl_c():
    # Processes that are started in the background are deaf to it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_an_interrupted_sweep_goes_on(tmp_path):
    """Ctrl-C stops the workers at once, however long their runs, and returns what has finished."""
    script, path = tmp_path / "script.py", tmp_path / "sweep"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
        "import mesopop as mp, sweep_summaries\n"
        'if __name__ == "__main__":\n'
        "    points = [{'simulation.duration': d} for d in (1e3, 2e3, 3e3, 1e8, 2e8, 3e8)]\n"
        "    data = mp.sweep(mp.presets.load('lif-up-down'), points, 1e3, dt=0.5, workers=2, seed=1,\n"
        f"             record_dt=1e3, summary=sweep_summaries.rate, path={str(path)!r})\n"
        "    print(data.attrs['complete'], *data.rate.notnull().values.ravel())\n"
    )
    process = subprocess.Popen(
        [sys.executable, script],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    )
    runs = path / "runs.jsonl"
    while process.poll() is None and not (runs.exists() and runs.read_bytes().count(b"\n") >= 3):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert printed.split() == ["0", *3 * ["True"], *3 * ["False"]]
    assert "RuntimeWarning: interrupted: 3 of 6 runs were not done" in errors
    assert "leaked" not in errors
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


def test_workers_do_not_outlive_a_sweep_that_is_killed(tmp_path):
    script, started = tmp_path / "script.py", tmp_path / "started"
    started.mkdir()
    script.write_text(
        f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
        "import mesopop as mp, sweep_summaries\n"
        "from functools import partial\n"
        'if __name__ == "__main__":\n'
        "    mp.sweep(mp.presets.load('lif-up-down'), {'populations.E.drive': [9.0, 10.0, 11.0]},\n"
        "             100.0, dt=0.5, workers=2, seed=1,\n"
        f"             summary=partial(sweep_summaries.waiting, folder={str(started)!r}))\n"
    )
    process = subprocess.Popen([sys.executable, script], start_new_session=True)
    while len(list(started.iterdir())) < 2:
        assert process.poll() is None
        time.sleep(0.01)
    workers = [int(path.name) for path in started.iterdir()]
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while any(map(is_running, workers)):
        assert time.monotonic() < deadline, "workers wait for ever"
        time.sleep(0.02)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Nobody may have waited for it.
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def test_two_processes_cannot_fill_one_folder(tmp_path):
    path = tmp_path / "sweep"
    sweep({"populations.E.drive": [9.0]}, path=path)
    (path / "runs.jsonl").unlink()
    lock = FileLock(path / "runs.jsonl")
    with pytest.raises(OSError, match=r"runs\.jsonl is being written by another process"):
        sweep({"populations.E.drive": [9.0]}, path=path)
    lock.release()
    assert sweep({"populations.E.drive": [9.0]}, path=path).attrs["complete"]
    assert {p.name for p in path.iterdir()} == {"sweep.json", "runs.jsonl"}


def test_damaged_folders_are_refused(tmp_path):
    parameters = {"populations.E.drive": [9.0, 10.0]}
    whole = sweep(parameters, path=tmp_path / "sweep")
    runs = tmp_path / "sweep" / "runs.jsonl"
    lines = runs.read_text().splitlines(keepends=True)
    runs.write_text("".join([lines[0], "\0" * 20 + "\n", *lines[2:]]))
    with pytest.raises(ValueError, match=r"runs\.jsonl, line 2, which can be removed, is damaged"):
        sweep(parameters, path=tmp_path / "sweep")
    runs.write_text("".join([lines[0], *lines[2:]]))
    xarray.testing.assert_identical(sweep(parameters, path=tmp_path / "sweep"), whole)
    (tmp_path / "sweep" / "sweep.json").write_text("{")
    with pytest.raises(ValueError, match=r"sweep\.json is damaged"):
        sweep(parameters, path=tmp_path / "sweep")


def test_killed_before_there_was_a_folder(tmp_path):
    path = tmp_path / "sweep"
    path.mkdir()
    (path / ".sweep.json.part").write_text("{")
    assert sweep({"populations.E.drive": [9.0]}, path=path).attrs["complete"]


LIMITED = """
import resource, signal
import mesopop as mp
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
try:
    mp.sweep(mp.presets.load("lif-up-down"), {{"populations.E.drive": {drives}}}, 400.0, dt=0.5,
             level="meso", trials=2, seed=3, workers=1, path="sweep")
except OSError as error:
    print(error)
    print(int(error.result.rate.notnull().sum()), error.result.attrs["complete"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files")
def test_a_full_disk(tmp_path):
    drives = [8 + i / 10 for i in range(20)]
    process = subprocess.run(
        [sys.executable, "-c", LIMITED.format(drives=drives)],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    message, numbers = process.stdout.splitlines()
    assert "File too large" in message and "runs.jsonl" in message
    finished, complete = map(int, numbers.split())
    saved = (tmp_path / "sweep" / "runs.jsonl").read_bytes().count(b"\n")
    # The last one could not be saved, but is not lost.
    assert finished == saved + 1 and not complete
    whole = sweep({"populations.E.drive": drives})
    xarray.testing.assert_identical(
        sweep({"populations.E.drive": drives}, path=tmp_path / "sweep"), whole
    )
