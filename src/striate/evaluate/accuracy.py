"""How good the answers on a set of pictures are: everything that `metrics.json` says about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from striate.core.errors import DataError
from striate.evaluate import calibration
from striate.evaluate import scores as scoring
from striate.evaluate.confusion import averages, count, per_class
from striate.evaluate.intervals import LEVEL, RESAMPLES, wilson

METHODS = {
    "level": LEVEL,
    "wilson": "Wilson's score interval; for F1 that of the share right among the pictures of the class or taken for it",
    "bootstrap": (
        f"{RESAMPLES} resamples: bias-corrected and accelerated for losses; for averages over classes percentiles, "
        "the pictures of each class kept in number, with two right and two wrong answers mixed in"
    ),
}


def measure(
    scores: ArrayLike,
    labels: ArrayLike,
    classes: Sequence[str],
    *,
    unanswered_labels: ArrayLike = (),
    temperature: float | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure the answers to a set of pictures.

    A picture without an answer counts as wrong in accuracy, top-5, recall, F1 and their averages; loss, precision
    and calibration are over the answered ones. Of equal scores the first class is the answer, as in prediction;
    `ties` says how many pictures that concerns. Nothing depends on the order of the pictures.

    Args:
        scores: (N, K) of the answered pictures: any real numbers, larger for likelier.
        labels: (N,) their truth, in [0, K).
        classes: the K names in label order.
        unanswered_labels: (M,) the truth of the pictures without an answer, such as unreadable ones.
        temperature: fitted on other pictures; the calibration is then measured with and without it. Everything
            else is without: no answer changes, only its probability.
        seed: of the bootstrap and the null band.

    Returns:
        Plain data for JSON, without NaN or infinity: a value that does not exist is None, with its reason.
        `loss` is the mean negative natural logarithm of the truth's softmax probability; `confusion` has the truth
        in rows; `top5` is there with more than 5 classes.

    Raises:
        DataError: shapes or labels that do not fit, or scores that are not finite.
    """
    if temperature is not None and not (np.isfinite(temperature) and temperature > 0):
        raise DataError(f"temperature {temperature}: must be a number above 0; fit it with fit_temperature")
    checked = scoring.as_scores(scores, len(classes))
    truths = scoring.as_labels(labels, len(classes), len(checked))
    missing = scoring.as_labels(unanswered_labels, len(classes))
    ranks = scoring.ranks(checked, truths)
    pictures = len(truths) + len(missing)
    tops = {"accuracy": 1, "top5": 5} if len(classes) > 5 else {"accuracy": 1}
    confusion = count(truths, scoring.answers(checked), len(classes), missing)
    return {
        "pictures": pictures,
        "unanswered": len(missing),
        "ties": int(scoring.tied(checked).sum()),
        **{name: wilson(int((ranks < top).sum()), pictures).to_dict() for name, top in tops.items()},
        "loss": calibration.loss(scoring.losses(checked, truths), seed=seed),
        **averages(confusion, seed=seed),
        "per_class": per_class(confusion, classes),
        "confusion": confusion.matrix.tolist(),
        "calibration": calibration.describe(checked, truths, temperature=temperature, seed=seed),
        "intervals": dict(METHODS),
    }
