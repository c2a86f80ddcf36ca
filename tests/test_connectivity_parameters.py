"""Connectivity, delays and values per neuron as parameters: checked, compared, written and read."""

import io
import pickle
import re

import numpy as np
import pytest
import scipy.sparse
from networks import LIF, wired

import mesopop as mp
from mesopop.network_toml import network_from_dict, network_to_dict

STP = {"U0": 0.5, "U": 0.0, "tau_d": 100.0}


def network(*, size=10, drive=0.0, **options):
    return mp.Network(
        populations=[mp.Population("E", size=size, neuron=LIF, drive=drive)],
        projections=[mp.Projection("E", "E", weight=1.0, **options)],
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"probability": 0.25, "connectivity": mp.FixedInDegree()},
            "projections[0]: in-degree = probability * size of the source must be a whole number, "
            "got 0.25 * 10 = 2.5",
        ),
        (
            {"connectivity": mp.FixedInDegree(self_connections=False, multapses=False)},
            "projections[0]: in-degree must be <= 9, the number of candidates (without the neuron "
            "itself), got 10",
        ),
        (
            {"connectivity": mp.ExplicitConnections(np.eye(9))},
            "projections[0]: matrix must have shape (size of the target, size of the source) = "
            "(10, 10), got (9, 9)",
        ),
        (
            {"connectivity": mp.ExplicitConnections(np.eye(10)), "probability": 0.5},
            "projections[0]: probability must be 1 with ExplicitConnections, which say themselves "
            "what is connected, got 0.5",
        ),
        (
            {"stp": mp.TsodyksMarkram(**{**STP, "tau_d": [1.0, 2.0]})},
            "projections[0]: tau_d must have length 10, the size of the source, got 2",
        ),
        (
            {"drive": (1.0, mp.PerNeuron([1.0, 2.0]))},
            "drive: values of PerNeuron must have length 10, the size of the population, got 2",
        ),
        (
            {"size": 1, "connectivity": mp.FixedInDegree(self_connections=False)},
            "projections[0]: in-degree must be <= 0, the number of candidates (without the neuron "
            "itself), got 1",
        ),
    ],
)
def test_what_does_not_fit_the_network(options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        network(**options)


def test_in_degrees_are_whole_up_to_rounding():
    # 0.07 * 100 is 7.000000000000001.
    assert network(size=100, probability=0.07, connectivity=mp.FixedInDegree())
    assert network(size=10, probability=0.0, connectivity=mp.FixedInDegree())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: mp.Bernoulli(self_connections=1), TypeError, "self_connections must be a bool"),
        (lambda: mp.FixedInDegree(multapses="no"), TypeError, "multapses must be a bool"),
        (
            lambda: mp.ExplicitConnections([[1.0]]),
            TypeError,
            r"matrix must be a scipy.sparse matrix or a two-dimensional array of real numbers, got \[\[1.0\]\]",
        ),
        (
            lambda: mp.ExplicitConnections(np.ones(3)),
            TypeError,
            r"matrix must be .* array of real numbers, got ndarray of dtype float64 and shape \(3,\)",
        ),
        (
            lambda: mp.ExplicitConnections(scipy.sparse.coo_array(np.ones(3))),
            TypeError,
            r"matrix must be .* array of real numbers, got coo_array of dtype float64 and shape \(3,\)",
        ),
        (
            lambda: mp.ExplicitConnections(np.ones((2, 2), complex)),
            TypeError,
            r"matrix must be .* array of real numbers, got ndarray of dtype complex128 and shape \(2, 2\)",
        ),
        (
            lambda: mp.ExplicitConnections(scipy.sparse.csr_array([[0.0, np.nan]])),
            ValueError,
            r"weights\[0\] must be finite, got nan",
        ),
        (
            lambda: mp.DelayDistribution([1.0, 1.0], [0.5, 0.5]),
            ValueError,
            r"delays must be ascending: delays\[1\] must be > 1.0 ms, got 1.0 ms",
        ),
        (
            lambda: mp.DelayDistribution([-1.0, 1.0], [0.5, 0.5]),
            ValueError,
            r"delays\[0\] must be >= 0 ms, got -1.0 ms",
        ),
        (
            lambda: mp.DelayDistribution([1.0], [0.5]),
            ValueError,
            "probabilities must add up to 1, got 0.5",
        ),
        (
            lambda: mp.DelayDistribution([1.0, 2.0], [1.5, -0.5]),
            ValueError,
            r"probabilities\[1\] must be >= 0, got -0.5",
        ),
        (
            lambda: mp.DelayDistribution([1.0, 2.0], [1.0]),
            ValueError,
            r"length of probabilities \(1\) must match length of delays \(2\)",
        ),
        (
            lambda: mp.DelayDistribution(np.arange(257.0), np.full(257, 1 / 257)),
            ValueError,
            "delays must be at most 256, got 257",
        ),
        (lambda: mp.PerNeuron([]), ValueError, "values must not be empty"),
        (lambda: mp.PerNeuron([1, np.inf]), ValueError, r"values\[1\] must be finite"),
        (lambda: mp.PerNeuron(3.0), ValueError, r"values must be one-dimensional"),
        (
            lambda: mp.Poisson(mp.PerNeuron([1.0])),
            ValueError,
            "rate must be the same for all neurons of a population, got PerNeuron",
        ),
        (
            lambda: mp.TsodyksMarkram(**{**STP, "U0": [0.5, 0.0]}),
            ValueError,
            r"U0\[1\] must be > 0, got 0.0",
        ),
        (
            lambda: mp.TsodyksMarkram(**{**STP, "tau_d": [1.0, -5.0]}),
            ValueError,
            r"tau_d\[1\] must be >= 0 ms, got -5.0 ms",
        ),
        (
            lambda: mp.TsodyksMarkram(**{**STP, "U0": [0.5], "tau_d": [1.0, 5.0]}),
            ValueError,
            "parameters per neuron must have equal lengths, got U0 1, tau_d 2",
        ),
        (
            lambda: mp.Projection("E", "E", weight=1, connectivity="bernoulli"),
            TypeError,
            "connectivity must be a Bernoulli or FixedInDegree or ExplicitConnections",
        ),
        (
            lambda: mp.Projection("E", "E", weight=1, delay=[1.0, 2.0]),
            TypeError,
            r"delay must be a number \(ms\)",
        ),
    ],
)
def test_what_is_refused(make, error, message):
    with pytest.raises(error, match=f"^{message}"):
        make()


def test_explicit_tables_are_checked():
    table = {"shape": [2, 3], "targets": [0, 1], "sources": [2, 0], "weights": [1.0, 2.0]}
    description = network_to_dict(
        mp.Network(
            populations=[
                mp.Population("pre", size=3, neuron=LIF),
                mp.Population("post", size=2, neuron=LIF),
            ],
            projections=[mp.Projection("pre", "post", weight=1.0)],
        )
    )

    def read(**changes):
        given = {"type": "ExplicitConnections", "matrix": {**table, **changes}}
        description["projections"][0]["connectivity"] = given
        return network_from_dict(description)

    dense = np.array([[0.0, 0, 1], [2, 0, 0]])
    expected = mp.ExplicitConnections(scipy.sparse.coo_array(dense))
    assert read().projection("pre->post").connectivity == expected
    for changes, message in (
        ({"targets": [1, 0]}, "entries must ascend by target"),
        ({"targets": [0, 0], "sources": [2, 2]}, "each pair once"),
        ({"targets": [0, 2]}, "targets must be < 2, got 2"),
        ({"sources": [-1, 0]}, "sources must be an array of integers >= 0"),
        ({"sources": [0.5, 0]}, "sources must be an array of integers >= 0"),
        ({"weights": [1.0]}, "must have equal lengths, got 2, 2 and 1"),
        ({"shape": [2]}, "shape must be two numbers of neurons"),
        ({"colour": 1}, 'unknown key "colour"'),
    ):
        with pytest.raises(ValueError, match=message):
            read(**changes)


def test_tables_with_unknown_keys_are_refused():
    description = network_to_dict(network(probability=0.5, connectivity=mp.FixedInDegree()))
    projection = description["projections"][0]
    projection["connectivity"]["in_degree"] = 5
    with pytest.raises(ValueError, match=r'projections\[0\].connectivity: unknown key "in_degree"'):
        network_from_dict(description)
    projection["connectivity"] = {"type": "FixedOutDegree"}
    with pytest.raises(ValueError, match='unknown type "FixedOutDegree"; did you mean "FixedInDeg'):
        network_from_dict(description)
    projection["connectivity"] = {"type": "Bernoulli"}
    assert network_from_dict(description).projections[0].connectivity == mp.Bernoulli()
    projection["delay"] = {"delays": [1.0], "probability": [1.0]}
    with pytest.raises(ValueError, match=r'projections\[0\].delay: unknown key "probability"'):
        network_from_dict(description)


def test_networks_are_written_and_read(tmp_path):
    given = wired()
    given.to_toml(tmp_path / "wired.toml")
    assert mp.Network.from_toml(tmp_path / "wired.toml") == given
    assert mp.Network.from_toml(io.StringIO((tmp_path / "wired.toml").read_text())) == given
    assert pickle.loads(pickle.dumps(given)) == given
    assert hash(pickle.loads(pickle.dumps(given))) == hash(given)
    result = mp.simulate(given, 5.0, dt=0.5, seed=1)
    result.save(tmp_path / "wired.npz")
    assert mp.Result.load(tmp_path / "wired.npz").network == given


def test_summaries_name_what_differs():
    lines = repr(wired()).splitlines()
    assert max(map(len, lines)) <= 80
    fixed = repr(network(size=100, probability=0.1, connectivity=mp.FixedInDegree()))
    assert "0.1, fixed in-degree" in fixed
    explicit = repr(network(connectivity=mp.ExplicitConnections(np.eye(10))))
    assert "10 given" in explicit
    delays = mp.DelayDistribution([1, 2.5], [0.5, 0.5])
    stp = mp.TsodyksMarkram(**{**STP, "tau_d": np.ones(10)})
    assert "1 to 2.5" in repr(network(delay=delays))
    assert "U0=0.5 U=0 tau_d=<10> tau_f=0" in repr(network(stp=stp))
