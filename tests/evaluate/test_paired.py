"""Paired comparisons: against SciPy, closed forms, statsmodels where it is there, and what 5 % is supposed to mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from striate.evaluate.intervals import wilson
from striate.evaluate.paired import (
    accuracy_over_trainings,
    bootstrap_difference,
    compare,
    holm,
    mcnemar,
    resampled_means,
)

COUNTS = st.tuples(st.integers(0, 4000), st.integers(0, 4000))


@given(COUNTS)
def test_the_exact_test_is_scipys_binomial_test(counts: tuple[int, int]) -> None:
    one, other = counts
    expected = stats.binomtest(min(counts), one + other).pvalue if sum(counts) else 1.0
    assert mcnemar(one, other, "exact") == pytest.approx(expected, rel=1e-9)


@given(COUNTS)
def test_mid_p_counts_half_of_what_was_seen(counts: tuple[int, int]) -> None:
    one, other = counts
    seen = stats.binom.pmf(min(counts), one + other, 0.5) if sum(counts) else 1.0
    expected = 2 * stats.binom.cdf(min(counts) - 1, one + other, 0.5) + seen  # of each of the two tails, half of that
    assert mcnemar(one, other) == pytest.approx(min(1.0, expected), rel=1e-9, abs=1e-250)  # scipy's tails end there


def test_the_chi_squared_test_is_edwards_and_is_near_the_exact_one_where_counts_are_large() -> None:
    assert mcnemar(25, 9, "chi-squared") == pytest.approx(stats.chi2.sf((25 - 9 - 1) ** 2 / 34, 1))
    assert mcnemar(620, 540, "chi-squared") == pytest.approx(mcnemar(620, 540, "exact"), rel=0.01)
    assert mcnemar(3, 3, "chi-squared") == 1.0


def test_without_a_disagreement_nothing_is_decided() -> None:
    assert [mcnemar(0, 0, method) for method in ("exact", "mid-p", "chi-squared")] == [1.0, 1.0, 1.0]


def test_the_order_of_the_two_changes_the_sign_and_nothing_else() -> None:
    generator = np.random.default_rng(1)
    one, other = generator.random((2, 300)) < [[0.9], [0.8]]
    forth, back = compare(one, other), compare(other, one)
    assert back.p == forth.p
    assert (back.difference, back.only_first) == (-forth.difference, forth.only_second)
    assert (back.low, back.high) == pytest.approx((-forth.high, -forth.low), abs=0.005)
    assert forth.turned().turned() == forth


def test_holm_gives_the_values_of_the_plain_rule() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_rejects_one_after_the_other_until_one_stands(p_values: list[float]) -> None:
    adjusted, left, standing = holm(p_values), len(p_values), False
    for number in np.argsort(p_values, kind="stable"):
        standing = standing or min(1.0, left * p_values[number]) > 0.05
        assert (adjusted[number] > 0.05) == standing
        left -= 1


def test_the_resampled_means_are_scipys_bootstrap() -> None:
    values = np.random.default_rng(2).choice([-1.0, 0.0, 1.0], 400, p=[0.05, 0.8, 0.15])
    found = np.quantile(resampled_means(values, resamples=20_000), [0.025, 0.975])
    expected = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=3).confidence_interval
    assert found == pytest.approx([expected.low, expected.high], abs=0.004)


def test_the_difference_is_that_of_the_accuracies_and_lies_between_its_limits() -> None:
    one, other = np.array([1, 1, 1, 0, 1], bool), np.array([1, 0, 0, 0, 1], bool)
    found = bootstrap_difference(one, other, seed=1)
    assert found.value == pytest.approx(0.4)
    assert found.low < 0.4 < found.high
    assert bootstrap_difference(one, other, seed=1) == found


def test_recognizers_that_never_disagreed_may_still_differ_a_little() -> None:
    found = compare(np.ones(200, bool), np.ones(200, bool))
    assert (found.difference, found.p) == (0.0, 1.0)
    assert -0.02 < found.low < 0 < found.high < 0.02


@pytest.mark.parametrize(("only_first", "only_second"), [(0.02, 0.02), (0.10, 0.06), (0.01, 0.0)])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(only_first: float, only_second: float) -> None:
    generator, pictures, truth = np.random.default_rng(4), 250, only_first - only_second
    held = 0
    for trial in range(200):
        drawn = generator.random(pictures)
        one = drawn < 0.8 + only_first
        other = (drawn < 0.8) | (drawn > 1 - only_second)
        found = bootstrap_difference(one, other, resamples=500, seed=trial)
        held += found.low <= truth <= found.high
    assert 0.91 < held / 200 <= 1.0


@pytest.mark.parametrize("trainings", [1, 3])
def test_equals_are_told_apart_in_about_five_percent_of_comparisons(trainings: int) -> None:
    generator = np.random.default_rng(5)
    misled = 0
    for trial in range(250):
        hard = generator.random(200)  # both fail on the same pictures, mostly, and either training has its own luck
        pair = [
            [hard + generator.normal(generator.normal(0, 0.02), 0.3, 200) < 0.9 for _ in range(trainings)]
            for _ in range(2)
        ]
        misled += compare(*pair, seed=trial).p < 0.05
    if trainings == 1:  # what another training would bring is not in McNemar's test, so it errs more often here
        assert 0.03 < misled / 250 < 0.16
    else:
        assert misled / 250 < 0.07


def test_many_trainings_are_welchs_t_test_where_pictures_are_all_alike() -> None:
    one = np.repeat(np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]], bool), 2500, axis=1)
    other = np.repeat(np.array([[1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 1, 0]], bool), 2500, axis=1)
    expected = stats.ttest_ind(one.mean(1), other.mean(1), equal_var=False)
    found = compare(one, other)
    assert found.p == pytest.approx(expected.pvalue, rel=0.02)  # 10,000 pictures add next to nothing
    assert found.low < found.difference < found.high
    assert "trainings" in found.method


def test_of_one_training_against_many_the_spread_of_the_many_stands_for_both() -> None:
    many = np.array([[True] * 90 + [False] * 10, [True] * 80 + [False] * 20, [True] * 85 + [False] * 15])
    alone = compare(many[0], many[2])
    both = compare(many, many[2])
    assert both.high - both.low > alone.high - alone.low


def test_the_accuracy_of_many_trainings_has_a_wider_interval_than_that_of_one() -> None:
    right = np.random.default_rng(7).random((4, 500)) < np.array([[0.86], [0.9], [0.94], [0.9]])
    found = accuracy_over_trainings(right)
    assert found.value == pytest.approx(right.mean())
    assert found.high - found.low > 0.05
    assert accuracy_over_trainings(np.ones((3, 50), bool)).to_dict()["high"] == 1.0


def test_trainings_that_all_agree_are_no_more_certain_than_their_pictures() -> None:
    perfect = accuracy_over_trainings(np.ones((3, 14), bool))
    assert (perfect.low, perfect.high) == (wilson(14, 14).low, 1.0)
    alike = accuracy_over_trainings(np.array([[True] * 28 + [False] * 2] * 2))
    assert alike.low == pytest.approx(wilson(28, 30).low)
    never_apart = compare(np.ones((2, 14), bool), np.ones((3, 14), bool))
    assert never_apart.low < 0 < never_apart.high
    assert never_apart.p == 1.0


def test_other_pictures_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="3 and 4 pictures"):
        compare([True] * 3, [True] * 4)


@pytest.mark.reference
def test_mcnemar_and_holm_are_those_of_statsmodels() -> None:
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    for one, other in ((3, 9), (25, 9), (140, 190)):
        counts = [[500, one], [other, 60]]
        assert mcnemar(one, other, "exact") == pytest.approx(tables.mcnemar(counts, exact=True).pvalue)
        chi_squared = tables.mcnemar(counts, exact=False, correction=True).pvalue
        assert mcnemar(one, other, "chi-squared") == pytest.approx(chi_squared)
    p_values = np.random.default_rng(6).random(15) ** 3
    assert holm(p_values.tolist()) == pytest.approx(multitest.multipletests(p_values, method="holm")[1])
