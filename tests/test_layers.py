"""The compiled core is in layers: none includes what is above it."""

import re
from pathlib import Path

import pytest

CORE = Path(__file__).parents[1] / "cpp"
# Micro and meso do not know each other.
BELOW = {
    "numerics": set(),
    "random": {"numerics"},
    "model": {"numerics", "random"},
    "kernels": {"numerics", "random", "model"},
    "level": {"numerics", "random", "model", "kernels"},
    "micro": {"numerics", "random", "model", "kernels", "level"},
    "meso": {"numerics", "random", "model", "kernels", "level"},
    "engine": {"numerics", "random", "model", "kernels", "level", "micro", "meso"},
}
FILES = sorted(CORE.glob("*/*.[ch]pp"))

pytestmark = pytest.mark.skipif(not FILES, reason="the sources are not here")


def test_all_folders_are_known():
    assert {path.parent.name for path in FILES} == {*BELOW, "bindings"}


@pytest.mark.parametrize("layer", BELOW)
def test_nothing_above_is_included(layer):
    for path in FILES:
        if path.parent.name != layer:
            continue
        text = path.read_text(encoding="utf-8")
        included = set(re.findall(r'#include "(\w+)/', text))
        assert included <= {layer, *BELOW[layer]}, path.name
        assert not re.search(r"<(pybind11|Python)", text), path.name
