"""Random numbers that are drawn for many cohorts at once: generator, addresses, distributions."""

import math

import numpy as np
import pytest
from scipy import stats
from significance import ALPHA, chi_squared_p, ks_p

import mesopop as mp
from mesopop import _core
from reference import KeyedDraws
from reference.lanes import NORMAL_VARIANCE, lane_uniforms, normal_pairs, philox4x32

# From tests/kat_vectors of Random123 (Salmon et al., SC'11): counter, key, result.
KNOWN_ANSWERS = [
    ("0 0 0 0", "0 0", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    (  # digits of pi
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN_ANSWERS)
def test_known_answers(counter, key, result):
    counter, key, result = ([int(w, 16) for w in text.split()] for text in (counter, key, result))
    assert _core.philox4x32(counter, key) == result
    assert philox4x32(np.array(counter, np.uint64), tuple(key)).tolist() == result


def test_every_part_of_the_address_matters():
    def first(seed=0, trial=0, population=1, event=3):
        return KeyedDraws(seed, trial)._lane_uniforms(6, population, event, 8).ravel()

    whole = first()
    assert np.unique(whole).size == 16
    changes = ({"seed": 1}, {"trial": 1}, {"population": 2}, {"event": 4}, {"event": 3 + 2**40})
    for change in changes:
        assert np.intersect1d(first(**change), whole).size == 0


def test_lanes_and_events_are_independent_normals():
    words = np.array([11, 12], np.uint64)
    z = np.stack([normal_pairs(lane_uniforms(words, event, 40)) for event in range(5000)])
    assert ks_p(z.ravel(), stats.norm()) > ALPHA
    for a, b in (
        (z[..., 0], z[..., 1]),  # of a pair
        (z[:, 1:], z[:, :-1]),  # of neighbouring lanes
        (z[1:], z[:-1]),  # of successive events
        (z[..., 0] ** 2 - 1, z[..., 1] ** 2 - 1),
    ):
        product = (a * b).ravel()
        deviation = product.mean() / (product.std() / math.sqrt(product.size))
        assert 2 * stats.norm.sf(abs(deviation)) > ALPHA / 4


# --- Numbers of spikes ---------------------------------------------------------------------------


def spikes(n, p, lanes, events, instruction_set="auto"):
    count, hazard = [float(n)] * lanes, [-math.log1p(-p)] * lanes
    return np.concatenate(
        [
            _core.cohort_spikes(
                key=(1, 2),
                trial=0,
                population=0,
                step=event,
                count=count,
                hazard=hazard,
                instruction_set=instruction_set,
            )
            for event in range(events)
        ]
    )


LAWS = [
    (1, 0.3),
    (7, 0.5),
    (40, 0.9),
    (100, 0.01),
    (1000, 0.01),
    (50, 0.3),
    (1500, 0.99),
    (10**6, 1e-6),
    (10**6, 15e-6),
    (300, 0.06),  # here and below as normal numbers
    (10**4, 0.5),
    (10**6, 0.999),
]


@pytest.mark.parametrize(("n", "p"), LAWS)
def test_law_of_the_numbers_of_spikes(n, p):
    """An error of 1.3e-4 of the distribution function is invisible among 400,000 numbers."""
    values = spikes(n, p, lanes=40, events=10_000)
    law = stats.binom(n, p)
    low, high = int(law.ppf(1e-12)), int(law.ppf(1 - 1e-12))
    observed = np.bincount((np.clip(values, low, high) - low).astype(int), minlength=high - low + 1)
    expected = values.size * law.pmf(np.arange(low, high + 1))
    assert chi_squared_p(observed, expected) > ALPHA / len(LAWS)


def test_all_or_none_fire():
    for hazard, fired in ((0.0, 0.0), (800.0, 1.0)):
        for n in (0.0, 1.0, 30.0, 1e7):
            (k,) = _core.cohort_spikes(
                key=(1, 2),
                trial=0,
                population=0,
                step=0,
                count=[n],
                hazard=[hazard],
                instruction_set="auto",
            )
            assert k == fired * n


@pytest.mark.parametrize(
    "instruction_set", [s for s in mp.build_info()["instruction_sets"] if s != "baseline"]
)
def test_instruction_sets_give_the_same_numbers(instruction_set):
    for n, p in LAWS:
        try:
            values = spikes(n, p, 33, 20, instruction_set)
        except ValueError:
            pytest.skip("not supported by this processor")
        np.testing.assert_array_equal(values, spikes(n, p, 33, 20, "baseline"))


@pytest.mark.parametrize("p", [1e-7, 1e-3, 0.05, 0.2, 0.5, 0.8, 0.99, 1 - 1e-6])
@pytest.mark.parametrize("variance", [NORMAL_VARIANCE, 30.0, 200.0, 5000.0])
def test_distance_of_the_normal_numbers_from_the_binomial_law(variance, p):
    """Of the distribution that the expansion has if the normal number is exact."""
    n = math.ceil(variance / (p * (1 - p)))
    sd = math.sqrt(n * p * (1 - p))
    assert np.all(np.diff(_core.binomial_quantile(n, p, np.linspace(-8.5, 8.5, 100_001))) >= 0)
    # The normal number from which on more than k are drawn, for every k that occurs: bisection.
    lowest, highest = (int(_core.binomial_quantile(n, p, z)) for z in (-8.5, 8.5))
    k = np.arange(lowest, highest)
    below, above = np.full(k.size, -8.5), np.full(k.size, 8.5)
    for _ in range(60):
        middle = (below + above) / 2
        more = _core.binomial_quantile(n, p, middle) > k
        below, above = np.where(more, below, middle), np.where(more, middle, above)
    cumulative = stats.norm.cdf(above)
    assert np.abs(cumulative - stats.binom.cdf(k, n, p)).max() < 1.3e-4
    mass = np.diff(np.concatenate([[0.0], cumulative, [1.0]]))
    deviation = (np.arange(lowest, highest + 1) - n * p) / sd
    mean = deviation @ mass
    assert abs(mean) < 1e-8
    assert abs((deviation - mean) ** 2 @ mass - 1) < 2.4e-5
