"""docs/experiments.md: its file is run, its tables name every key, its Python runs."""

import re
from pathlib import Path

import attrs
import numpy as np
import pytest

import mesopop as mp
from mesopop.cli import main

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "experiments.md").read_text(encoding="utf-8")
EXAMPLE = DOCS / "examples" / "experiment.toml"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_file_is_that_of_the_examples():
    assert blocks("toml") == [EXAMPLE.read_text(encoding="utf-8")]


def test_the_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(DOCS.parent)
    first, second = (line.split() for line in blocks("sh")[0].splitlines())
    assert first[0] == second[0] == "mesopop"
    # In a folder of the test, and shorter.
    here = {name: str(tmp_path / name) for name in ("mine", "again", "mine/config.toml")}
    for command in (first, second):
        arguments = [here.get(word, {"100": "2"}.get(word, word)) for word in command[1:]]
        assert main([*arguments, "--quiet"]) == 0
    for name in ("micro.npz", "meso-renewal.npz"):
        one, other = (mp.Result.load(tmp_path / folder / name) for folder in ("mine", "again"))
        np.testing.assert_array_equal(one.rate["E"], other.rate["E"])
    assert not (tmp_path / "again" / "meso-second_order.npz").exists()


@pytest.mark.parametrize(
    ("table", "settings"),
    [("simulation", mp.SimulationSettings), ("events", mp.EventSettings)],
)
def test_the_tables_name_every_key(table, settings):
    section = PAGE.split(f"## Keys of `[{table}]`")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*) \|", section, re.MULTILINE)
    fields = attrs.fields_dict(settings)
    assert {name for name, _ in rows} == set(fields)
    for name, default in rows:
        assert (default == "needed") == (fields[name].default is attrs.NOTHING)


def test_the_python(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks("python"):
        exec(block, names)
    assert "rate of E (Hz)" in capsys.readouterr().out
    command = ["run", "mine.toml", "--duration", "5", "--trials", "1", "--level", "meso"]
    assert main([*command, "--output", "out", "--quiet"]) == 0
    written = mp.Result.load(tmp_path / "out" / "meso-renewal.npz")
    np.testing.assert_array_equal(names["meso"].rate["E"], written.rate["E"])
