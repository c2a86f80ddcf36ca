"""Elementary functions of the core against extended precision.

Errors are in units in the last place (ulp) of the exact result. Every bound is the sum of the roundings
that the function cannot avoid: half an ulp each for the last addition and for what it adds, where that
is not much smaller than the result, and the spacing of numbers twice as fine just below a power of 2.
"""

import numpy as np
import pytest

from mesopop import _core

Extended = np.longdouble
pytestmark = pytest.mark.skipif(
    np.finfo(Extended).eps > 1e-18, reason="long double is no wider than double here"
)
LN2 = np.log(Extended(2))


def ulp_error(values, exact):
    """Largest error in ulp of the exact results."""
    unit = np.spacing(np.abs(exact).astype(float)).astype(Extended)
    return float(np.max(np.abs(values.astype(Extended) - exact) / unit))


def arguments(rng, low, high, count=200_000):
    """Uniform, and logarithmic from 1e-300, on both sides of 0 within (low, high)."""
    small = 10.0 ** rng.uniform(-300, 0, count)
    everywhere = np.concatenate([rng.uniform(low, high, count), small, -small])
    return everywhere[(everywhere > low) & (everywhere < high)]


def around_reduction_points(low, high):
    """Where an argument is as close to the next multiple of ln 2 as to the last."""
    points = ((np.arange(low, high) + 0.5) * LN2).astype(float)
    return (points[:, None] * (1 + np.arange(-8, 9) * 2.0**-52)).ravel()


def test_exp():
    rng = np.random.default_rng(0)
    for x in (arguments(rng, -708, 709), around_reduction_points(-1020, 1022)):
        # Half an ulp of the last addition; of its smaller argument, at most ln(2)/2 beside 1/sqrt(2),
        # two roundings of a quarter each; the polynomial.
        assert ulp_error(_core.exp(x), np.exp(x.astype(Extended))) <= 1.25


def test_expm1_of_nonpositive_numbers():
    rng = np.random.default_rng(1)
    for x in (arguments(rng, -708, 0), -np.abs(around_reduction_points(-60, 1))):
        # As exp, and one more addition that may cancel half of the result.
        values = _core.expm1_nonpositive(x)
        assert ulp_error(values, np.expm1(x.astype(Extended))) <= 1.75
        assert (values <= 0).all()
        assert (values >= -1).all()


def test_log():
    rng = np.random.default_rng(2)
    near_one = 1 + np.concatenate([arguments(rng, -0.5, 1.0), np.arange(-50, 51) * 2.0**-52])
    anywhere = 10.0 ** rng.uniform(-307.6, 308.2, 300_000)
    halves = np.sqrt(0.5) * 2.0 ** np.arange(-1000, 1000)[:, None]
    edges = (halves * (1 + np.arange(-4, 5) * 2.0**-52)).ravel()
    extremes = np.array([np.finfo(float).tiny, np.finfo(float).max])
    for x in (near_one[near_one > 0], anywhere, edges, extremes):
        # Half an ulp of the last subtraction; below 1/2, three roundings of the term after f, which
        # is a fifth of the result.
        exact = np.log(x.astype(Extended))
        assert ulp_error(_core.log(x), exact) <= 1.0
    np.testing.assert_array_equal(
        _core.log(2.0 ** np.arange(-1022, 1024)) == 0, np.arange(-1022, 1024) == 0
    )


def test_log1p():
    rng = np.random.default_rng(3)
    x = np.concatenate([arguments(rng, -1, 1), 10.0 ** rng.uniform(0, 300, 100_000)])
    # As log, and the addition of a correction that has been rounded itself.
    assert ulp_error(_core.log1p(x), np.log1p(x.astype(Extended))) <= 2.0


def test_sin_turns():
    rng = np.random.default_rng(4)
    turns = np.concatenate([rng.uniform(-2, 2, 300_000), arguments(rng, -1, 1)])
    turns = np.concatenate([turns, rng.uniform(-1e6, 1e6, 100_000)])
    # Whole turns drop out exactly; long double pi is good for the rest.
    rest = turns.astype(Extended) - np.rint(turns.astype(Extended))
    rest = np.where(rest > 0.25, 0.5 - rest, np.where(rest < -0.25, -0.5 - rest, rest))
    exact = np.sin(2 * np.arctan2(Extended(0), Extended(-1)) * rest)
    # At a quarter turn: four roundings of the factors of the second term, 0.36, and one of the sum,
    # 0.64, make three relative ones; the last product one more. Elsewhere those of 2 pi and of its
    # product count instead.
    assert ulp_error(_core.sin_turns(turns), exact) <= 4
    quarters = np.array([0, 0.25, 0.5, 0.75, 1, 1.25, -0.25, -0.5, 1e6 + 0.25])
    np.testing.assert_allclose(
        _core.sin_turns(quarters), [0, 1, 0, -1, 0, 1, -1, 0, 1], rtol=2.3e-16, atol=0
    )


def test_exact_values():
    assert _core.exp(0.0) == 1
    assert _core.exp(-0.0) == 1
    assert _core.expm1_nonpositive(0.0) == 0
    assert _core.log(1.0) == 0
    assert _core.log1p(0.0) == 0


@pytest.mark.parametrize("x", [-708.5, -1e4, -1e300, -np.inf])
def test_saturation_below(x):
    assert _core.exp(x) == _core.exp(-708.0) > 0
    assert _core.expm1_nonpositive(x) == -1


@pytest.mark.parametrize("x", [709.5, 1e4, 1e300, np.inf])
def test_saturation_above(x):
    assert _core.exp(x) == _core.exp(709.0) < np.inf


@pytest.mark.parametrize(
    "function", [_core.exp, _core.expm1_nonpositive, _core.log1p, _core.sin_turns]
)
def test_nan_stays_nan(function):
    nans = np.array([np.nan, -np.nan, 0.0 * np.inf])
    assert np.isnan(function(nans)).all()
    # Among numbers, too.
    assert np.isnan(function(np.array([0.0, np.nan, -0.1, np.nan]))).tolist() == [
        False,
        True,
        False,
        True,
    ]


def test_probabilities_of_tiny_hazards_do_not_vanish():
    hazard = 10.0 ** -np.arange(1.0, 300)
    probability = -_core.expm1_nonpositive(-hazard)
    np.testing.assert_allclose(probability, -np.expm1(-hazard), rtol=4e-16)
    assert (probability > 0).all()
