"""What scores say: stable probabilities, honest ties, and broken scores refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import log_softmax, softmax

from striate.core.errors import DataError
from striate.evaluate import scores as scoring

some_scores = arrays.arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(1, 7)), elements=st.floats(-50, 50))
few_values = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 8), st.integers(1, 7)), elements=st.sampled_from([-1.0, 0.0, 1.0])
)


@given(some_scores, st.floats(0.1, 10))
def test_confidence_and_loss_are_those_of_softmax(scores: np.ndarray, temperature: float) -> None:
    labels = np.arange(len(scores)) % scores.shape[1]
    expected = -log_softmax(scores / temperature, axis=1)[np.arange(len(scores)), labels]
    assert scoring.losses(scores, labels, temperature) == pytest.approx(expected, abs=1e-9)
    assert scoring.confidences(scores, temperature) == pytest.approx(softmax(scores / temperature, axis=1).max(axis=1))


@given(few_values)
def test_the_truth_of_rank_0_is_the_answer_and_ranks_count_through_ties(scores: np.ndarray) -> None:
    classes = scores.shape[1]
    every = [scoring.ranks(scores, np.full(len(scores), label)) for label in range(classes)]
    assert np.array_equal(np.argmin(every, axis=0), scoring.answers(scores))
    assert np.array_equal(np.sort(every, axis=0), np.tile(np.arange(classes)[:, None], len(scores)))
    assert np.array_equal(scoring.answers(scores), scores.astype(np.float32).argmax(axis=1))


def test_ties_are_found_at_the_top_only() -> None:
    assert scoring.tied(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])).tolist() == [True, False]


def test_distances_of_any_size_do_not_overflow() -> None:
    scores = scoring.as_scores(np.array([[-3e38, 0.0], [-1e6, -1e6 - 1000]], np.float32), 2)
    assert scoring.losses(scores, np.array([0, 1])) == pytest.approx([3e38, 1000], rel=1e-6)
    assert scoring.confidences(scores).tolist() == [1.0, 1.0]


def test_a_class_out_of_the_question_has_probability_0() -> None:
    scores = scoring.as_scores([[-np.inf, 0.0, 0.0]], 3)
    assert scoring.confidences(scores) == pytest.approx([0.5])
    assert scoring.losses(scores, np.array([0])).tolist() == [np.inf]


@pytest.mark.parametrize("broken", [[np.nan, 0.0], [0.0, np.nan], [np.inf, 0.0], [-np.inf, -np.inf]])
def test_scores_that_are_not_finite_are_refused_with_their_picture(broken: list[float]) -> None:
    with pytest.raises(DataError, match="1 of 2 pictures are not finite, first of picture 1"):
        scoring.as_scores([[0.0, 1.0], broken], 2)


@pytest.mark.parametrize("scores", [np.zeros((2, 3)), np.zeros(2), np.zeros((1, 2, 1))])
def test_scores_of_another_shape_are_refused(scores: np.ndarray) -> None:
    with pytest.raises(DataError, match="for 2 classes"):
        scoring.as_scores(scores, 2)


@pytest.mark.parametrize(
    ("labels", "message"),
    [([0, 2], "labels from 0 to 2 for 2 classes"), ([-1, 0], "-1"), ([0], "1 labels for"), ([0.5, 1], "integers")],
)
def test_labels_that_are_no_classes_are_refused(labels: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        scoring.as_labels(labels, 2, 2)
