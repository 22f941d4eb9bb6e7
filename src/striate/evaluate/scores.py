"""What scores say: the answer, how sure it is, what it costs, and where the truth ranks.

Scores are any real numbers, larger for likelier: logits, or minus a distance. Their softmax is taken in float64.
Of equal scores the first class wins, here as in prediction, so a network that cannot decide gains nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from striate.core.errors import DataError

Scores = NDArray[np.float64]
Values = NDArray[np.float64]
Labels = NDArray[np.int64]


def as_scores(scores: ArrayLike, num_classes: int) -> Scores:
    """Return `scores` as float64 (N, num_classes).

    Minus infinity says that a class is out of the question.

    Raises:
        DataError: another shape, or scores that are not numbers, with the first picture that has them.
    """
    array = np.asarray(scores, np.float64)
    if num_classes < 1:
        raise DataError(f"scores of shape {array.shape} for no class: name the classes, give one score each")
    if array.size == 0:
        array = array.reshape(0, num_classes)
    if array.ndim != 2 or array.shape[1] != num_classes:
        raise DataError(f"scores of shape {array.shape} for {num_classes} classes: expected (pictures, {num_classes})")
    highest = array.max(axis=1, initial=-np.inf)
    broken = np.flatnonzero(~np.isfinite(highest))  # a NaN in the row, or +inf, or nothing but -inf
    if broken.size:
        raise DataError(
            f"the scores of {broken.size} of {len(array)} pictures are not finite, first of picture {broken[0]}: "
            "the network's weights or its input are broken. Count these pictures as unanswered, or repair them."
        )
    return array


def as_labels(labels: ArrayLike, num_classes: int, count: int | None = None) -> Labels:
    """Return `labels` as int64 (N,).

    Raises:
        DataError: not `count` of them, no integers, or a label that is no class.
    """
    given = np.asarray(labels).reshape(-1)
    if given.size and given.dtype.kind not in "iu":
        raise DataError(f"labels of type {given.dtype}: expected integers, the places of the classes")
    array = given.astype(np.int64)
    if count is not None and len(array) != count:
        raise DataError(f"{len(array)} labels for the scores of {count} pictures: give one label a picture")
    if array.size and not (array.min() >= 0 and array.max() < num_classes):
        raise DataError(f"labels from {array.min()} to {array.max()} for {num_classes} classes: align the table first")
    return array


def answers(scores: Scores) -> Labels:
    """Return the class with the highest score, (N,); the first of equals."""
    winners: Labels = scores.argmax(axis=1).astype(np.int64)
    return winners


def tied(scores: Scores) -> NDArray[np.bool_]:
    """Return where more than one class has the highest score, (N,)."""
    shared: NDArray[np.bool_] = (scores == scores.max(axis=1, keepdims=True)).sum(axis=1) > 1
    return shared


def ranks(scores: Scores, labels: Labels) -> Labels:
    """Return how many classes come before the truth, (N,): higher scores, and equal ones of earlier classes."""
    own = scores[np.arange(len(labels)), labels][:, None]
    earlier = np.arange(scores.shape[1]) < labels[:, None]
    before: Labels = ((scores > own) | ((scores == own) & earlier)).sum(axis=1).astype(np.int64)
    return before


def confidences(scores: Scores, temperature: float = 1.0) -> Values:
    """Return the probability of the answer, (N,), in (0, 1]."""
    highest: Values = 1 / np.exp(_below_highest(scores) / temperature).sum(axis=1)
    return highest


def losses(scores: Scores, labels: Labels, temperature: float = 1.0) -> Values:
    """Return minus the natural logarithm of the truth's probability, (N,).

    Finite wherever the truth's score is, however far the probability underflows.
    """
    below = _below_highest(scores) / temperature
    costs: Values = np.log(np.exp(below).sum(axis=1)) - below[np.arange(len(labels)), labels]
    return costs


def _below_highest(scores: Scores) -> Scores:
    below: Scores = scores - scores.max(axis=1, keepdims=True)
    return below
