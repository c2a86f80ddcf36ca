"""The example with recorded spike trains."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("nitime")
EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "grasshopper.py"
if not EXAMPLE.exists():
    pytest.skip("the documentation is not here", allow_module_level=True)


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("grasshopper", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def drawn(example, tmp_path_factory):
    path = tmp_path_factory.mktemp("grasshopper") / "figure.png"
    return path, *example.draw(path)


def released(train, stp, dt):
    # Tsodyks-Markram along one train, each spike at the end of the step it lies in.
    u, x, last, total = stp.U0, 1.0, 0.0, 0.0
    for t in dt * np.maximum(np.ceil(train / dt - 1e-6), 1):
        if stp.tau_f:
            u = stp.U0 + (u - stp.U0) * math.exp(-(t - last) / stp.tau_f)
        x = 1 + (x - 1) * math.exp(-(t - last) / stp.tau_d)
        total += u * x
        u, x, last = u + stp.U * (1 - u), x - u * x, t
    return total


def test_times_are_in_milliseconds(example):
    rates = [len(times) / (times[-1] / 1000) for times in example.recordings()]
    assert rates == pytest.approx([92.9, 87.0], abs=0.1)
    assert min(np.diff(times).min() for times in example.recordings()) == pytest.approx(3.2)
    assert len(example.pieces()) == 20
    assert sum(map(len, example.pieces())) == sum(map(len, example.recordings()))


def test_release_is_that_of_each_recorded_train(example, drawn):
    _, micro, _ = drawn
    trains = micro.network.population("receptors").neuron.times
    for name, stp in example.SYNAPSES.items():
        exact = sum(released(train, stp, micro.dt) for train in trains)
        simulated = micro.release[name].sum() * micro.dt / 1000 * len(trains)
        assert simulated == pytest.approx(exact, rel=1e-12)


def test_levels_have_the_same_spikes_and_nearly_the_same_release(example, drawn):
    _, micro, meso = drawn
    np.testing.assert_allclose(meso.rate["receptors"], micro.rate["receptors"], rtol=1e-12)
    for name in example.SYNAPSES:
        assert meso.release[name].mean() == pytest.approx(micro.release[name].mean(), rel=0.06)


def test_figure_is_written(drawn):
    path, *_ = drawn
    assert path.read_bytes().startswith(b"\x89PNG")
