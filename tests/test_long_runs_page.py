"""The examples of docs/long-runs.md run, one after the other, and print what the page says."""

import re
from pathlib import Path

import pytest

pytest.importorskip("xarray")
pytest.importorskip("h5netcdf")
PAGE = Path(__file__).parents[1] / "docs" / "long-runs.md"


def test_the_examples(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```(\w*)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    examples = [text for language, text in blocks if language == "python"]
    printed = [text for language, text in blocks if not language]
    assert len(examples) > 5 and printed
    names = {}
    for example in examples:
        exec(compile(example, PAGE.name, "exec"), names)
    out = capsys.readouterr().out
    assert all(text in out for text in printed)
    assert names["run"].complete
