"""Everything measured at once: against scikit-learn, under permutation, and at the edges."""

import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from striate.core.errors import DataError
from striate.evaluate.accuracy import measure
from striate.evaluate.intervals import wilson


def drawn(n: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, n)
    scores = generator.normal(size=(n, classes)).astype(np.float32)
    scores[np.arange(n), labels] += 1.5
    return scores, labels


def names(classes: int) -> list[str]:
    return [f"class {i}" for i in range(classes)]


def intervals_in(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        own = [value] if "interval" in value else []
        return own + [found for part in value.values() for found in intervals_in(part)]
    return [found for part in value for found in intervals_in(part)] if isinstance(value, list) else []


def test_values_are_scikit_learns() -> None:
    scores, labels = drawn(500, 8)
    found = measure(scores, labels, names(8))
    answers = scores.argmax(axis=1)
    probabilities = np.exp(scores.astype(float)) / np.exp(scores.astype(float)).sum(axis=1, keepdims=True)
    assert found["accuracy"]["value"] == metrics.accuracy_score(labels, answers)
    assert found["top5"]["value"] == metrics.top_k_accuracy_score(labels, scores, k=5)
    assert found["loss"]["value"] == pytest.approx(metrics.log_loss(labels, probabilities))
    assert found["macro_f1"]["value"] == pytest.approx(metrics.f1_score(labels, answers, average="macro"))
    assert found["confusion"] == metrics.confusion_matrix(labels, answers).tolist()


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 40), st.integers(1, 7), st.integers(0, 5), st.integers(0, 1000))
def test_the_order_of_the_pictures_changes_nothing(n: int, classes: int, missing: int, seed: int) -> None:
    scores, labels = drawn(n, classes, seed)
    scores = np.round(scores)  # with ties
    unanswered = np.arange(missing) % classes
    order = np.random.default_rng(seed).permutation(n)
    found = measure(scores, labels, names(classes), unanswered_labels=unanswered, temperature=1.7)
    assert found == measure(
        scores[order], labels[order], names(classes), unanswered_labels=unanswered[::-1], temperature=1.7
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 40), st.integers(1, 7), st.integers(0, 5), st.integers(0, 1000))
def test_counts_add_up_and_every_interval_holds_its_value_and_names_its_method(
    n: int, classes: int, missing: int, seed: int
) -> None:
    scores, labels = drawn(n, classes, seed)
    found = measure(scores, labels, names(classes), unanswered_labels=np.arange(missing) % classes)
    assert found["pictures"] == n + missing == sum(row["pictures"] for row in found["per_class"])
    for row, cells in zip(found["per_class"], found["confusion"], strict=True):
        assert sum(cells) + row["unanswered"] == row["pictures"]
    assert ("top5" in found) == (classes > 5)
    for interval in intervals_in(found):
        assert interval["interval"] in {"wilson", "bootstrap"}
        if interval["low"] is None:
            assert interval["reason"]
        else:
            assert interval["low"] <= interval["value"] <= interval["high"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 5))
def test_an_unanswered_picture_lowers_what_counts_it_and_leaves_the_rest(seed: int, label: int) -> None:
    scores, labels = drawn(60, 6, seed)
    without = measure(scores, labels, names(6))
    found = measure(scores, labels, names(6), unanswered_labels=[label])
    for name in ("accuracy", "top5"):
        assert found[name]["value"] == pytest.approx(without[name]["value"] * 60 / 61)
    for name in ("macro_f1", "balanced_accuracy"):
        assert found[name]["value"] < without[name]["value"] or not without["confusion"][label][label]
    assert found["unanswered"] == 1
    for name in ("loss", "calibration", "confusion", "ties"):
        assert found[name] == without[name]


def test_accuracy_has_wilsons_interval_over_all_pictures() -> None:
    found = measure(np.eye(4)[[0, 1, 2, 3]], [0, 1, 2, 0], names(4), unanswered_labels=[3])
    assert found["accuracy"] == wilson(3, 5).to_dict()


def test_a_network_that_cannot_decide_is_given_the_first_class_and_no_more() -> None:
    labels = np.repeat(np.arange(10), [3, *[7] * 9])
    found = measure(np.zeros((66, 10)), labels, names(10))
    assert found["ties"] == 66
    assert found["accuracy"]["value"] == 3 / 66
    assert found["top5"]["value"] == (3 + 4 * 7) / 66
    assert found["balanced_accuracy"]["value"] == pytest.approx(0.1)
    assert found["loss"]["value"] == pytest.approx(np.log(10))


def test_without_any_picture_every_value_is_none_with_a_reason() -> None:
    found = measure(np.zeros((0, 3)), [], names(3))
    assert all(interval["value"] is None and interval["reason"] for interval in intervals_in(found))
    assert found["calibration"]["ece"] is None


def test_if_no_picture_was_answered_accuracy_is_0_and_there_is_no_loss() -> None:
    found = measure([], [], names(3), unanswered_labels=[0, 1, 2])
    assert found["accuracy"]["value"] == found["balanced_accuracy"]["value"] == 0
    assert found["loss"]["reason"] == "no picture was answered"


def test_a_seed_repeats_every_number_and_another_moves_only_the_drawn_ones() -> None:
    scores, labels = drawn(100, 3)
    first, second = measure(scores, labels, names(3), seed=1), measure(scores, labels, names(3), seed=2)
    assert first == measure(scores, labels, names(3), seed=1)
    assert first["loss"]["high"] != second["loss"]["high"]
    assert first["calibration"]["null"] != second["calibration"]["null"]
    assert first["accuracy"] == second["accuracy"]


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_is_none_is_refused(temperature: float) -> None:
    with pytest.raises(DataError, match="temperature"):
        measure([[0.0, 1.0]], [1], names(2), temperature=temperature)


def test_ten_thousand_pictures_take_about_a_second_at_most() -> None:
    scores, labels = drawn(10_000, 10)
    began = time.perf_counter()
    measure(scores, labels, names(10), temperature=1.5)
    assert time.perf_counter() - began < 5  # 0.4 s on a quiet core; five leave room for a busy machine
