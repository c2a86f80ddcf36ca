"""The command `mesopop sweep`: a file to a table and a folder that another program can read."""

import re
from pathlib import Path

import numpy as np
import pytest
import xarray

from mesopop import cli
from mesopop.sweeps.toml import read_sweep

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLE = DOCS / "examples" / "sweep.toml"
SHORT = EXAMPLE.read_text().replace("duration = 60500.0", "duration = 2500.0")
GRID = SHORT[SHORT.index("[sweep.grid]") : SHORT.index("[[populations]]")]


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(SHORT)
    return path


def run(*arguments):
    return cli.main(["sweep", *map(str, arguments), "--workers", "1"])


def changed(path, new, old=GRID):
    path.write_text(SHORT.replace(old, new))
    return path


def test_a_sweep(config, tmp_path, capsys):
    folder = tmp_path / "out"
    assert run(config, "--output", folder) == 0
    printed, errors = capsys.readouterr()
    lines = printed.splitlines()
    assert max(map(len, lines)) <= 80 and not errors
    assert lines[1] == "9 points, 4 trials of 2.5 s each; dt 0.5 ms; seed 7"
    assert (
        len([line for line in lines if line.startswith(("    9.8 ", "     10 ", "   10.2 "))]) == 9
    )
    assert {path.name for path in folder.iterdir()} == {
        "sweep.nc", "table.txt", "config.toml", "sweep.json", "runs.jsonl",
    }  # fmt: skip
    with xarray.open_dataset(folder / "sweep.nc", engine="h5netcdf") as data:
        assert data.rate.dims == (
            "populations.E.drive", "projections.E->E.stp.tau_d", "trial", "population"
        )  # fmt: skip
        first = data.rate.sel({"populations.E.drive": 9.8, "projections.E->E.stp.tau_d": 95})
        row = next(line for line in lines if line.startswith("    9.8       95"))
        assert float(re.split(r"\s+", row)[3]) == pytest.approx(float(first.mean()), abs=0.05)
    assert (folder / "table.txt").read_text().splitlines()[0] == lines[3]
    assert read_sweep(folder / "config.toml") == read_sweep(config)


def test_the_page_shows_what_the_command_prints(tmp_path, monkeypatch, capsys):
    page = (DOCS / "sweeps.md").read_text(encoding="utf-8")
    command, printed = re.search(
        r"```sh\nmesopop (sweep .*?)\n```.*?It prints\n\n```\n(.*?)```", page, re.DOTALL
    ).groups()
    monkeypatch.chdir(tmp_path)
    assert cli.main(command.replace("docs/examples", str(EXAMPLE.parent)).split()) == 0
    assert capsys.readouterr().out == printed


def test_resuming(config, tmp_path, capsys):
    """Without --resume a folder is left alone; with it a sweep goes on, or starts."""
    folder = tmp_path / "out"
    assert run(config, "--output", folder, "--resume", "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    runs = (folder / "runs.jsonl").read_text()
    assert run(config, "--output", folder) == 2
    assert "holds a sweep already: --resume goes on" in capsys.readouterr().err
    # As if it had been killed.
    (folder / "runs.jsonl").write_text("".join(runs.splitlines(keepends=True)[:20]))
    assert run(config, "--output", folder, "--resume") == 0
    assert (folder / "runs.jsonl").read_text() == runs
    changed(config, "dt = 0.25", "dt = 0.5")
    assert run(config, "--output", folder, "--resume") == 2
    assert "computes something else: simulation.dt was 0.5, is now 0.25" in capsys.readouterr().err


def test_points_and_failures(config, tmp_path, capsys):
    changed(
        config,
        '[[sweep.points]]\n"populations.E.drive" = 9.0\n"simulation.closure" = "second_order"\n'
        '[[sweep.points]]\n"populations.E.neuron.v_reset" = 20.0\n',
    )
    assert run(config, "--output", tmp_path / "out") == 1
    printed, errors = capsys.readouterr()
    assert "second_order" in printed and "FAILED: 4 of 8 runs" in printed
    assert "v_reset must be < v_th = 15.0 mV, got 20.0 mV" in errors
    assert max(map(len, printed.splitlines())) <= 80
    with xarray.open_dataset(tmp_path / "out" / "sweep.nc", engine="h5netcdf") as data:
        np.testing.assert_array_equal((data.error != "").all("trial"), [False, True])


def test_one_closure_of_the_experiment(config):
    changed(config, 'seed = 7\nclosures = ["second_order"]', "seed = 7")
    assert read_sweep(config).arguments()["closure"] == "second_order"
    changed(config, 'seed = 7\nclosures = ["renewal", "second_order"]', "seed = 7")
    with pytest.raises(ValueError, match='closures must be one .* "simulation.closure" instead'):
        read_sweep(config)


def test_settings_of_the_experiment(config):
    """What runs can choose in [simulation] counts for sweeps too, but is said once."""
    path = config
    text = SHORT.replace('level = "meso"\n', "")
    path.write_text(text.replace("seed = 7", 'seed = 7\nlevel = "meso"\nnoise = "none"'))
    arguments = read_sweep(path).arguments()
    assert (arguments["level"], arguments["noise"]) == ("meso", "none")
    path.write_text(SHORT.replace("seed = 7", 'seed = 7\nlevel = "meso"'))
    with pytest.raises(ValueError, match='"level" must be in .simulation. or in .sweep., not in'):
        read_sweep(path)


@pytest.mark.parametrize(
    ("table", "error"),
    [
        ("[sweep.gird]\n", 'sweep: unknown key "gird"; did you mean "grid"'),
        ("", r"must have either a table \[sweep.grid\] or tables \[\[sweep.points\]\]"),
        ("[sweep.grid]\npopulations.E.drive = [1]\n", 'a path needs quotes'),
        ('[sweep.grid]\n"populations.E.drive" = [true]\n', "array of numbers or strings"),
        ('[sweep.grid]\n"populations.E.drvie" = [1]\n', 'did you mean "drive"'),
        ('[[sweep.points]]\n"populations.E.drive" = [1]\n', r"sweep.points\[0\].*a number or str"),
        ('[sweep.grid]\n"simulation.dt" = [0.3]\n', "multiple of dt"),
    ],
)  # fmt: skip
def test_bad_tables(config, tmp_path, capsys, table, error):
    changed(config, table)
    assert run(config, "--output", tmp_path / "out") == 2
    assert re.search(error, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


def test_a_file_without_a_sweep_and_a_sweep_that_is_run(config, tmp_path, capsys):
    assert cli.main(["run", str(config), "--output", str(tmp_path / "out")]) == 2
    assert "run it with `mesopop sweep`" in capsys.readouterr().err
    changed(config, "", SHORT[SHORT.index("[sweep]") : SHORT.index("[[populations]]")])
    assert run(config, "--output", tmp_path / "out") == 2
    assert 'missing table "sweep"' in capsys.readouterr().err
    assert run(tmp_path / "none.toml") == 2
