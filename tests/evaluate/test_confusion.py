"""The confusion matrix: against scikit-learn, by hand, and by simulation."""

import numpy as np
import pytest
from sklearn import metrics

from striate.evaluate.confusion import Confusion, averages, confused_pairs, count, f1, per_class

NAMES = ("a", "b", "c", "d")


def drawn(n: int = 200, *, share: float = 0.7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])
    return labels, np.where(generator.random(n) < share, labels, generator.integers(0, 4, n))


def test_matrix_and_class_values_are_scikit_learns() -> None:
    labels, answers = drawn()
    confusion = count(labels, answers, 4)
    found = per_class(confusion, NAMES)
    assert np.array_equal(confusion.matrix, metrics.confusion_matrix(labels, answers))
    for name, expected in zip(
        ("precision", "recall", "f1"), metrics.precision_recall_fscore_support(labels, answers), strict=False
    ):
        assert [row[name]["value"] for row in found] == pytest.approx(expected)


def test_averages_are_scikit_learns() -> None:
    labels, answers = drawn()
    found = averages(count(labels, answers, 4))
    assert found["macro_f1"]["value"] == pytest.approx(metrics.f1_score(labels, answers, average="macro"))
    assert found["balanced_accuracy"]["value"] == pytest.approx(metrics.balanced_accuracy_score(labels, answers))


def test_averages_leave_out_classes_without_pictures_and_say_how_many_are_left() -> None:
    labels, answers = drawn()
    kept = labels != 2
    found = averages(count(labels[kept], answers[kept], 4))
    expected = metrics.f1_score(labels[kept], answers[kept], labels=[0, 1, 3], average="macro")
    assert (answers[kept] == 2).any()
    assert found["macro_f1"]["value"] == pytest.approx(expected)
    assert found["macro_f1"]["classes"] == found["balanced_accuracy"]["classes"] == 3


def test_unanswered_pictures_count_against_recall_and_f1_but_no_precision() -> None:
    labels, answers = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
    (first, _, *_), missing = per_class(count(labels, answers, 4, np.array([0, 0])), NAMES), np.array([0, 0])
    assert first["recall"]["value"] == 2 / 4
    assert first["precision"]["value"] == 2 / 3
    assert first["f1"]["value"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 2))
    assert (first["pictures"], first["unanswered"]) == (4, 2)
    assert np.array_equal(count(labels, answers, 4, missing).pictures, [4, 2, 0, 0])


def test_what_a_class_cannot_have_is_none_with_its_reason() -> None:
    never_seen, never_said = per_class(count(np.array([1, 1]), np.array([0, 0]), 2), NAMES[:2])
    assert never_seen["recall"]["value"] is None
    assert never_seen["recall"]["reason"] == never_seen["f1"]["reason"] == "no pictures of this class"
    assert never_seen["precision"]["value"] == 0
    assert never_said["precision"]["reason"] == "never the answer"
    assert never_said["recall"]["value"] == never_said["f1"]["value"] == 0


def test_f1_without_a_mistake_still_has_doubt() -> None:
    found = f1(27, 27, 27)
    assert found.value == found.high == 1.0
    assert 0.9 < found.low < 0.95


def test_averages_without_a_mistake_still_have_doubt_about_as_much_as_the_accuracy() -> None:
    confusion = Confusion(np.diag([27] * 10), np.zeros(10, np.int64))
    for found in averages(confusion).values():
        assert found["value"] == found["high"] == 1.0
        assert 0.975 < found["low"] < 0.99  # Wilson's for 270 of 270 is 0.986


def test_a_single_class_is_always_right() -> None:
    found = averages(Confusion(np.array([[5]]), np.array([0])))["macro_f1"]
    assert (found["value"], found["low"], found["high"]) == (1.0, 1.0, 1.0)


def test_without_pictures_there_are_no_averages() -> None:
    found = averages(Confusion(np.zeros((2, 2), np.int64), np.zeros(2, np.int64)))
    assert found["macro_f1"]["value"] is None
    assert found["balanced_accuracy"]["reason"] == "no pictures"


def test_drawing_counts_spreads_like_drawing_pictures() -> None:
    labels, answers = drawn(4000)
    found = averages(count(labels, answers, 4))["balanced_accuracy"]
    generator = np.random.default_rng(0)
    recalls = []
    for label in range(4):
        right = (answers == labels)[labels == label]
        recalls.append(right[generator.integers(0, len(right), (2000, len(right)))].mean(axis=1))
    expected = np.quantile(np.mean(recalls, axis=0), [0.025, 0.975])
    assert (found["low"], found["high"]) == pytest.approx(expected, abs=0.004)


@pytest.mark.parametrize(("pictures", "share"), [(30, 0.9), (200, 0.97)])
def test_intervals_hold_the_truth_about_as_often_as_they_say(pictures: int, share: float) -> None:
    # Every class alike, so macro F1, balanced accuracy and each F1 are all `share`.
    chances = np.full((5, 5), (1 - share) / 4)
    np.fill_diagonal(chances, share)
    generator = np.random.default_rng(7)
    held: dict[str, list[bool]] = {"macro_f1": [], "balanced_accuracy": [], "f1": []}
    for seed in range(200):
        matrix = generator.multinomial(pictures, chances)
        confusion = Confusion(matrix, np.zeros(5, np.int64))
        found = averages(confusion, seed=seed, resamples=300)
        held["f1"].append((one := f1(matrix[0, 0], pictures, matrix[:, 0].sum())).low <= share <= one.high)
        for name, interval in found.items():
            held[name].append(interval["low"] <= share <= interval["high"])
    assert all(0.9 <= np.mean(each) <= 0.99 for each in held.values())


def test_confused_pairs_come_most_frequent_first() -> None:
    matrix = np.array([[5, 3, 0], [1, 8, 0], [0, 4, 4]])
    pairs = confused_pairs(Confusion(matrix, np.zeros(3, np.int64)), NAMES[:3], limit=2)
    assert [(pair["truth"], pair["answer"], pair["pictures"]) for pair in pairs] == [("c", "b", 4), ("a", "b", 3)]
    assert pairs[0]["share"]["value"] == 0.5


def test_without_confusion_there_are_no_pairs() -> None:
    assert confused_pairs(Confusion(np.diag([3, 4]), np.zeros(2, np.int64)), NAMES[:2]) == []
