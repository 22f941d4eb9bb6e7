"""How long a classic pipeline takes to fit, timed on parts of the training pictures that grow twofold."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import log2

import numpy as np
from numpy.typing import NDArray

from striate.classic.pictures import Stored
from striate.classic.pipeline import Pipeline
from striate.data.store import Store
from striate.recognize.pipeline import PipelineRecognizer, infer
from striate.train import pipeline
from striate.train.fit import Data
from striate.train.recipe import Recipe

_LEAST, _OF_EACH_CLASS = 32, 4  # pictures of the first fit; of each class, where there are many
_SECONDS = 2.0  # a fit that takes as long says enough
_SHARE = 0.05  # of what a training is likely to be given, for one timed fit
_NEAR = 16  # times the pictures of the first fit: so far one fit alone may be carried on
_PASSES = 2  # over the pictures, one for the vocabulary and one for the vectors
_STEEPEST = 3  # power of the number of vectors that any classifier's time grows with; 2 where one fit alone is known
_MEASURABLE = 0.05  # seconds: below, growth is noise
_ANSWERED = 64  # validation pictures that are answered to time it


@dataclass(frozen=True)
class Fit:
    """One timed fit.

    Args:
        pictures: that it was fitted to.
        features: seconds of all steps before the classifier.
        classifier: seconds of the classifier.
    """

    pictures: int
    features: float
    classifier: float

    @property
    def seconds(self) -> float:
        """Of all steps."""
        return self.features + self.classifier


def seconds_of_fit(data: Data, recipe: Recipe, share: float) -> tuple[float, float]:
    """Return the seconds that the whole fit takes, and those that a picture takes to be answered.

    Args:
        data: pictures and split.
        recipe: of a pipeline.
        share: seconds that the fit is likely to be given.
    """
    store = Store(data.table, recipe.preprocess, threads=recipe.threads)
    rows, labels = data.readable("train"), data.table.labels.astype(np.int64)
    classes = len(np.unique(labels[rows]))
    fitted: list[Pipeline] = []

    def timed(count: int) -> Fit:
        part = _spread(rows, labels, count)
        fitted[:] = [pipeline.create(recipe)]
        steps = pipeline.fit(fitted[0], Stored(store, part), labels[part], threads=recipe.plan.threads)
        *features, classifier = (step["seconds"] for step in steps)
        return Fit(count, sum(features), classifier)

    try:
        with recipe.plan.applied():
            least = max(_LEAST, _OF_EACH_CLASS * classes)
            fits = growing(timed, len(rows), least, enough=max(0.2, min(_SECONDS, _SHARE * share)))
            found = PipelineRecognizer(recipe.model, recipe.options, fitted[0], data.table.classes, recipe.preprocess)
            answer = _answer_seconds(found, store, data.readable("val")[:_ANSWERED])
            return carried_on(fits, len(rows), answer), answer
    finally:
        store.close()


def growing(timed: Callable[[int], Fit], count: int, least: int, *, enough: float) -> list[Fit]:
    """Return timed fits, each to twice as many pictures, until one takes long enough to tell what all would.

    Args:
        timed: fits to so many pictures.
        count: of all pictures.
        least: of the first fit.
        enough: seconds.
    """
    fits: list[Fit] = []
    number = min(least, count)
    while True:
        fits.append(timed(number))
        known = len(fits) > 1 or count <= _NEAR * number
        if number == count or (fits[-1].seconds >= enough and known):
            return fits
        number = min(2 * number, count)


def carried_on(fits: list[Fit], count: int, answer: float) -> float:
    """Return how long a fit to `count` pictures takes, in seconds.

    The features take a fixed time, as for a vocabulary, and so much more a picture, but not less than it takes to
    answer one. The classifier's time grows as a power, as the last two fits say.

    Args:
        fits: as `growing` returns them.
        count: of all pictures.
        answer: seconds that a picture takes to be answered.
    """
    last = fits[-1]
    if last.pictures == count:
        return last.seconds
    more, power = _PASSES * answer, 2.0
    if len(fits) > 1:
        before = fits[-2]
        more = max(answer, (last.features - before.features) / (last.pictures - before.pictures))
        grown = last.classifier / max(before.classifier, 1e-3)
        power = float(np.clip(log2(grown), 1, _STEEPEST)) if last.classifier > _MEASURABLE else 1.0
    classifier = last.classifier * float((count / last.pictures) ** power)
    return last.features + more * (count - last.pictures) + classifier


def _spread(rows: NDArray[np.int64], labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return `count` of the rows, of every class its share."""
    by_class = rows[np.argsort(labels[rows], kind="stable")]
    return np.sort(by_class[np.linspace(0, len(rows) - 1, count).round().astype(np.int64)])


def _answer_seconds(recognizer: PipelineRecognizer, store: Store, rows: NDArray[np.int64]) -> float:
    if not len(rows):
        return 0.0
    for _ in range(2):  # the first makes room
        began = time.perf_counter()
        infer(recognizer, store, rows)
        seconds = time.perf_counter() - began
    return seconds / len(rows)
