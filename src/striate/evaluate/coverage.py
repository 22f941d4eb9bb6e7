"""Coverage against accuracy: how often a recognizer is right if it answers only when it is sure.

"Sure" is the probability of the answer. Coverage is the share of all pictures that get an answer, unreadable ones
included; accuracy is the share of those answers that are right. A threshold is chosen on the validation pictures and
measured on the test pictures: measured where it was chosen, it would flatter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from striate.evaluate import scores as scoring
from striate.evaluate.intervals import wilson

TARGETS = (0.9, 0.95, 0.99, 0.995)

Values = NDArray[np.float64]
Counts = NDArray[np.int64]


def curve(
    scores: ArrayLike, labels: ArrayLike, *, unanswered: int = 0, temperature: float | None = None, points: int = 200
) -> list[dict[str, Any]]:
    """Return the curve from the surest answers to all of them, as plain data.

    Args:
        scores: (N, K), of the answered pictures.
        labels: (N,).
        unanswered: how many further pictures have no answer.
        temperature: what divides the scores before softmax, if anything.
        points: at most so many, at even steps of coverage, the last one with every answer.

    Returns:
        For each point what `at_threshold` returns; the intervals hold for each point, not for the curve as a whole.
    """
    thresholds, answered, right = _thresholds(*_ordered(scores, labels, temperature))
    every = int(answered[-1]) if len(answered) else 0
    kept = np.unique(np.searchsorted(answered, np.linspace(0, every, points + 1)[1:])) if every else ()
    return [_point(float(thresholds[i]), int(answered[i]), int(right[i]), every + unanswered) for i in kept]


def at_threshold(
    scores: ArrayLike,
    labels: ArrayLike,
    threshold: float,
    *,
    unanswered: int = 0,
    temperature: float | None = None,
) -> dict[str, Any]:
    """Measure a recognizer that answers where its probability is `threshold` or more, as plain data.

    Args:
        scores: (N, K), of the answered pictures.
        labels: (N,).
        threshold: in [0, 1].
        unanswered: how many further pictures have no answer.
        temperature: what divides the scores before softmax, if anything.

    Returns:
        {"threshold", "pictures" that get an answer, "coverage", "accuracy"}, the last two with Wilson's intervals.
    """
    confidences, right = _ordered(scores, labels, temperature)
    sure = confidences >= threshold
    return _point(threshold, int(sure.sum()), int(right[sure].sum()), len(right) + unanswered)


def threshold_for(
    accuracy: float, scores: ArrayLike, labels: ArrayLike, *, temperature: float | None = None
) -> float | None:
    """Return the probability from which on answers reach `accuracy` on these pictures, with the most answers.

    Args:
        accuracy: in [0, 1].
        scores: (N, K), of pictures that will not be used to measure what comes of it.
        labels: (N,).
        temperature: what divides the scores before softmax, if anything.

    Returns:
        The threshold, or None where not even the surest answers reach `accuracy`.
    """
    thresholds, answered, right = _thresholds(*_ordered(scores, labels, temperature))
    enough = np.flatnonzero(right / answered >= accuracy)
    return float(thresholds[enough[-1]]) if enough.size else None


def when_sure(
    validation: tuple[ArrayLike, ArrayLike],
    test: tuple[ArrayLike, ArrayLike],
    *,
    targets: Sequence[float] = TARGETS,
    unanswered: tuple[int, int] = (0, 0),
    temperature: float | None = None,
) -> list[dict[str, Any]]:
    """Choose a threshold for each target accuracy on validation and measure it on test, as plain data.

    Args:
        validation: scores (N, K) and labels (N,).
        test: scores (M, K) and labels (M,).
        targets: the accuracies to reach.
        unanswered: how many further pictures have no answer, in validation and in test.
        temperature: what divides the scores before softmax, if anything.

    Returns:
        For each target {"target", "threshold", "validation", "test"}, the last two as `at_threshold` returns them;
        the threshold None and a "reason" where validation never reaches the target.
    """
    lookups: list[dict[str, Any]] = []
    for target in targets:
        threshold = threshold_for(target, *validation, temperature=temperature)
        if threshold is None:
            reason = f"not even the surest answers on validation are {target:.1%} right"
            lookups.append({"target": target, "threshold": None, "validation": None, "test": None, "reason": reason})
            continue
        measured = {
            part: at_threshold(*pictures, threshold, unanswered=missing, temperature=temperature)
            for part, pictures, missing in zip(("validation", "test"), (validation, test), unanswered, strict=True)
        }
        lookups.append({"target": target, "threshold": threshold, **measured})
    return lookups


def _ordered(scores: ArrayLike, labels: ArrayLike, temperature: float | None) -> tuple[Values, NDArray[np.bool_]]:
    # Surest first.
    num_classes = np.shape(scores)[-1] or 1
    checked = scoring.as_scores(scores, num_classes)
    truths = scoring.as_labels(labels, num_classes, len(checked))
    confidences = scoring.confidences(checked, 1.0 if temperature is None else temperature)
    order = np.argsort(-confidences, kind="stable")
    return confidences[order], (scoring.answers(checked) == truths)[order]


def _thresholds(confidences: Values, right: NDArray[np.bool_]) -> tuple[Values, Counts, Counts]:
    # Each different confidence, falling, with the answers from it upwards and the right ones of them.
    last = np.flatnonzero(np.diff(confidences, append=-1.0))
    return confidences[last], last.astype(np.int64) + 1, np.cumsum(right)[last].astype(np.int64)


def _point(threshold: float, answered: int, right: int, total: int) -> dict[str, Any]:
    return {
        "threshold": threshold,
        "pictures": answered,
        "coverage": wilson(answered, total).to_dict(),
        "accuracy": wilson(right, answered, reason="no answer is so sure").to_dict(),
    }
