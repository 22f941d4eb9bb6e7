"""Coverage against accuracy: thresholds by hand, and chosen where they are not measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.evaluate import scores as scoring
from striate.evaluate.coverage import at_threshold, curve, threshold_for, when_sure

# Probabilities of class 0 of 0.9, 0.8, 0.7, 0.6; the answer is class 0 each time, right but for the third.
SCORES = np.log([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
LABELS = np.array([0, 0, 1, 0])


def drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(n, 4))
    labels = np.where(generator.random(n) < scoring.confidences(scores), scores.argmax(axis=1), 3)
    return scores, labels


def test_the_curve_goes_from_the_surest_answer_to_all() -> None:
    points = curve(SCORES, LABELS)
    assert [point["threshold"] for point in points] == pytest.approx([0.9, 0.8, 0.7, 0.6])
    assert [point["coverage"]["value"] for point in points] == [0.25, 0.5, 0.75, 1.0]
    assert [point["accuracy"]["value"] for point in points] == pytest.approx([1, 1, 2 / 3, 3 / 4])
    assert points[-1]["accuracy"]["interval"] == "wilson"


def test_a_threshold_is_a_probability_after_scaling() -> None:
    sure = [point["threshold"] for point in curve(SCORES, LABELS, temperature=0.5)]
    assert sure == pytest.approx([0.81 / 0.82, 0.64 / 0.68, 0.49 / 0.58, 0.36 / 0.52])
    assert threshold_for(1.0, SCORES, LABELS, temperature=0.5) == pytest.approx(0.64 / 0.68)


def test_unanswered_pictures_are_never_covered() -> None:
    assert curve(SCORES, LABELS, unanswered=4)[-1]["coverage"]["value"] == 0.5
    assert at_threshold(SCORES, LABELS, 0, unanswered=4)["coverage"]["value"] == 0.5


def test_equal_confidences_are_answered_together() -> None:
    points = curve(np.zeros((6, 3)), np.array([0, 0, 0, 1, 2, 1]))
    assert [(point["coverage"]["value"], point["accuracy"]["value"]) for point in points] == [(1.0, 0.5)]


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    scores, labels = drawn(5000)
    points = curve(scores, labels, points=100)
    assert len(points) == 100
    assert points[-1]["coverage"]["value"] == 1.0
    assert points[-1]["accuracy"]["value"] == (scores.argmax(axis=1) == labels).mean()


@given(st.integers(0, 100))
def test_every_point_of_the_curve_is_what_its_threshold_gives(seed: int) -> None:
    scores, labels = drawn(30, seed)
    for point in curve(scores, labels, unanswered=2, temperature=2.0):
        assert at_threshold(scores, labels, point["threshold"], unanswered=2, temperature=2.0) == point


def test_the_threshold_is_the_one_with_the_most_answers() -> None:
    assert threshold_for(1.0, SCORES, LABELS) == pytest.approx(0.8)
    assert threshold_for(0.75, SCORES, LABELS) == pytest.approx(0.6)


def test_a_target_that_validation_never_reaches_has_no_threshold_but_a_reason() -> None:
    assert threshold_for(0.99, SCORES, np.ones(4, int)) is None
    (found,) = when_sure((SCORES, np.ones(4, int)), (SCORES, LABELS), targets=[0.99])
    assert (found["threshold"], found["test"]) == (None, None)
    assert found["reason"] == "not even the surest answers on validation are 99.0% right"


def test_the_threshold_comes_from_validation_and_the_numbers_from_test() -> None:
    (found,) = when_sure((SCORES, LABELS), (SCORES[:3], np.array([0, 1, 0])), targets=[1.0], unanswered=(0, 1))
    assert found["threshold"] == pytest.approx(0.8)
    assert found["validation"]["accuracy"]["value"] == 1.0
    assert found["test"]["accuracy"]["value"] == 0.5
    assert found["test"]["coverage"]["value"] == 0.5


def test_a_threshold_above_every_confidence_leaves_no_answers() -> None:
    found = at_threshold(SCORES, LABELS, 0.95)
    assert found["pictures"] == 0
    assert found["accuracy"]["reason"] == "no answer is so sure"


def test_without_answers_there_is_no_curve_and_no_threshold() -> None:
    assert curve(np.zeros((0, 3)), []) == []
    assert threshold_for(0.5, [], []) is None
