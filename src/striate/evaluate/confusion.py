"""The confusion matrix and what follows from it, class by class and averaged over classes.

Rows are the truth, columns the answers. A picture without an answer is in no column: it counts against the recall
of its class and against no precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.core import seeds
from striate.evaluate.intervals import LEVEL, RESAMPLES, Interval, percentiles, unknown, wilson

Counts = NDArray[np.int64]
Values = NDArray[np.float64]

_PSEUDO = 4  # pictures added in all, half of them right


@dataclass(frozen=True, eq=False)
class Confusion:
    """Who was taken for whom.

    Args:
        matrix: (K, K), pictures of class i answered as class j.
        unanswered: (K,), pictures of class i without an answer.
    """

    matrix: Counts
    unanswered: Counts

    @property
    def right(self) -> Counts:
        """(K,) pictures of each class answered rightly."""
        return self.matrix.diagonal()

    @property
    def pictures(self) -> Counts:
        """(K,) pictures of each class, answered or not."""
        totals: Counts = self.matrix.sum(axis=1) + self.unanswered
        return totals

    @property
    def answered(self) -> Counts:
        """(K,) how often each class was the answer."""
        totals: Counts = self.matrix.sum(axis=0)
        return totals


def count(labels: Counts, answers: Counts, num_classes: int, unanswered: Counts | None = None) -> Confusion:
    """Count the answers.

    Args:
        labels: (N,) the truth of the answered pictures.
        answers: (N,) their answers.
        num_classes: K.
        unanswered: (M,) the truth of the unanswered pictures.
    """
    cells = np.bincount(labels * num_classes + answers, minlength=num_classes**2)
    missing = np.zeros(0, np.int64) if unanswered is None else unanswered
    return Confusion(
        cells.reshape(num_classes, num_classes).astype(np.int64),
        np.bincount(missing, minlength=num_classes).astype(np.int64),
    )


def per_class(confusion: Confusion, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Return precision, recall and F1 of each class, as plain data.

    A class without pictures has no recall and no F1, one that was never the answer no precision; the reason stands
    in its place.
    """
    return [
        {
            "class": name,
            "pictures": int(pictures),
            "unanswered": int(unanswered),
            "precision": wilson(int(right), int(answered), reason="never the answer").to_dict(),
            "recall": wilson(int(right), int(pictures), reason="no pictures of this class").to_dict(),
            "f1": f1(int(right), int(pictures), int(answered)).to_dict(),
        }
        for name, pictures, unanswered, right, answered in zip(
            classes, confusion.pictures, confusion.unanswered, confusion.right, confusion.answered, strict=True
        )
    ]


def f1(right: int, pictures: int, answered: int, level: float = LEVEL) -> Interval:
    """Estimate F1, the harmonic mean of precision and recall.

    Of the pictures that are of the class or were taken for it, a share J was right, and F1 = 2J / (1 + J); so
    Wilson's limits for J give those for F1 (the "indirect" method of Lam, Gopal and Qian, 2023,
    https://arxiv.org/abs/2309.14621). Unlike a bootstrap they have width where every answer was right.

    Args:
        right: pictures of the class that were answered rightly.
        pictures: pictures of the class; with 0 there is no F1.
        answered: how often the class was the answer.
        level: the share of such intervals that hold the truth.
    """
    if pictures == 0:
        return unknown("wilson", "no pictures of this class")
    share = wilson(right, pictures + answered - right, level)
    value, low, high = (2 * j / (1 + j) for j in (share.value, share.low, share.high) if j is not None)
    return Interval(value, low, high, share.method)


def averages(confusion: Confusion, *, seed: int = 0, resamples: int = RESAMPLES) -> dict[str, dict[str, Any]]:
    """Return macro F1 and balanced accuracy (macro recall): each class counts the same, however many its pictures.

    Both average over the classes that have pictures (`classes` says how many). The bootstrap keeps the number of
    pictures of each class and draws their answers, as counts from a multinomial, which is the same as drawing the
    pictures. Two right and two wrong answers in all, spread evenly over the classes, are mixed in before drawing,
    as Agresti and Coull (1998) do for one proportion and Price and Bonett (2004) for a sum of them: otherwise a
    set without mistakes would claim to know that there never is one.
    """
    present = confusion.pictures > 0
    if not present.any():
        nothing = {**unknown("bootstrap", "no pictures").to_dict(), "classes": 0}
        return {"macro_f1": nothing, "balanced_accuracy": dict(nothing)}
    right, answered = _resample(confusion, resamples, seed)
    drawn = _macro(right, answered, confusion.pictures, present)
    measured = _macro(confusion.right[None], confusion.answered[None], confusion.pictures, present)
    return {
        name: {**percentiles(float(measured[name][0]), drawn[name]).to_dict(), "classes": int(present.sum())}
        for name in measured
    }


def confused_pairs(confusion: Confusion, classes: Sequence[str], limit: int = 10) -> list[dict[str, Any]]:
    """Return the most frequent mistakes: truth, answer, their count, and its share of the truth's pictures."""
    wrong = confusion.matrix - np.diag(confusion.right)
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    pairs = [divmod(int(cell), len(classes)) for cell in order]
    return [
        {
            "truth": classes[truth],
            "answer": classes[answer],
            "pictures": int(wrong[truth, answer]),
            "share": wilson(int(wrong[truth, answer]), int(confusion.pictures[truth])).to_dict(),
        }
        for truth, answer in pairs
        if wrong[truth, answer]
    ]


def _macro(right: Counts, answered: Counts, pictures: Counts, present: NDArray[np.bool_]) -> dict[str, Values]:
    right, answered, pictures = right[:, present], answered[:, present], pictures[present]
    return {
        "macro_f1": (2 * right / (pictures + answered)).mean(axis=1),
        "balanced_accuracy": (right / pictures).mean(axis=1),
    }


def _resample(confusion: Confusion, resamples: int, seed: int) -> tuple[Counts, Counts]:
    # (resamples, K) right and answered, class by class: only the filled cells of a row cost anything.
    generator = seeds.generator("confusion", seed)
    classes = len(confusion.matrix)
    right = np.zeros((resamples, classes), np.int64)
    answered = np.zeros((resamples, classes + 1), np.int64)  # the last column: unanswered
    present = np.flatnonzero(confusion.pictures)
    added = _PSEUDO / len(present)
    for truth in present:
        row = np.append(confusion.matrix[truth], confusion.unanswered[truth])
        total, cells = int(row.sum()), np.flatnonzero(row)
        mixed_in = generator.binomial(total, added / (total + added), resamples)
        drawn = generator.multinomial(total - mixed_in, row[cells] / total)
        lucky = generator.binomial(mixed_in, 0.5 if classes > 1 else 1.0)
        right[:, truth] = drawn[:, cells == truth].sum(axis=1) + lucky
        answered[:, cells] += drawn
        answered[:, truth] += lucky
        which = np.repeat(np.arange(resamples), mixed_in - lucky)
        others = (truth + generator.integers(1, max(classes, 2), len(which))) % classes
        np.add.at(answered, (which, others), 1)
    return right, answered[:, :classes]
