"""The cohort method of the microscopic level: the law of neurons one by one, in every respect."""

import attrs
import numpy as np
import pytest
from networks import (
    COHORTS,
    GIF,
    LIF,
    MICRO,
    MIXED,
    assert_same_bits,
    changed,
    isolated,
    recorded,
)
from scipy import stats
from significance import ALPHA, Estimate, chi_squared_p, mean_over_trials, p_value
from survivors import stationary_rate, survivor_function

import mesopop as mp

DT = 0.5


def recurrent(size, drive=16.0, neuron=LIF, weight=100.0):
    return mp.Network(
        populations=[mp.Population("E", size=size, neuron=neuron, drive=drive)],
        projections=[
            mp.Projection("E", "E", weight=weight / size, tau_s=3, delay=1, stp=MIXED),
        ],
    )


def spike_times(train, size):
    """Times of the spikes of each neuron."""
    order = np.argsort(train["neuron"], kind="stable")
    ends = np.searchsorted(train["neuron"][order], np.arange(size + 1))
    return [train["time"][order][a:b] for a, b in zip(ends, ends[1:], strict=False)]


# --- What must hold of every run -----------------------------------------------------------------


@pytest.mark.parametrize("t_ref", [0.0, 4.0])
@pytest.mark.parametrize("tolerance", [0.0, 0.1])
def test_every_neuron_is_in_one_group_and_fires_at_most_once_in_t_ref(t_ref, tolerance):
    size, neuron = 300, changed(LIF, t_ref=t_ref)
    simulation = mp.Simulation(
        recurrent(size, 18.0, neuron), dt=DT, seed=1, cohort_tolerance=tolerance, **COHORTS
    )
    spikes, rates = [], []
    for _ in range(40):
        result = simulation.run(50.0, record=("rate", "spikes"))
        state = simulation.state()
        members = state["population/0/members"]
        assert sorted(members) == list(range(size))
        groups, waiting = state["population/0/bins/2"], state["population/0/refractory"][::2]
        assert groups.sum() + waiting.sum() == size
        spikes.append(result.spikes["E"])
        rates.append(result.rate["E"])
    train, rate = np.concatenate(spikes), np.concatenate(rates)
    assert len(train) == pytest.approx(rate.sum() * size * DT / 1000, rel=1e-12)
    assert len(train) > 10 * size
    # In order of time, then of neurons.
    assert np.array_equal(np.lexsort([train["neuron"], train["time"]]), np.arange(len(train)))
    shortest = min(np.diff(times).min() for times in spike_times(train, size))
    assert shortest > t_ref + DT / 2


@pytest.mark.parametrize("neuron", [changed(LIF, t_ref=0.0), LIF], ids=["free", "refractory"])
def test_steps_in_which_every_neuron_fires(neuron):
    one_by_one, cohorts = (
        mp.simulate(
            isolated(37, 2000.0, neuron=neuron),
            30.0,
            dt=DT,
            seed=1,
            initial="synchronous",
            record=("rate", "potential", "spikes"),
            **engine,
        )
        for engine in (MICRO, COHORTS)
    )
    assert one_by_one.rate["E"].max() == 1000 / DT
    assert_same_bits(recorded(cohorts), recorded(one_by_one))


@pytest.mark.parametrize("rate", [1e5, (mp.Steps([0, 10], [1e5, 0.0]),)])
def test_poisson_neurons_that_all_fire(rate):
    one_by_one, cohorts = (
        mp.simulate(
            mp.Network(populations=[mp.Population("P", size=37, neuron=mp.Poisson(rate))]),
            20.0,
            dt=DT,
            seed=1,
            record=("rate", "spikes"),
            **engine,
        )
        for engine in (MICRO, COHORTS)
    )
    assert one_by_one.rate["P"].max() == 1000 / DT
    assert_same_bits(recorded(cohorts), recorded(one_by_one))


# --- Law of single neurons -----------------------------------------------------------------------


@pytest.mark.parametrize(("size", "trials"), [(1, 4000), (40, 100), (4000, 1)])
def test_intervals_of_single_neurons(size, trials):
    """4000 neurons, from a common spike on: their first, second and fifth interval.

    The survivor function is that of the renewal process; an error of the hazard by 8 % would be
    seen (relative standard error of a hazard 1/sqrt(4000)), one of the second moment by 15 %.
    """
    result = mp.simulate(
        isolated(size, 25.0),
        700.0,
        dt=DT,
        seed=2,
        trials=trials,
        initial="synchronous",
        record=("spikes",),
        **COHORTS,
    )
    trains = result.spikes["E"] if trials > 1 else [result.spikes["E"]]
    times = [neuron for train in trains for neuron in spike_times(train, size)]
    # 30 standard deviations beyond the fifth spike.
    assert min(map(len, times)) >= 5
    intervals = np.diff([np.append(0.0, t[:5]) for t in times], axis=1)
    survivors, _ = survivor_function(LIF, 25.0, DT)
    probability = -np.diff(survivors)
    for which in (0, 1, 4):
        steps = np.rint(intervals[:, which] / DT).astype(int)
        observed = np.bincount(steps - 1, minlength=probability.size)[: probability.size]
        assert observed.sum() == len(times)
        assert chi_squared_p(observed, len(times) * probability) > ALPHA / 3
    # Successive intervals are independent: a correlation of 0.09 would be seen.
    assert stats.spearmanr(intervals[:, 0], intervals[:, 1]).pvalue > ALPHA


def test_neurons_are_chosen_uniformly_and_independently():
    """The first and the sixth spike of every neuron of a population, in 400 trials.

    A shift of one neuron in 30 by a third of a standard deviation, or a correlation between
    neighbours of 0.04, would be seen.
    """
    size, trials = 30, 400
    result = mp.simulate(
        isolated(size, 25.0),
        700.0,
        dt=DT,
        seed=3,
        trials=trials,
        initial="synchronous",
        record=("spikes",),
        **COHORTS,
    )
    times = [spike_times(train, size) for train in result.spikes["E"]]
    for which in (0, 5):
        spike = np.array([[neuron[which] for neuron in trial] for trial in times])
        assert stats.kruskal(*spike.T).pvalue > ALPHA
        for other in (1, 2, size // 2):
            pairs = spike[:, :-other].ravel(), spike[:, other:].ravel()
            assert stats.spearmanr(*pairs).pvalue > ALPHA / 3


@pytest.mark.parametrize("kind", ["Poisson", "LNP"])
@pytest.mark.parametrize("rate", [4.0, 400.0])
def test_neurons_without_memory_fire_independently(kind, rate):
    """Numbers of spikes per step, per neuron, and of pairs of neighbours in a step."""
    size, steps = 50, 20_000
    neuron = (
        mp.Poisson(rate)
        if kind == "Poisson"
        else mp.LNP(10, transfer=mp.Exponential(v_th=0, delta_u=1, rate_at_threshold=rate))
    )
    result = mp.simulate(
        mp.Network(populations=[mp.Population("P", size=size, neuron=neuron)]),
        steps * DT,
        dt=DT,
        seed=1,
        record=("rate", "spikes"),
        **COHORTS,
    )
    probability = -np.expm1(-rate * DT / 1000)
    per_step = np.rint(result.rate["P"] * size * DT / 1000).astype(int)
    law = steps * stats.binom(size, probability).pmf(np.arange(size + 1))
    assert chi_squared_p(np.bincount(per_step, minlength=size + 1), law) > ALPHA

    fired = np.zeros((steps, size))
    train = result.spikes["P"]
    fired[np.rint(train["time"] / DT).astype(int) - 1, train["neuron"]] += 1
    assert fired.max() == 1
    variance = steps * probability * (1 - probability)
    deviation = (fired.sum(axis=0) - steps * probability) / np.sqrt(variance)
    assert stats.chi2.sf(deviation @ deviation, size) > ALPHA
    for pairs in (fired[:, :-1] * fired[:, 1:], fired[:-1] * fired[1:]):
        # Of independent neurons the pairs are uncorrelated but for their means, whose fluctuation
        # is included by taking the covariance.
        expected, n = probability**2, pairs.size
        error = np.sqrt(expected * (1 - expected) / n) + 2 * probability * np.sqrt(
            probability / fired.size
        )
        assert abs(pairs.mean() - expected) < stats.norm.isf(ALPHA / 2) * error


# --- Law of populations --------------------------------------------------------------------------


def statistics(engine, *, size, tolerance=None):
    result = mp.simulate(
        recurrent(size),
        1500.0,
        dt=DT,
        seed=7 if engine is MICRO else 8,
        trials=400,
        record=("rate", "release", "u", "x", "potential"),
        cohort_tolerance=tolerance,
        **engine,
    )
    late = {name: values[:, 1000:] for name, values in recorded(result).items() if name != "t"}
    found = {name: mean_over_trials(values.mean(axis=1)) for name, values in late.items()}
    rate = late["rate/E"]
    found["variance of the rate"] = mean_over_trials(rate.var(axis=1))
    blocks = rate.reshape(len(rate), -1, 40).mean(axis=2)
    found["slow variance of the rate"] = mean_over_trials(blocks.var(axis=1))
    per_spike = late["release/E->E"].mean(axis=1) / rate.mean(axis=1)
    found["release per spike"] = mean_over_trials(per_spike)
    return found


@pytest.mark.parametrize("size", [12, 200])
def test_cohorts_and_neurons_have_the_same_law(size):
    """Two samples of 400 trials. Errors of 3 % of rate and variances, 1 % of u, x, release per spike
    and potential would be seen."""
    neurons, cohorts = statistics(MICRO, size=size), statistics(COHORTS, size=size)
    assert neurons.keys() == cohorts.keys() and len(neurons) == 8
    for name, one in neurons.items():
        assert p_value(one, cohorts[name]) > ALPHA, name
        assert 5 * np.hypot(one.error, cohorts[name].error) < 0.2 * abs(one.value), name


@pytest.mark.parametrize("tolerance", [0.0, 0.01, 0.1])
def test_merging_leaves_the_rate_of_the_renewal_integral(tolerance):
    # 4.5e6 spikes: a standard error of 0.05 % at most.
    result = mp.simulate(
        isolated(20_000, 16.0),
        1000.0,
        dt=DT,
        seed=4,
        trials=25,
        record=("rate",),
        record_dt=50.0,
        cohort_tolerance=tolerance,
        **COHORTS,
    )
    measured = mean_over_trials(result.rate["E"].mean(axis=1))
    exact = Estimate(stationary_rate(LIF, 16.0, DT))
    assert measured.relative_error < 1e-3
    assert p_value(measured, exact) > ALPHA


# --- Groups --------------------------------------------------------------------------------------


def groups_after(duration, *, size=20_000, dt=0.1, drive=12.0, **options):
    simulation = mp.Simulation(isolated(size, drive), dt=dt, seed=1, **COHORTS, **options)
    simulation.run(duration, record=("rate",), record_dt=duration)
    return int(np.count_nonzero(simulation.state()["population/0/bins/2"]))


def test_the_number_of_groups_is_bounded():
    # With a constant drive rounding keeps potentials apart for ever. They count as equal from
    # 1e-8 delta_u on, which takes ln(12/2e-8) = 20 tau_m, 4000 steps.
    early, late = groups_after(500.0), groups_after(2000.0)
    assert 1000 < late < 4100
    assert late < 1.2 * early
    assert groups_after(500.0, cohort_tolerance=0.01) < early / 5
    assert groups_after(500.0, cohort_tolerance=0.1) < early / 20


@pytest.mark.parametrize("initial", ["stationary", "rest", "synchronous"])
def test_the_start_is_that_of_neurons_one_by_one(initial):
    # The same ages, drawn with the same numbers: potentials are equal until the first spike.
    first = [
        mp.simulate(
            isolated(20, 5.0, neuron=changed(LIF, rate_at_threshold=1e-9)),
            50.0,
            dt=DT,
            seed=1,
            initial=initial,
            **engine,
        ).potential["E"]
        for engine in (MICRO, COHORTS)
    ]
    np.testing.assert_allclose(*first, rtol=1e-12)


# --- State ---------------------------------------------------------------------------------------


def replaced(state, name, values):
    return state | {f"population/0/{name}": values}


def test_a_state_whose_members_are_not_the_neurons_is_refused_and_changes_nothing():
    simulation = mp.Simulation(recurrent(50), dt=DT, seed=1, **COHORTS)
    simulation.run(100.0)
    before = simulation.state()
    members = before["population/0/members"]
    counts, firsts = before["population/0/bins/2"], before["population/0/bins/3"]
    assert counts.size > 5
    wrong = [
        replaced(before, "members", np.zeros_like(members)),
        replaced(before, "members", members + 1),
        replaced(before, "members", members - 1),
        replaced(before, "members", members + 2**32),
        replaced(before, "bins/2", counts + 1),
        replaced(before, "bins/2", np.full_like(counts, np.nan)),
        replaced(before, "bins/2", -counts),
        replaced(before, "bins/2", 0.5 * counts),
        replaced(before, "bins/3", firsts + 1),
        replaced(before, "bins/3", np.full_like(firsts, 1e18)),
    ]
    for state in wrong:
        with pytest.raises(ValueError, match="every neuron must be a member of one group"):
            simulation.set_state(state)
        assert_same_bits(simulation.state(), before)


# --- Choice of the method ------------------------------------------------------------------------


def settings(network, **options):
    return mp.Simulation(network, dt=DT, **options).settings


def test_cohorts_are_taken_where_they_pay():
    lif, poisson = (
        lambda size: isolated(size, 10.0),
        lambda size: mp.Network(
            populations=[mp.Population("P", size=size, neuron=mp.Poisson(1.0))]
        ),
    )
    for network, least in ((lif, 5000), (poisson, 1000)):
        assert settings(network(least - 1)).method == "neurons"
        assert settings(network(least)).method == "cohorts"
        assert settings(network(least), method="neurons").method == "neurons"
        assert settings(network(2), method="cohorts").method == "cohorts"
    # The choice is that of the population alone.
    mixed = mp.Network(
        populations=[
            mp.Population("small", size=10, neuron=LIF),
            mp.Population("large", size=5000, neuron=LIF),
            mp.Population("adapting", size=5000, neuron=GIF),
            mp.Population("given", size=1, neuron=mp.SpikeTrains([[1.0]])),
        ]
    )
    expected = {"small": "neurons", "large": "cohorts", "adapting": "neurons", "given": "neurons"}
    chosen = settings(mixed)
    assert chosen.method == expected
    assert chosen.cohort_tolerance == 0.0
    assert chosen.method_of("large") == "cohorts" and chosen.method_of("small") == "neurons"
    given = mp.Network(populations=[mp.Population("given", size=1, neuron=mp.SpikeTrains([[1.0]]))])
    assert settings(given, method="cohorts").method == "neurons"
    large = mp.Network(populations=[p for p in mixed.populations if p.name in ("large", "given")])
    assert settings(large).method == "cohorts"


def test_the_methods_of_a_mixed_network_are_shown_and_saved(tmp_path):
    network = mp.Network(
        populations=[
            mp.Population("E", size=6000, neuron=LIF, drive=12.0),
            mp.Population("G", size=20, neuron=GIF, drive=12.0),
        ]
    )
    result = mp.simulate(network, 5.0, dt=DT, seed=1)
    assert "micro, cohorts and neurons" in repr(result)
    result.save(tmp_path / "mixed.npz")
    assert mp.Result.load(tmp_path / "mixed.npz").settings == result.settings


ADAPTING = mp.Network(
    populations=[mp.Population("A", size=5, neuron=LIF), mp.Population("B", size=5, neuron=GIF)]
)


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        (ADAPTING, {"method": "cohorts"}, r'population "B" has adaptation'),
        (
            isolated(5, 1.0),
            {"method": "cohorts", "cohort_tolerance": -0.1},
            r"cohort_tolerance must be >= 0 delta_u, got -0.1",
        ),
        (
            isolated(5, 1.0),
            {"method": "cohorts", "cohort_tolerance": 1.5},
            r"cohort_tolerance must be <= 1 delta_u, got 1.5",
        ),
        (
            isolated(5, 1.0),
            {"cohort_tolerance": 0.1},
            r"there are none with method=.auto., got 0.1",
        ),
        (
            isolated(5000, 1.0),
            {"cohort_tolerance": 0.1, "method": "neurons"},
            r"there are none with method=.neurons., got 0.1",
        ),
        (
            mp.Network(populations=[mp.Population("P", size=5, neuron=mp.Poisson(1.0))]),
            {"cohort_tolerance": 0.1, "method": "cohorts"},
            r"there are none with method=.cohorts., got 0.1",
        ),
        (
            isolated(5, 1.0),
            {"level": "meso", "cohort_tolerance": 0.1},
            r'cohort_tolerance applies to level="micro", got 0.1 at level="meso"',
        ),
        (isolated(5, 1.0), {"method": "groups"}, r"unknown method 'groups'.*neurons, cohorts"),
    ],
)
def test_what_does_not_apply_is_refused(network, options, message):
    with pytest.raises(ValueError, match=message):
        settings(network, **options)


def test_kernels_of_no_amplitude_are_no_adaptation():
    none = mp.GIF(**attrs.asdict(LIF), adaptation=[mp.ThresholdKernel(amplitude=0, tau=50)])
    plain, kernel = (
        mp.simulate(isolated(50, 14.0, neuron=neuron), 100.0, dt=DT, seed=1, **COHORTS)
        for neuron in (LIF, none)
    )
    assert kernel.settings.method == "cohorts"
    assert_same_bits(recorded(kernel), recorded(plain))
