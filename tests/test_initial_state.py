"""A given initial state: what it may hold, and which networks it fits."""

import copy
import pickle
import re

import attrs
import numpy as np
import pytest

import mesopop as mp

LIF = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=10)
STP = mp.TsodyksMarkram(U0=0.5, U=0.0, tau_d=400)
NETWORK = mp.Network(
    populations=[
        mp.Population("E", size=4, neuron=LIF),
        mp.Population("L", size=2, neuron=mp.LNP(10, transfer=mp.Softplus(2))),
        mp.Population("in", size=3, neuron=mp.Poisson(5)),
    ],
    projections=[
        mp.Projection("E", "E", weight=1, stp=STP),
        mp.Projection("E", "L", weight=1, stp=STP),
        mp.Projection("in", "E", weight=1, stp=STP),
        mp.Projection("L", "E", weight=1),
    ],
)
FULL = mp.InitialState(
    potential={"E": [0, 1, 2, 3], "L": 1.5},
    age={"E": [0, 10, 20, np.inf]},
    u={"E->E": 0.5, "in->E": [0.1, 0.2, 0.3]},
    x={"E->L": np.ones(4)},
)


def test_a_state_that_fits():
    FULL.check(NETWORK)
    mp.InitialState().check(NETWORK)
    mp.InitialState(age={"E": np.inf}, u={"E->E": 0.2, "E->L": 0.2}).check(NETWORK)


@pytest.mark.parametrize("state", [FULL, mp.InitialState()])
def test_equal_by_value_through_pickles_and_copies(state):
    for again in (pickle.loads(pickle.dumps(state)), copy.deepcopy(state), attrs.evolve(state)):
        assert again == state
        assert hash(again) == hash(state)
    assert state != mp.InitialState(potential={"E": 1.0})


def test_equal_in_whatever_order():
    one = mp.InitialState(potential={"E": 1, "L": [2, 3]})
    assert one == mp.InitialState(potential={"L": np.array([2, 3]), "E": np.float32(1)})


def test_neither_mappings_nor_arrays_can_be_changed():
    given = {"E": np.zeros(4)}
    state = pickle.loads(pickle.dumps(mp.InitialState(potential=given)))
    given["L"] = 1.0
    assert set(state.potential) == {"E"}
    with pytest.raises(TypeError):
        state.potential["L"] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        state.potential["E"][0] = 1.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"potential": {"E": np.nan}}, 'potential["E"] must be finite, got nan mV'),
        ({"potential": {"E": [0, np.inf]}}, 'potential["E"][1] must be finite, got inf mV'),
        ({"potential": {"E": [[0]]}}, 'potential["E"] must be one-dimensional, got shape (1, 1)'),
        ({"age": {"E": -1}}, 'age["E"] must be >= 0 ms, got -1.0 ms'),
        ({"age": {"E": [0, -0.5]}}, 'age["E"][1] must be >= 0 ms, got -0.5 ms'),
        ({"age": {"E": np.nan}}, 'age["E"] must be finite, got nan ms'),
        ({"age": {"E": [np.inf, np.nan]}}, 'age["E"][1] must be finite, got nan ms'),
        ({"u": {"E->E": 1.2}}, 'u["E->E"] must be <= 1, got 1.2'),
        ({"u": {"E->E": [0, -0.1]}}, 'u["E->E"][1] must be >= 0, got -0.1'),
        ({"x": {"E->E": [1.5]}}, 'x["E->E"][0] must be <= 1, got 1.5'),
        ({"x": {"E->E": np.inf}}, 'x["E->E"] must be finite, got inf'),
    ],
)
def test_out_of_bounds(given, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        mp.InitialState(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"potential": 1.0}, "potential must map names to values, got 1.0"),
        ({"u": {0: 1.0}}, "u must map names to values, got key 0"),
        ({"x": {"E->E": "1"}}, "x[\"E->E\"] must be a number, got '1'"),
        ({"age": {"E": True}}, 'age["E"] must be a number (ms), got True'),
        ({"age": {"E": None}}, 'age["E"] must be a number (ms), got None'),
    ],
)
def test_wrong_kind(given, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        mp.InitialState(**given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"potential": {"e": 1}}, 'unknown population "e"; did you mean "E"?'),
        ({"u": {"EE": 1}}, 'unknown projection "EE"; did you mean "E->E"?'),
        (
            {"potential": {"E": [1, 2]}},
            'potential["E"] must have length 4, the size of population "E", got 2',
        ),
        (
            {"x": {"E->L": [1, 1]}},
            'x["E->L"] must have length 4, the size of population "E", got 2',
        ),
        ({"potential": {"in": 0}}, 'potential["in"]: Poisson neurons have no potential'),
        ({"age": {"L": 0}}, 'age["L"]: LNP neurons forget their last spike'),
        ({"u": {"L->E": 1}}, 'u["L->E"]: the projection has no short-term plasticity'),
        (
            {"u": {"E->E": 0.1, "E->L": 0.2}},
            'u["E->L"] must equal u["E->E"]: the two projections have the same source and '
            "plasticity, hence one state",
        ),
    ],
)
def test_a_state_that_does_not_fit(given, message):
    state = mp.InitialState(**given)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        state.check(NETWORK)
