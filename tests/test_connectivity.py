"""Who is connected to whom: the law of random connections, read from what single spikes deliver."""

import numpy as np
import pytest
import scipy.sparse
from networks import LIF, MICRO
from scipy import stats
from significance import ALPHA, chi_squared_p

import mesopop as mp

SOURCES = 700
# By name of the rule, targets x sources; with delays, 1 + the delay in steps.
KNOWN = {
    "bernoulli": [
        [0, 1, 0, 0, 0, 0, 1, 0],
        [1, 1, 0, 1, 1, 0, 0, 1],
        [0, 0, 0, 0, 1, 1, 0, 1],
        [0, 0, 1, 1, 1, 0, 0, 1],
        [1, 0, 0, 1, 1, 1, 1, 0],
        [1, 0, 1, 0, 1, 0, 1, 0],
        [1, 1, 1, 0, 1, 0, 0, 0],
        [1, 0, 1, 1, 1, 1, 1, 0],
    ],
    "multapses": [
        [0, 1, 0, 1, 0, 1, 0, 1],
        [0, 0, 0, 1, 0, 1, 2, 0],
        [1, 1, 0, 0, 1, 0, 0, 1],
        [0, 1, 1, 0, 0, 1, 1, 0],
        [0, 0, 1, 0, 0, 0, 2, 1],
        [0, 0, 2, 1, 0, 0, 1, 0],
        [0, 0, 0, 1, 2, 0, 0, 1],
        [0, 0, 1, 0, 1, 1, 1, 0],
    ],
    "delays": [
        [2, 0, 1, 0, 0, 0, 2, 1],
        [0, 0, 2, 5, 2, 0, 2, 0],
        [2, 2, 0, 5, 0, 2, 0, 0],
        [0, 1, 2, 0, 1, 2, 0, 0],
        [0, 0, 2, 0, 2, 1, 1, 0],
        [0, 0, 2, 1, 2, 0, 0, 2],
        [0, 0, 0, 2, 2, 0, 2, 2],
        [0, 0, 2, 1, 2, 0, 0, 1],
    ],
}
LEVEL = {"dt": 0.5, **MICRO}


def population(name, size):
    return mp.Population(name, size=size, neuron=LIF, drive=0.0)


def matrices(network, *, seed=1, trial=0, trials=1, sources=None, port=0):
    """Weights by delay in steps, shape (delays, targets, sources), of the only projection.

    Of several with different tau_s, of that in the place `port` by tau_s, divided by tau_s.

    One neuron after the other is made to fire; what is then on its way to each target is the
    column of the matrix.
    """
    simulation = mp.Simulation(network, seed=seed, trials=trials, initial="rest", **LEVEL)
    target = len(network.populations) - 1
    before = simulation.state(trial)
    sizes = [p.size for p in network.populations]
    remaining = [before[f"population/{i}/remaining_hazard"] for i in range(len(sizes))]
    columns = []
    for neuron in range(sizes[0]) if sources is None else sources:
        for values in remaining:
            values[:] = 1e9
        remaining[0][neuron] = 0.0
        for other in range(trials):
            simulation.set_state(before, other)
        result = simulation.run(0.5, record=("rate",))
        rate = np.atleast_2d(result.rate[network.populations[0].name])
        assert rate[trial] * sizes[0] == pytest.approx(2000.0)
        pending = simulation.state(trial)[f"population/{target}/input/{port}/pending"]
        slots = pending.reshape(-1, (sizes[target] + 31) // 32 * 32)
        # The ring has one slot per step up to the longest delay; step 1 is read first.
        columns.append(np.roll(slots, -1, axis=0)[:, : sizes[target]])
    return np.stack(columns, axis=-1)


def recurrent(size=SOURCES, probability=0.05, **options):
    return mp.Network(
        populations=[population("E", size)],
        projections=[mp.Projection("E", "E", weight=1.0, probability=probability, **options)],
    )


def feedforward(targets, sources=SOURCES, probability=0.05, **options):
    return mp.Network(
        populations=[population("pre", sources), population("post", targets)],
        projections=[mp.Projection("pre", "post", weight=1.0, probability=probability, **options)],
    )


def connections(network, **options):
    """Number of connections of each pair, targets x sources."""
    (matrix,) = matrices(network, **options)
    assert np.array_equal(matrix, np.rint(matrix))
    return matrix.astype(int)


def assert_law(sample, distribution, alpha=ALPHA):
    """Chi-squared test of integers against a frozen scipy distribution."""
    cells = np.arange(int(distribution.ppf(1 - 1e-12)) + 2)
    observed = np.bincount(sample, minlength=cells.size)
    assert observed.size == cells.size
    assert chi_squared_p(observed, sample.size * distribution.pmf(cells)) > alpha


def assert_spread(sample, mean, variance):
    """Test of a few large numbers against a normal law: neither too far from the mean nor too near."""
    total = ((sample - mean) ** 2 / variance).sum()
    assert stats.chi2.sf(total, sample.size) > ALPHA
    assert stats.chi2.cdf(total, sample.size) > ALPHA


# --- Bernoulli -----------------------------------------------------------------------------------


@pytest.mark.parametrize("probability", [0.01, 0.05, 0.5, 0.95])
@pytest.mark.parametrize("self_connections", [True, False])
def test_bernoulli(probability, self_connections):
    rule = mp.Bernoulli(self_connections=self_connections)
    matrix = connections(recurrent(probability=probability, connectivity=rule))
    assert matrix.max() == 1
    candidates = SOURCES - (not self_connections)
    degrees = stats.binom(candidates, probability)
    assert_law(matrix.sum(axis=1), degrees)
    assert_law(matrix.sum(axis=0), degrees)
    # The total, whose error would be that of the probability: 5 standard errors.
    pairs = SOURCES * candidates
    spread = np.sqrt(pairs * probability * (1 - probability))
    assert abs(matrix.sum() - pairs * probability) < 5 * spread
    if self_connections:
        assert stats.binomtest(int(np.trace(matrix)), SOURCES, probability).pvalue > ALPHA
    else:
        assert np.trace(matrix) == 0


def test_bernoulli_connections_are_independent():
    # Of neighbouring sources, of neighbouring targets, and of both directions between two neurons.
    matrix = connections(recurrent(probability=0.3))
    for other in (np.roll(matrix, 1, axis=0), np.roll(matrix, 1, axis=1), matrix.T):
        both = (matrix * other)[np.triu_indices(SOURCES, 2)]
        assert stats.binomtest(int(both.sum()), both.size, 0.09).pvalue > ALPHA
    gaps = np.concatenate([np.diff(np.flatnonzero(row)) for row in matrix])
    short = gaps[gaps <= 20]
    law = stats.geom(0.3)
    observed = np.bincount(short, minlength=21)[1:]
    expected = law.pmf(np.arange(1, 21))
    assert chi_squared_p(observed, short.size * expected / expected.sum()) > ALPHA


def test_every_source_and_target_is_as_likely():
    # By position, in ten bins each: an edge left out would be missing here.
    matrix = connections(feedforward(targets=900, probability=0.1))
    blocks = matrix.reshape(10, 90, 10, 70).sum(axis=(1, 3))
    assert chi_squared_p(blocks.ravel(), np.full(100, 630.0)) > ALPHA


# --- Fixed in-degree -----------------------------------------------------------------------------

IN_DEGREE = 35  # 0.05 of 700


@pytest.mark.parametrize("self_connections", [True, False])
def test_fixed_in_degree_with_multapses(self_connections):
    rule = mp.FixedInDegree(self_connections=self_connections)
    matrix = connections(recurrent(connectivity=rule))
    assert (matrix.sum(axis=1) == IN_DEGREE).all()
    candidates = SOURCES - (not self_connections)
    off_diagonal = matrix[~np.eye(SOURCES, dtype=bool)]
    assert_law(off_diagonal, stats.binom(IN_DEGREE, 1 / candidates))
    assert_law(matrix.sum(axis=0), stats.binom(candidates * IN_DEGREE, 1 / candidates))
    if self_connections:
        assert stats.binomtest(int(np.trace(matrix)), 700 * IN_DEGREE, 1 / 700).pvalue > ALPHA
    else:
        assert np.trace(matrix) == 0


@pytest.mark.parametrize("probability", [0.05, 0.9])
@pytest.mark.parametrize("self_connections", [True, False])
def test_fixed_in_degree_without_multapses(self_connections, probability):
    rule = mp.FixedInDegree(self_connections=self_connections, multapses=False)
    matrix = connections(recurrent(probability=probability, connectivity=rule))
    degree = round(probability * SOURCES)
    assert matrix.max() == 1
    assert (matrix.sum(axis=1) == degree).all()
    candidates = SOURCES - (not self_connections)
    assert_law(matrix.sum(axis=0), stats.binom(candidates, degree / candidates))
    if not self_connections:
        assert np.trace(matrix) == 0


def test_all_of_the_candidates():
    rule = mp.FixedInDegree(multapses=False)
    assert (connections(recurrent(20, 1.0, connectivity=rule)) == 1).all()
    rule = mp.Bernoulli(self_connections=False)
    assert np.array_equal(connections(recurrent(20, 1.0, connectivity=rule)), 1 - np.eye(20))
    rule = mp.FixedInDegree(self_connections=False, multapses=False)
    assert np.array_equal(connections(recurrent(20, 0.95, connectivity=rule)), 1 - np.eye(20))


# --- Slices, trials, seeds -----------------------------------------------------------------------


def test_large_targets_are_connected_throughout():
    # More than 4096 targets are divided among threads, in parts of a few thousand.
    size, sources = 9001, 60
    matrix = connections(feedforward(size, sources, 0.5))
    assert_law(matrix.sum(axis=1), stats.binom(sources, 0.5))
    parts = np.add.reduceat(matrix.sum(axis=1), np.arange(0, size, 300))
    expected = np.add.reduceat(np.full(size, sources * 0.5), np.arange(0, size, 300))
    assert chi_squared_p(parts, expected) > ALPHA
    first = np.flatnonzero(matrix[:, 0])
    assert first[0] < 20 and first[-1] > size - 20


def test_trials_and_projections_draw_their_own():
    network = recurrent(100, 0.3)
    first, second = (connections(network, trials=2, trial=trial) for trial in (0, 1))
    other_seed = connections(network, seed=2)
    assert np.array_equal(first, connections(network))
    for other in (second, other_seed):
        same = (first == other).sum()
        assert stats.binomtest(int(same), first.size, 0.3**2 + 0.7**2).pvalue > ALPHA


def test_like_projections_draw_their_own():
    rules = {"weight": 1.0, "probability": 0.3}
    network = mp.Network(
        populations=[population("E", 100)],
        projections=[
            mp.Projection("E", "E", **rules),
            mp.Projection("E", "E", tau_s=1.0, name="again", **rules),
        ],
    )
    first, second = (connections(network, port=port) for port in (0, 1))
    same = (first == second).sum()
    assert stats.binomtest(int(same), first.size, 0.3**2 + 0.7**2).pvalue > ALPHA


def test_neurons_are_left_out_of_their_own_inputs_in_every_slice():
    sources = np.linspace(0, 9000, 40).astype(int)
    rule = mp.Bernoulli(self_connections=False)
    matrix = connections(recurrent(9001, 0.5, connectivity=rule), sources=sources)
    assert (matrix[sources, np.arange(40)] == 0).all()
    assert_spread(matrix.sum(axis=0), 9000 * 0.5, 9000 * 0.25)


def test_more_targets_than_two_bytes_can_name():
    targets, sources = 70_001, 20
    matrix = connections(feedforward(targets, sources, 0.5))
    assert_law(matrix.sum(axis=1), stats.binom(sources, 0.5))
    assert_spread(matrix.sum(axis=0), targets * 0.5, targets * 0.25)
    # A name that wrapped around would make rows equal.
    assert stats.binomtest(int((matrix[65_536:] == matrix[:4465]).sum()), 4465 * 20).pvalue > ALPHA


def test_known_connections():
    """Saved simulations keep the seed of their connections: a version that drew others would go on
    with another network."""
    assert connections(recurrent(8, 0.4)).tolist() == KNOWN["bernoulli"]
    rule = mp.FixedInDegree(self_connections=False)
    assert connections(recurrent(8, 0.5, connectivity=rule)).tolist() == KNOWN["multapses"]
    rule = mp.FixedInDegree(multapses=False)
    by_delay = matrices(recurrent(8, 0.5, connectivity=rule, delay=DELAYS))
    where = np.argmax(by_delay, axis=0) + 1
    assert (where * by_delay.sum(axis=0)).astype(int).tolist() == KNOWN["delays"]


# --- Explicit ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csr_array", "coo_array", "csc_matrix", "dok_array", "dense"])
def test_explicit_connections(form):
    rng = np.random.default_rng(3)
    dense = rng.normal(size=(70, 50)) * (rng.random((70, 50)) < 0.2)
    given = dense if form == "dense" else getattr(scipy.sparse, form)(dense)
    network = mp.Network(
        populations=[population("pre", 50), population("post", 70)],
        projections=[
            mp.Projection("pre", "post", weight=-2.0, connectivity=mp.ExplicitConnections(given))
        ],
    )
    (matrix,) = matrices(network)
    np.testing.assert_allclose(matrix, -2.0 * dense, rtol=1e-15)


def test_explicit_entries_given_twice_add_up_and_zeros_vanish():
    given = scipy.sparse.coo_array(([1.0, 2.0, 0.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    matrix = mp.ExplicitConnections(given).matrix
    assert (matrix.targets.tolist(), matrix.sources.tolist()) == ([0], [1])
    assert matrix.weights.tolist() == [3.0]
    assert matrix.mean == 0.75
    assert mp.ExplicitConnections(np.array([[0, 3], [0, 0]])).matrix == matrix


def test_explicit_connections_are_the_same_in_all_trials():
    explicit = mp.ExplicitConnections(np.eye(30))
    network = recurrent(30, 1.0, connectivity=explicit)
    for trial in (0, 1):
        assert np.array_equal(connections(network, trials=2, trial=trial), np.eye(30))


# --- Delays --------------------------------------------------------------------------------------

DELAYS = mp.DelayDistribution([0.0, 0.5, 2.0], [0.2, 0.7, 0.1])


@pytest.mark.parametrize("probability", [1.0, 0.4])
def test_delays_are_drawn_for_every_synapse(probability):
    by_delay = matrices(recurrent(300, probability, delay=DELAYS))
    assert by_delay.shape == (5, 300, 300)
    assert by_delay[2:4].sum() == 0
    total = by_delay.sum(axis=0)
    assert total.max() == 1
    if probability == 1:
        assert total.min() == 1
    observed = by_delay[[0, 1, 4]].sum(axis=(1, 2))
    assert chi_squared_p(observed, total.sum() * DELAYS.probabilities) > ALPHA
    # Independently: of the synapses of one source, and of one target.
    for axis in (1, 2):
        degree = total.sum(axis=axis - 1)
        early = by_delay[0].sum(axis=axis - 1)
        z = (early - 0.2 * degree) / np.sqrt(0.16 * degree)
        assert stats.chi2.sf((z**2).sum(), z.size) > ALPHA
        assert stats.chi2.cdf((z**2).sum(), z.size) > ALPHA


def test_delays_do_not_change_the_connections():
    assert np.array_equal(
        matrices(recurrent(200, 0.2, delay=DELAYS)).sum(axis=0), connections(recurrent(200, 0.2))
    )


def test_the_only_delay_of_a_distribution_is_that_delay():
    one = mp.DelayDistribution([1.5], [1.0])
    given = matrices(recurrent(50, 0.2, delay=one))
    assert np.array_equal(given, matrices(recurrent(50, 0.2, delay=1.5)))
    assert given[:3].sum() == 0 and given[3].sum() > 0


def test_delays_of_multapses():
    rule = mp.FixedInDegree()
    by_delay = matrices(recurrent(200, 0.5, connectivity=rule, delay=DELAYS))
    total = by_delay.sum(axis=0)
    assert total.max() > 1
    assert np.array_equal(total, connections(recurrent(200, 0.5, connectivity=rule)))
    observed = by_delay[[0, 1, 4]].sum(axis=(1, 2))
    assert chi_squared_p(observed, total.sum() * DELAYS.probabilities) > ALPHA
    # Two connections of one pair have delays of their own.
    pairs = by_delay[:, total == 2]
    alike = int((pairs.max(axis=0) == 2).sum())
    assert stats.binomtest(alike, pairs.shape[1], np.sum(DELAYS.probabilities**2)).pvalue > ALPHA


def test_delays_of_explicit_connections():
    rng = np.random.default_rng(4)
    dense = rng.normal(size=(150, 150)) * (rng.random((150, 150)) < 0.4)
    network = recurrent(150, 1.0, connectivity=mp.ExplicitConnections(dense), delay=DELAYS)
    first, second = (matrices(network, trials=2, trial=trial) for trial in (0, 1))
    for by_delay in (first, second):
        assert np.array_equal(by_delay.sum(axis=0), dense)
        observed = (by_delay[[0, 1, 4]] != 0).sum(axis=(1, 2))
        assert chi_squared_p(observed, (dense != 0).sum() * DELAYS.probabilities) > ALPHA
    # The connections are the same in all trials, their delays are not.
    alike = int(((first != 0) & (second != 0)).sum())
    chance = np.sum(DELAYS.probabilities**2)
    assert stats.binomtest(alike, int((dense != 0).sum()), chance).pvalue > ALPHA
