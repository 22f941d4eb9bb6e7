"""Intervals: against published values, SciPy, and what 95 % is supposed to mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from striate.evaluate.intervals import bootstrap, bootstrap_mean, percentiles, wilson


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_values_of_newcombes_table(successes: int, n: int, low: float, high: float) -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, Table I, method 3
    interval = wilson(successes, n)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


@given(st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.9, 0.99]))
def test_wilson_is_scipys(pair: tuple[int, int], level: float) -> None:
    successes, n = pair
    expected = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    interval = wilson(successes, n, level)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1
    assert interval.low < interval.high


def test_without_pictures_there_is_no_share_but_a_reason() -> None:
    assert wilson(0, 0, reason="no pictures of this class").to_dict() == {
        "value": None,
        "low": None,
        "high": None,
        "interval": "wilson",
        "reason": "no pictures of this class",
    }


def test_a_found_interval_says_no_reason() -> None:
    assert list(wilson(3, 4).to_dict()) == ["value", "low", "high", "interval"]


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_wilson_holds_the_truth_as_often_as_it_says(share: float) -> None:
    n = 400
    chances = stats.binom.pmf(np.arange(n + 1), n, share)
    intervals = [wilson(k, n) for k in range(n + 1)]
    held = sum(chance for chance, found in zip(chances, intervals, strict=True) if found.low <= share <= found.high)
    assert 0.93 < held < 0.97


def test_the_bootstrap_of_a_mean_is_scipys_bca() -> None:
    values = np.random.default_rng(3).lognormal(0.0, 1.5, 30)  # skewed: plain percentiles say 1.4 to 18, not 2.1 to 29
    found = bootstrap_mean(values, resamples=50_000, seed=1)
    expected = stats.bootstrap((values,), np.mean, n_resamples=50_000, method="BCa", rng=2).confidence_interval
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=0.02)


def test_the_bootstrap_of_any_statistic_is_scipys_percentile() -> None:
    values = np.random.default_rng(4).normal(size=101)
    found = bootstrap(lambda rows: np.median(values[rows], axis=1), len(values), resamples=5000)
    expected = stats.bootstrap((values,), np.median, n_resamples=5000, method="percentile", rng=2).confidence_interval
    assert found.value == np.median(values)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.05)


def test_the_bootstrap_depends_on_the_seed_and_on_nothing_else() -> None:
    values = np.random.default_rng(5).exponential(size=50)
    assert bootstrap_mean(values, seed=1) == bootstrap_mean(values[::-1], seed=1)
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values, seed=2)


def test_the_bootstrap_of_a_mean_holds_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(6)
    intervals = [bootstrap_mean(generator.exponential(1.0, 200), resamples=400, seed=i) for i in range(400)]
    held = np.mean([found.low <= 1.0 <= found.high for found in intervals])
    assert 0.91 < held < 0.98


def test_equal_values_leave_no_doubt_about_their_mean() -> None:
    found = bootstrap_mean(np.full(30, np.log(10)))
    assert found.low == found.value == found.high == pytest.approx(np.log(10))


@pytest.mark.parametrize(("values", "reason"), [([], "no pictures"), ([0.5], "one picture shows no spread")])
def test_too_few_values_have_no_limits_but_a_reason(values: list[float], reason: str) -> None:
    found = bootstrap_mean(np.array(values))
    assert (found.value, found.low, found.reason) == (values[0] if values else None, None, reason)


def test_an_interval_of_draws_always_holds_the_value() -> None:
    found = percentiles(1.0, np.linspace(0.5, 0.9, 100))
    assert found.high == found.value == 1.0
