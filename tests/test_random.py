"""Random numbers: the generator's published vectors, its addresses, and the distributions."""

import math

import numpy as np
import pytest
from scipy import special, stats
from significance import ALPHA, chi_squared_p, ks_p

from mesopop import _core

LARGEST = 2**64 - 1
KEY = (1, 2)


def stream(*, key=KEY, trial=0, purpose=3, owner=0, index=0, event=0):
    return _core.Stream(
        key=key, trial=trial, purpose=purpose, owner=owner, index=index, event=event
    )


# --- Generator -----------------------------------------------------------------------------------

# From tests/kat_vectors of Random123 (Salmon et al., SC'11): counter, key, result.
KNOWN_ANSWERS = [
    (
        "0000000000000000 0000000000000000 0000000000000000 0000000000000000",
        "0000000000000000 0000000000000000",
        "16554d9eca36314c db20fe9d672d0fdc d7e772cee186176b 7e68b68aec7ba23b",
    ),
    (
        "ffffffffffffffff ffffffffffffffff ffffffffffffffff ffffffffffffffff",
        "ffffffffffffffff ffffffffffffffff",
        "87b092c3013fe90b 438c3c67be8d0224 9cc7d7c69cd777b6 a09caebf594f0ba0",
    ),
    (  # digits of pi
        "243f6a8885a308d3 13198a2e03707344 a4093822299f31d0 082efa98ec4e6c89",
        "452821e638d01377 be5466cf34e90c6c",
        "a528f45403e61d95 38c72dbd566e9788 a5a1610e72fd18b5 57bd43b5e52b7fe6",
    ),
]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN_ANSWERS)
def test_known_answers(counter, key, result):
    def words(text):
        return tuple(int(word, 16) for word in text.split())

    assert tuple(_core.philox4x64(words(counter), words(key))) == words(result)


def numpy_philox(counter, key):
    # numpy increments the 256-bit counter before it computes a block.
    before = (sum(word << 64 * i for i, word in enumerate(counter)) - 1) % 2**256
    generator = np.random.Philox(key=key[0] | key[1] << 64, counter=before)
    return tuple(int(word) for word in generator.random_raw(4))


def test_random_counters_and_keys_against_numpy():
    rng = np.random.default_rng(0)
    for _ in range(200):
        counter, key = (
            tuple(map(int, rng.integers(0, LARGEST, n, np.uint64, endpoint=True))) for n in (4, 2)
        )
        assert tuple(_core.philox4x64(counter, key)) == numpy_philox(counter, key)


# --- Streams -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        {},
        {"key": (LARGEST, 5), "trial": 3, "purpose": 1, "owner": 2, "index": 4, "event": 5},
        {"owner": 2**24 - 1, "index": 2**32 - 1, "purpose": 255, "event": LARGEST},
        {"trial": 2**40, "event": 10**12},
    ],
)
def test_layout_of_the_counter(address):
    full = {"key": KEY, "trial": 0, "purpose": 3, "owner": 0, "index": 0, "event": 0} | address
    third = full["purpose"] << 56 | full["owner"] << 32 | full["index"]
    blocks = [
        numpy_philox((block, full["event"], third, full["trial"]), full["key"])
        for block in range(4)
    ]
    words = stream(**full).words(14)
    assert words.dtype == np.uint64
    assert words.tolist() == [word for block in blocks for word in block][:14]


def test_draws_go_on_where_the_last_ones_ended():
    pieces, whole = stream(), stream().words(20)
    joined = np.concatenate([pieces.words(n) for n in (1, 3, 2, 7, 7)])
    np.testing.assert_array_equal(joined, whole)
    mixed = stream()
    mixed.words(3)
    assert mixed.uniform(1)[0] == (int(whole[3]) >> 11) * 2.0**-53
    assert mixed.words(1)[0] == whole[4]


def test_every_part_of_the_address_matters():
    parts = {"key": (1, 3), "trial": 1, "purpose": 4, "owner": 1, "index": 1, "event": 1}
    first = {name: int(stream(**{name: value}).words(1)[0]) for name, value in parts.items()}
    first["none"] = int(stream().words(1)[0])
    first["other key"] = int(stream(key=(2, 2)).words(1)[0])
    assert len(set(first.values())) == len(first)


# --- Continuous distributions --------------------------------------------------------------------

MANY = 1_000_000


def test_uniform():
    words = stream().words(MANY)
    values = stream().uniform(MANY)
    np.testing.assert_array_equal(values, (words >> np.uint64(11)) * 2.0**-53)
    assert values.min() >= 0
    assert values.max() < 1
    assert ks_p(values, stats.uniform()) > ALPHA


def open_uniform(words):
    # Symmetric about 1/2, never 0 or 1.
    return ((words >> np.uint64(12)) + 0.5) * 2.0**-52


def test_exponential():
    values = stream().exponential(MANY)
    # One unit in the last place of numpy's logarithm, one of ours.
    expected = -np.log(open_uniform(stream().words(MANY)))
    np.testing.assert_array_max_ulp(values, expected, maxulp=2)
    assert values.min() > 0
    assert ks_p(values, stats.expon()) > ALPHA


def test_normal():
    values = stream().normal(MANY)
    np.testing.assert_array_equal(values, _core.normal_quantile(open_uniform(stream().words(MANY))))
    assert ks_p(values, stats.norm()) > ALPHA


def test_neighbouring_streams_are_independent():
    # The first number of each of many events, as the engines draw them.
    first = np.array([stream(event=event).normal(1)[0] for event in range(200_000)])
    assert ks_p(first, stats.norm()) > ALPHA
    for lag in (1, 2, 3, 7, 64):
        correlation = np.mean(first[lag:] * first[:-lag]) * math.sqrt(first.size - lag)
        assert 2 * stats.norm.sf(abs(correlation)) > ALPHA


def test_normal_quantile():
    rng = np.random.default_rng(1)
    tails = 10.0 ** -np.concatenate([rng.uniform(0.301, 300, 50_000), np.arange(1.0, 301)])
    bulk = rng.uniform(0, 1, 100_000)
    # Both sides of where the approximation changes: |p - 1/2| = 0.425, p = e^-25.
    edges = np.array([0.075, 0.925, math.exp(-25)])
    around = (edges[:, None] * (1 + np.arange(-50, 51) * 1e-15)).ravel()
    near_half = 0.5 + np.array([-1, 1]) * 10.0 ** -np.arange(2.0, 16)[:, None]
    for p in (tails, bulk, around, near_half.ravel(), 1 - tails[tails > 1e-15]):
        np.testing.assert_allclose(_core.normal_quantile(p), special.ndtri(p), rtol=4e-15, atol=0)
    assert _core.normal_quantile(0.5) == 0
    # The smallest and the largest number that can be drawn.
    extremes = _core.normal_quantile(np.array([2.0**-53, 1 - 2.0**-53]))
    assert extremes[0] == -extremes[1]
    assert np.isnan(_core.normal_quantile(np.nan))


# --- Binomial ------------------------------------------------------------------------------------

SIZES = (1, 2, 10, 37, 100, 1000, 10**5, 10**7)
PROBABILITIES = (1e-9, 1e-6, 1e-3, 0.05, 0.3, 0.5, 0.7, 0.999, 1 - 1e-9)
DRAWS = 1_000_000


def rarer_outcome(n, p):
    """Mean number of the rarer outcome."""
    return n * min(p, 1 - p)


# Smaller means are left to the tests of rare outcomes: so few of them say nothing.
FREQUENT = [(n, p) for n in SIZES for p in PROBABILITIES if rarer_outcome(n, p) >= 5e-4]
INVERTED = [(n, p) for n in SIZES for p in PROBABILITIES if rarer_outcome(n, p) < 10]
# Three tests for each pair: together they fail with probability ALPHA.
EACH = ALPHA / (3 * len(FREQUENT))


@pytest.mark.parametrize(("n", "p"), FREQUENT)
def test_binomial(n, p):
    values = stream(event=SIZES.index(n), index=PROBABILITIES.index(p)).binomial(DRAWS, n, p)
    assert values.dtype == np.int64
    law = stats.binom(n, p)
    mean, variance = law.mean(), law.var()
    # All but 1e-12 of the probability; the rest joins the cells at both ends.
    low, high = int(law.ppf(1e-12)), int(law.ppf(1 - 1e-12))
    assert values.min() >= 0
    assert values.max() <= n
    expected = DRAWS * law.pmf(np.arange(low, high + 1))
    observed = np.bincount(np.clip(values, low, high) - low, minlength=high - low + 1)
    assert chi_squared_p(observed, expected) > EACH
    deviation = (values.mean() - mean) / math.sqrt(variance / DRAWS)
    assert 2 * stats.norm.sf(abs(deviation)) > EACH
    if variance >= 1:
        fourth = variance * (1 + 3 * (n - 2) * p * (1 - p))
        spread = np.mean((values - mean) ** 2)
        deviation = (spread - variance) / math.sqrt((fourth - variance**2) / DRAWS)
        assert 2 * stats.norm.sf(abs(deviation)) > EACH


@pytest.mark.parametrize(("n", "p"), INVERTED)
def test_rare_outcomes_come_from_the_uppermost_uniform_numbers(n, p):
    """Inversion from 0 upwards: the rarer outcome occurs if the uniform number is >= (1 - q)^n."""
    count = 2_000_000 if rarer_outcome(n, p) < 5e-4 else 20_000
    values = stream().binomial(count, n, p)
    rare = n - values if p > 0.5 else values
    bound = math.exp(n * math.log1p(-min(p, 1 - p)))
    np.testing.assert_array_equal(rare > 0, stream().uniform(count) >= bound)


@pytest.mark.parametrize(
    ("event", "position", "missing"),
    # Uniform numbers of the stream KEY (of 6e9 that were looked through) and how much they miss 1.
    [
        (944821461, 3, 5.13509e-10),
        (515282922, 1, 8.02176e-10),
        (1007527888, 2, 1.08416e-09),
        (334220644, 1, 1.51027e-09),
        (976870992, 2, 2.02445e-09),
    ],
)
def test_probabilities_of_a_billionth(event, position, missing):
    def at_position():
        found = stream(event=event)
        found.words(position)
        return found

    assert 1 - at_position().uniform(1)[0] == pytest.approx(missing, rel=1e-5)
    for n in (1, 2):
        assert at_position().binomial(1, n, 1e-9)[0] == (missing <= n * 1e-9)
        assert at_position().binomial(1, n, 1 - 1e-9)[0] == n - (missing <= n * 1e-9)


@pytest.mark.parametrize("n", [0, *SIZES])
def test_certain_outcomes(n):
    for p, certain in ((0.0, 0), (-0.1, 0), (1.0, n), (1.5, n)):
        assert (stream().binomial(1000, n, p) == certain).all()
