"""The examples of docs/long-runs.md run, one after the other, and print what the page says."""

import re
from pathlib import Path

import numpy as np
import pytest

import mesopop as mp

pytest.importorskip("xarray")
pytest.importorskip("h5netcdf")
PAGE = Path(__file__).parents[1] / "docs" / "long-runs.md"


def code_blocks():
    return re.findall(r"```(\w*)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_examples(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = code_blocks()
    examples = [text for language, text in blocks if language == "python"]
    printed = [text for language, text in blocks if not language]
    assert len(examples) > 5 and printed
    names = {}
    for example in examples:
        exec(compile(example, PAGE.name, "exec"), names)
    out = capsys.readouterr().out
    assert all(text in out for text in printed)
    assert names["run"].complete


def test_the_reducer_of_ones_own():
    names = {"mp": mp, "network": mp.presets.load("lnp-up-down")}
    (example,) = (text for _, text in code_blocks() if "class LongestSilence" in text)
    exec(compile(example, PAGE.name, "exec"), names)
    longest_silence = names["LongestSilence"]

    def simulation():
        return mp.Simulation(names["network"], dt=0.1, level="meso", seed=2, trials=2)

    whole = simulation().run(6000, record_dt=0.5)
    expected = [
        0.5 * max(len(zeros) for zeros in "".join("01"[int(rate > 0)] for rate in trial).split("1"))
        for trial in whole.rate["E"]
    ]
    # In pieces that end anywhere, each handed on to a new reducer.
    reducer = longest_silence("E")
    for block in simulation().blocks(6000, block=37.5, record_dt=0.5):
        reducer.update(block)
        successor = longest_silence(**reducer.settings())
        successor.set_state(reducer.state())
        reducer = successor
    np.testing.assert_array_equal(reducer.result, expected)
