"""Recording of chosen neurons, one by one or in cohorts; limits of what is recorded."""

import numpy as np
import pytest
from networks import (
    COHORTS,
    LIF,
    MICRO,
    MIXED,
    assert_same_bits,
    everything,
    isolated,
    meso,
    name_of,
    recorded,
    without_adaptation,
)

import mesopop as mp

DT = 0.5
METHODS = pytest.mark.parametrize(
    "engine", [MICRO, COHORTS, COHORTS | {"cohort_tolerance": 0.1}], ids=name_of
)


def zoo_for(engine):
    return everything() if engine is MICRO else without_adaptation(everything())


def arrays_of(record):
    """Every array of a record by name."""
    return {f"{quantity}/{label}": values for quantity, label, values in record.arrays()}


def run(network, engine, duration=150.0, **changes):
    return mp.simulate(network, duration, dt=DT, seed=3, **engine, **changes)


# --- What is recorded ----------------------------------------------------------------------------


@METHODS
@pytest.mark.parametrize("record_dt", [0.5, 2.5])
@pytest.mark.parametrize("trials", [1, 3])
def test_all_neurons_together_are_the_population(engine, record_dt, trials):
    network = zoo_for(engine)
    chosen = [mp.Neurons(p.name, range(p.size)) for p in network.populations]
    names = ("rate", "potential", "u", "x", "spikes")
    result = run(network, engine, record=(*names, *chosen), record_dt=record_dt, trials=trials)
    bins = round(150 / record_dt)
    plastic = {p.label: p.source for p in network.projections if p.stp}
    for population in network.populations:
        record = result.neurons[population.name]
        shape = (population.size, bins) if trials == 1 else (trials, population.size, bins)
        for quantity, label, values in record.arrays():
            if quantity not in ("index", "spikes"):
                assert values.shape == shape, (population.name, quantity, label)
        mean = result.potential.get(population.name)
        assert (record.potential is None) == (mean is None) == (record.input is None)
        if mean is not None:
            np.testing.assert_allclose(record.potential.mean(axis=-2), mean, atol=1e-12)
        for label in (label for label, source in plastic.items() if source == population.name):
            np.testing.assert_allclose(record.u[label].mean(axis=-2), result.u[label], atol=1e-13)
            np.testing.assert_allclose(record.x[label].mean(axis=-2), result.x[label], atol=1e-13)
        expected = result.spikes[population.name]
        for a, b in zip(
            *([s] if trials == 1 else s for s in (record.spikes, expected)), strict=True
        ):
            assert np.array_equal(a, b)
    assert result.neurons["given"].u.keys() == {"given->E"}
    assert result.neurons["L"].u.keys() == {"L->X"}  # the other one is static


@METHODS
def test_some_neurons_are_those_of_all_in_the_order_given(engine):
    network, index = zoo_for(engine), [17, 3, 60, 4]
    everyone = run(network, engine, record=(mp.Neurons("E", range(61)),)).neurons["E"]
    some = run(network, engine, record=(mp.Neurons("E", index),)).neurons["E"]
    assert some.index.tolist() == index
    every, found = arrays_of(everyone), arrays_of(some)
    assert every.keys() == found.keys()
    expected = {
        name: values[np.isin(values["neuron"], index)]
        if name == "spikes/"
        else values[index].copy()
        for name, values in every.items()
    }
    assert len(found["spikes/"]) > 0
    assert_same_bits(found, expected)


@METHODS
def test_recording_neurons_changes_nothing(engine):
    network = zoo_for(engine)
    names = ("rate", "release", "u", "x", "potential", "spikes")
    plain = run(network, engine, record=names)
    chosen = (mp.Neurons("E", [5, 8]), mp.Neurons("I", [0]), mp.Neurons("noise", [36]))
    assert_same_bits(recorded(run(network, engine, record=(*names, *chosen))), recorded(plain))


@METHODS
def test_only_the_quantities_asked_for_are_there(engine):
    network = zoo_for(engine)
    for quantity in ("potential", "input", "u", "x", "spikes"):
        chosen = mp.Neurons("E", [1, 2], quantities=[quantity])
        record = run(network, engine, 20.0, record=(chosen,)).neurons["E"]
        there = [name for name, _, _ in record.arrays()]
        assert set(there) == {"index", quantity}
        everything_of = run(network, engine, 20.0, record=(mp.Neurons("E", [1, 2]),)).neurons["E"]
        found, whole = arrays_of(record), arrays_of(everything_of)
        assert_same_bits(found, {name: whole[name] for name in found})


# --- Values --------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", [MICRO, COHORTS], ids=name_of)
@pytest.mark.parametrize("initial", ["synchronous", "rest"])
def test_potentials_follow_from_the_spikes(engine, initial):
    # Without input V depends on the time since the last spike alone.
    size, drive = 40, 20.0
    result = run(
        isolated(size, drive), engine, 400.0, initial=initial, record=(mp.Neurons("E", range(40)),)
    )
    record = result.neurons["E"]
    assert len(record.spikes) > 3 * size
    for neuron in range(size):
        spikes = record.spikes["time"][record.spikes["neuron"] == neuron]
        if initial == "synchronous":
            spikes = np.append(0.0, spikes)
        last = np.searchsorted(spikes, result.t + DT / 2) - 1
        since = np.where(last >= 0, result.t - spikes[last], result.t + LIF.t_ref)
        expected = drive * -np.expm1(-np.maximum(since - LIF.t_ref, 0.0) / LIF.tau_m)
        # Cohorts count as equal from 1e-8 delta_u on.
        np.testing.assert_allclose(record.potential[neuron], expected, atol=1e-7, rtol=0)


@pytest.mark.parametrize("engine", [MICRO, COHORTS], ids=name_of)
def test_u_and_x_follow_from_the_spikes(engine):
    network = mp.Network(
        populations=[mp.Population("E", size=10, neuron=LIF, drive=22.0)],
        projections=[mp.Projection("E", "E", weight=0.1, tau_s=3, delay=1, stp=MIXED)],
    )
    result = run(network, engine, 500.0, record=(mp.Neurons("E", range(10)),))
    record = result.neurons["E"]
    for neuron in range(10):
        spikes = record.spikes["time"][record.spikes["neuron"] == neuron]
        assert spikes.size > 5
        u, x, last = MIXED.U0, 1.0, 0.0
        for start, end in zip(np.append(0, spikes), np.append(spikes, np.inf), strict=True):
            if start > 0:
                u = MIXED.U0 + (u - MIXED.U0) * np.exp(-(start - last) / MIXED.tau_f)
                x = 1 - (1 - x) * np.exp(-(start - last) / MIXED.tau_d)
                u, x, last = u + MIXED.U * (1 - u), x - u * x, start
            bins = (result.t > start - DT / 2) & (result.t < end - DT / 2)
            since = result.t[bins] - last
            np.testing.assert_allclose(
                record.u["E->E"][neuron, bins],
                MIXED.U0 + (u - MIXED.U0) * np.exp(-since / MIXED.tau_f),
                rtol=1e-12,
            )
            np.testing.assert_allclose(
                record.x["E->E"][neuron, bins],
                1 - (1 - x) * np.exp(-since / MIXED.tau_d),
                rtol=1e-12,
            )


@pytest.mark.parametrize("engine", [MICRO, COHORTS], ids=name_of)
def test_input_is_that_of_the_currents(engine):
    silent = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=1e-9)
    network = mp.Network(
        populations=[
            mp.Population("in", size=1, neuron=mp.SpikeTrains([[10.0]])),
            mp.Population("E", size=3, neuron=silent),
        ],
        projections=[
            mp.Projection("in", "E", weight=2.0, tau_s=5, delay=3, name="fast"),
            mp.Projection("in", "E", weight=-1.0, tau_s=50, delay=0, name="slow"),
            mp.Projection("in", "E", weight=7.0, tau_s=0, delay=20, name="jump"),
        ],
    )
    result = run(network, engine, 100.0, initial="rest", record=(mp.Neurons("E", [2, 0]),))
    t, expected = result.t, np.zeros(200)
    for weight, tau_s, arrival in ((2.0, 5.0, 13.0), (-1.0, 50.0, 10.0)):
        # Of the step that begins with the arrival, the value at the end.
        since = t - arrival
        expected += np.where(since > DT / 2, 20 * weight / tau_s * np.exp(-since / tau_s), 0.0)
    for values in result.neurons["E"].input:
        np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-14)
    # The jump is one of the potential.
    jumped = np.diff(result.neurons["E"].potential, axis=1)[:, 59]
    assert (jumped > 6.5).all()


@pytest.mark.parametrize("engine", [MICRO, COHORTS], ids=name_of)
def test_potentials_of_a_given_state(engine):
    # Several potentials at one age, and neurons that are refractory.
    potential = np.array([1.0, 2.0, 3.0, 0.0, 0.0, 4.0, 2.0, 5.0])
    age = np.array([30.0, 30.0, np.inf, 2.0, 0.5, 10.0, 30.0, np.inf])
    silent = mp.LIF(tau_m=20, v_th=15, v_reset=0, t_ref=4, delta_u=2, rate_at_threshold=1e-9)
    result = run(
        isolated(8, 6.0, neuron=silent),
        engine,
        10.0,
        initial=mp.InitialState(potential={"E": potential}, age={"E": age}),
        record=(mp.Neurons("E", range(8)),),
    )
    free = np.maximum(result.t - np.maximum(4.0 - age, 0.0)[:, None], 0.0)
    expected = 6.0 + (potential[:, None] - 6.0) * np.exp(-free / 20)
    np.testing.assert_allclose(result.neurons["E"].potential, expected, rtol=1e-12)


# --- Pieces, state, files ------------------------------------------------------------------------


@METHODS
def test_pieces_and_states_join_to_the_bits_of_one_run(engine):
    network = zoo_for(engine)
    record = (mp.Neurons("E", [3, 1, 60]), mp.Neurons("I", [32]), mp.Neurons("L", [0]))
    whole = mp.Simulation(network, dt=DT, seed=3, trials=2, n_threads=2, **engine).run(
        120.0, record=record
    )
    running = mp.Simulation(network, dt=DT, seed=3, trials=2, n_threads=1, **engine)
    pieces = [running.run(length, record=record) for length in (0.5, 39.5, 30.0)]
    other = mp.Simulation(network, dt=DT, seed=3, trials=2, **engine)
    for trial in range(2):
        other.set_state(running.state(trial), trial)
    pieces.append(other.run(50.0, record=record))
    for name, expected in whole.neurons.items():
        parts = [arrays_of(piece.neurons[name]) for piece in pieces]
        joined = {key: np.concatenate([p[key] for p in parts], axis=-1) for key in parts[0]}
        joined["index/"] = parts[0]["index/"]
        assert_same_bits(joined, arrays_of(expected))


@pytest.mark.parametrize("trials", [1, 2])
def test_records_are_saved_and_cut(tmp_path, trials):
    network = mp.Network(
        populations=[
            mp.Population("a/b", size=6, neuron=LIF, drive=25.0),
            mp.Population("P", size=2, neuron=mp.Poisson(50.0)),
        ],
        projections=[
            mp.Projection("a/b", "a/b", weight=1.0, tau_s=3, stp=MIXED, name="x/y/0"),
            mp.Projection("a/b", "a/b", weight=1.0, tau_s=9, stp=MIXED, name="0"),
        ],
    )
    chosen = (mp.Neurons("a/b", [4, 2]), mp.Neurons("P", [1]))
    result = run(network, MICRO, trials=trials, record=("rate", *chosen))
    result.save(tmp_path / "r.npz")
    loaded = mp.Result.load(tmp_path / "r.npz")
    assert loaded.neurons.keys() == {"a/b", "P"}
    for name, record in result.neurons.items():
        assert_same_bits(arrays_of(loaded.neurons[name]), arrays_of(record))
        assert repr(loaded.neurons[name]) == repr(record)
    assert loaded.neurons["P"].potential is None
    assert "2 neurons: potential, input, u, x, spikes" in repr(loaded)

    late = result.after(100.0).neurons["a/b"]
    assert late.potential.shape[-1] == 100
    assert_same_bits({"": late.u["0"].copy()}, {"": result.neurons["a/b"].u["0"][..., 200:].copy()})
    trains = late.spikes if trials > 1 else [late.spikes]
    assert all(train["time"].min() > 100 for train in trains)
    with pytest.raises(KeyError, match='"x/y" was not recorded; did you mean "x/y/0"'):
        late.u["x/y"]


# --- Limits --------------------------------------------------------------------------------------


def test_the_memory_is_told_and_limited_before_anything_runs():
    simulation = mp.Simulation(everything(), dt=DT, seed=1, trials=2)
    record = ("rate", "u", mp.Neurons("E", [0, 1, 2]), mp.Neurons("noise", [0], quantities=["u"]))
    told = simulation.recording_memory(200.0, record=record, record_dt=2.0)
    # 7 rates and 9 u; 3 neurons with potential, input, and u and x of 3 sets; 1 with u of 1.
    assert told == 8 * 2 * 100 * (7 + 9 + 3 * (2 + 2 * 3) + 1)
    assert simulation.time == 0
    message = (
        r"recording would take 6.56e-05 GB, more than record_limit = 6e-05 GB: record less, in "
        r"wider bins \(record_dt\) or shorter pieces, or raise record_limit"
    )
    with pytest.raises(ValueError, match=message):
        simulation.run(200.0, record=record, record_dt=2.0, record_limit=6e-5)
    assert simulation.time == 0
    assert simulation.run(200.0, record=record, record_dt=2.0, record_limit=1).complete
    with pytest.raises(ValueError, match="more than record_limit = 4 GB"):
        run(isolated(5, 1.0), MICRO, 1e9)


@pytest.mark.parametrize("limit", [0.0, -1.0, np.inf, np.nan])
def test_limits_that_are_none_are_refused(limit):
    with pytest.raises(ValueError, match="record_limit must be"):
        run(isolated(5, 1.0), MICRO, record_limit=limit)


@METHODS
@pytest.mark.parametrize("chosen", [False, True])
def test_too_many_spikes_stop_the_run_and_keep_what_was_recorded(engine, chosen):
    network = isolated(100, 25.0)
    record = ("rate", mp.Neurons("E", range(50), quantities=["spikes"]) if chosen else "spikes")
    options = {"dt": DT, "seed": 3, "trials": 2, **engine}
    whole = mp.simulate(network, 2000.0, record=record, record_dt=5.0, **options)

    def trains(result):
        return result.neurons["E"].spikes if chosen else result.spikes["E"]

    # Room for 1000 spikes per trial, of about 5600, or half of them.
    limit = 1e-9 * (2 * 400 * 8 + 2 * 1000 * 16)
    simulation = mp.Simulation(network, **options)
    with pytest.raises(MemoryError, match="spikes exceeded record_limit = 3.84e-05 GB") as error:
        simulation.run(2000.0, record=record, record_dt=5.0, record_limit=limit)
    result = error.value.result
    assert not result.complete
    bins = len(result.t)
    assert f"the {bins} bins before it" in str(error.value)
    assert 0 < bins < 400
    assert_same_bits({"rate": result.rate["E"].copy()}, {"rate": whole.rate["E"][:, :bins].copy()})
    longest = 0
    for train, all_of_it in zip(trains(result), trains(whole), strict=True):
        assert np.array_equal(train, all_of_it[: len(train)])
        assert all_of_it["time"][len(train)] > result.t[-1]
        longest = max(longest, len(train))
    # At least until the last complete bin.
    assert 900 < longest <= 1000
    with pytest.raises(RuntimeError, match="its spikes exceeded record_limit"):
        simulation.run(5.0)


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (("E", []), ValueError, "index must name at least one neuron, got none"),
        (("E", [1, 2, 1]), ValueError, "index must name each neuron once, got 1 twice"),
        (("E", [0.5]), TypeError, "index must be a sequence of integers, got"),
        (("E", [True]), TypeError, "index must be a sequence of integers, got"),
        (("E", 3), TypeError, "index must be a sequence of integers, got 3"),
        (("E", [[1]]), TypeError, "index must be a sequence of integers"),
        ((7, [1]), TypeError, "population must be a string, got 7"),
    ],
)
def test_bad_neurons(arguments, kind, message):
    with pytest.raises(kind, match=message):
        mp.Neurons(*arguments)


@pytest.mark.parametrize(
    ("quantities", "kind", "message"),
    [
        (
            ("voltage",),
            ValueError,
            "quantities: unknown quantity 'voltage'; known: potential, input",
        ),
        ("potential", TypeError, "quantities must be a sequence of names, got 'potential'"),
        (3, TypeError, "quantities must be a sequence of names, got 3"),
    ],
)
def test_bad_quantities(quantities, kind, message):
    with pytest.raises(kind, match=message):
        mp.Neurons("E", [1], quantities=quantities)


@pytest.mark.parametrize(
    ("chosen", "engine", "kind", "message"),
    [
        ([mp.Neurons("e", [1])], MICRO, ValueError, 'did you mean "E"'),
        ([mp.Neurons("E", [61])], MICRO, ValueError, '"E" are numbered 0 to 60, got 61'),
        ([mp.Neurons("E", [-1])], COHORTS, ValueError, '"E" are numbered 0 to 60, got -1'),
        (
            [mp.Neurons("noise", [1], quantities=["potential"])],
            MICRO,
            ValueError,
            '"noise" have no "potential", only "u", "x", "spikes"',
        ),
        (
            [mp.Neurons("E", [1]), mp.Neurons("E", [2])],
            MICRO,
            ValueError,
            '"E" are given twice; name all of them in one',
        ),
        (
            [mp.Neurons("E", [1])],
            meso("renewal"),
            ValueError,
            r'record: Neurons\("E", ...\) needs level="micro", where neurons have names',
        ),
    ],
)
def test_neurons_that_cannot_be_recorded(chosen, engine, kind, message):
    network = everything() if engine is not COHORTS else without_adaptation(everything())
    with pytest.raises(kind, match=message):
        run(network, engine, 5.0, record=chosen)


def test_neurons_stand_in_a_sequence():
    with pytest.raises(
        TypeError, match="record must be a sequence of names and Neurons, got Neurons"
    ):
        run(isolated(5, 1.0), MICRO, record=mp.Neurons("E", [1]))
