"""Calibration: by hand, against its null band, and temperatures that are known."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from striate.core.errors import DataError
from striate.evaluate import calibration
from striate.evaluate import scores as scoring
from striate.evaluate.calibration import calibration_errors, describe, fit_temperature, reliability


def calibrated(n: int, classes: int = 10, *, spread: float = 3.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and labels drawn from their very probabilities."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(0, spread, (n, classes))
    labels = (softmax(scores, axis=1).cumsum(axis=1) > generator.random((n, 1))).argmax(axis=1)
    return scores, labels


def test_the_error_is_the_weighted_gap_of_the_bins() -> None:
    # [0.4667, 0.5333): 0.5 with 1 of 2 right; [0.8667, 0.9333): 0.9 with 0 of 2 right
    found = calibration_errors(np.array([0.5, 0.5, 0.9, 0.9]), np.array([True, False, False, False]))
    assert found["equal_width"]["ece"] == pytest.approx(0.5 * 0 + 0.5 * 0.9)


def test_a_confidence_of_1_belongs_to_the_last_bin() -> None:
    # One bin with two pictures, 0.975 on average, one right: not two bins with gaps of 0.05 and 1.
    confidences, right = np.array([0.95, 1.0]), np.array([True, False])
    assert calibration_errors(confidences, right)["equal_width"]["ece"] == pytest.approx(0.475)
    assert [bar["pictures"] for bar in reliability(confidences, right)] == [0] * 14 + [2]


def test_an_edge_belongs_to_the_bin_above_it_and_nothing_is_lost() -> None:
    edges = np.linspace(0, 1, 16)
    assert [bar["pictures"] for bar in reliability(edges, edges > 0.5)] == [1] * 14 + [2]


def test_bars_say_pictures_confidence_and_accuracy_with_interval() -> None:
    bar = reliability(np.array([0.82, 0.84, 0.86, 0.2]), np.array([True, True, False, False]))[12]
    assert (bar["from"], bar["to"]) == pytest.approx((0.8, 13 / 15))
    assert bar["pictures"] == 3
    assert bar["confidence"] == pytest.approx(0.84)
    assert bar["accuracy"]["value"] == pytest.approx(2 / 3)
    assert bar["accuracy"]["interval"] == "wilson"


@pytest.mark.parametrize(("n", "expected"), [(100, 0.089), (500, 0.040), (2000, 0.020), (10_000, 0.009)])
def test_the_null_of_a_network_sure_by_half_to_all_shrinks_with_the_root_of_the_pictures(
    n: int, expected: float
) -> None:
    confidences = np.random.default_rng(0).uniform(0.5, 1, n)
    null = calibration_errors(confidences, np.ones(n, bool))["equal_width"]["null"]
    shares = np.bincount((confidences * 15).astype(int)) / n
    middles = (np.arange(15) + 0.5) / 15
    closed_form = np.sqrt(2 / np.pi / n) * np.sqrt(shares * middles * (1 - middles)).sum()
    assert null["median"] == pytest.approx(closed_form, rel=0.05)
    assert null["median"] == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("binning", ["equal_width", "equal_mass"])
def test_labels_drawn_from_the_probabilities_lie_in_the_band_as_often_as_it_says(binning: str) -> None:
    inside, exceeding = [], []
    for seed in range(200):
        scores, labels = calibrated(300, seed=seed)
        right = scoring.answers(scores) == labels
        found = calibration_errors(scoring.confidences(scores), right, seed=seed, resamples=300)[binning]
        inside.append(found["null"]["low"] <= found["ece"] <= found["null"]["high"])
        exceeding.append(found["exceeds_null"])
    assert 0.9 <= np.mean(inside) <= 0.99
    assert np.mean(exceeding) <= 0.06


def test_a_network_three_times_too_sure_exceeds_the_band_until_scaled() -> None:
    scores, labels = calibrated(2000)
    temperature = fit_temperature(3 * scores[:1000], labels[:1000])
    found = describe(3 * scores[1000:], labels[1000:], temperature=temperature)
    assert found["exceeds_null"]
    assert found["equal_mass"]["exceeds_null"]
    assert not found["exceeds_null_scaled"]
    assert found["ece_scaled"] < found["ece"] / 3
    assert found["loss_scaled"]["value"] == pytest.approx(
        scoring.losses(3 * scores[1000:], labels[1000:], temperature).mean()
    )


def test_equal_confidences_share_a_bin_of_equal_mass() -> None:
    confidences = np.repeat([0.6, 1.0], [10, 90])
    right = np.arange(100) % 2 == 0
    assert calibration_errors(confidences, right)["equal_mass"]["ece"] == pytest.approx(0.1 * 0.1 + 0.9 * 0.5)


def test_bins_of_equal_mass_see_what_one_wide_bin_averages_away() -> None:
    confidences = np.linspace(0.94, 0.999, 150)
    right = np.ones(150, bool)
    right[75:80] = False  # among the ten of the eighth bin of equal mass
    found = calibration_errors(confidences, right)
    groups = np.abs(right.reshape(15, 10).mean(axis=1) - confidences.reshape(15, 10).mean(axis=1))
    assert found["equal_mass"]["ece"] == pytest.approx(groups.mean())
    assert found["equal_width"]["ece"] == pytest.approx(abs(right.mean() - confidences.mean()))


def test_certainty_that_is_once_wrong_exceeds_any_band() -> None:
    found = calibration_errors(np.ones(50), np.arange(50) > 0)["equal_width"]
    assert found["null"] == {"median": 0.0, "low": 0.0, "high": 0.0}
    assert found["exceeds_null"]


def test_without_a_temperature_nothing_is_scaled() -> None:
    found = describe(*calibrated(50))
    assert found["temperature"] is None
    assert all(value is None for name, value in found.items() if name.endswith("_scaled"))


@pytest.mark.parametrize("factor", [0.01, 1.0, 3.0, 1000.0])
def test_the_temperature_undoes_a_factor(factor: float) -> None:
    scores, labels = calibrated(5000)
    assert fit_temperature(factor * scores, labels) == pytest.approx(factor, rel=0.05)


def test_the_temperature_minimizes_the_loss() -> None:
    scores, labels = calibrated(400, spread=1.5)
    found = fit_temperature(2 * scores, labels)
    expected = minimize_scalar(
        lambda log: scoring.losses(2 * scores, labels, np.exp(log)).mean(), bounds=(-3, 3), method="bounded"
    )
    assert np.log(found) == pytest.approx(expected.x, abs=1e-4)


def test_minus_distances_have_a_temperature_like_any_scores() -> None:
    scores, labels = calibrated(3000)
    assert fit_temperature(50 * scores - 4000, labels) == pytest.approx(50, rel=0.05)


@pytest.mark.parametrize("scale", [0.001, 1.0, 1000.0])
def test_answers_that_are_all_right_grant_no_more_than_laplaces_confidence(scale: float) -> None:
    scores, _ = calibrated(98)
    found = fit_temperature(scale * scores, scores.argmax(axis=1))
    assert scoring.confidences(scale * scores, found).mean() == pytest.approx(99 / 100, abs=1e-5)


def test_scores_that_say_less_than_nothing_become_all_but_uniform() -> None:
    scores, _ = calibrated(200)
    found = fit_temperature(scores, scores.argmin(axis=1))
    assert np.isfinite(found)
    assert scoring.confidences(scores, found).max() < 0.101


@pytest.mark.parametrize("scores", [np.zeros((5, 3)), np.zeros((0, 3)), np.ones((4, 1)), []])
def test_scores_without_differences_or_pictures_have_temperature_1(scores: np.ndarray) -> None:
    assert fit_temperature(scores, np.zeros(len(scores), int)) == 1.0


def test_classes_out_of_the_question_do_not_disturb_the_temperature() -> None:
    scores, labels = calibrated(3000)
    padded = np.concatenate([3 * scores, np.full((len(scores), 2), -np.inf)], axis=1)
    padded[0, labels[0]] = -np.inf
    assert fit_temperature(padded, labels) == pytest.approx(3, rel=0.05)


def test_broken_scores_have_no_temperature() -> None:
    with pytest.raises(DataError, match="not finite"):
        fit_temperature([[np.nan, 0.0]], [0])


def test_an_infinite_loss_is_said_and_not_cut() -> None:
    found = calibration.loss(np.array([0.1, np.inf]))
    assert found["value"] is None
    assert found["reason"] == "infinite: the truth of 1 pictures was given probability 0"
