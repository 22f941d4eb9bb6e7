"""How long a classic pipeline takes to fit, timed on parts of the training pictures that grow twofold."""

from __future__ import annotations

import time
from collections.abc import Callable
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

_LEAST, _OF_EACH_CLASS = 128, 4  # pictures of the first fit; of each class, where there are many
_SECONDS = 2.0  # a fit that takes as long says enough
_SHARE = 0.05  # of what a training is likely to be given, for one timed fit
_ANSWERED = 64  # validation pictures that are answered to time it


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

    def timed(count: int) -> float:
        part = _spread(rows, labels, count)
        made = pipeline.create(recipe)
        began = time.perf_counter()
        pipeline.fit(made, Stored(store, part), labels[part], threads=recipe.plan.threads)
        fitted[:] = [made]
        return time.perf_counter() - began

    try:
        with recipe.plan.applied():
            least = max(_LEAST, _OF_EACH_CLASS * classes)
            whole = extrapolated(timed, len(rows), least, enough=max(0.2, min(_SECONDS, _SHARE * share)))
            found = PipelineRecognizer(recipe.model, recipe.options, fitted[0], data.table.classes, recipe.preprocess)
            return whole, _answer_seconds(found, store, data.readable("val")[:_ANSWERED])
    finally:
        store.close()


def extrapolated(timed: Callable[[int], float], count: int, least: int, *, enough: float) -> float:
    """Return how long `count` pictures take, from runs with twice as many each until one takes `enough` seconds.

    The last two runs decide: a straight line through them, or a power of the number where they grow faster, as those
    of kernel machines do.

    Args:
        timed: runs with so many pictures and returns its seconds.
        count: of all pictures.
        least: of the first run, which makes room and does not count by itself.
        enough: seconds.
    """
    if count <= 2 * least:
        return timed(count)
    number, before = least, timed(least)
    while True:
        number = min(2 * number, count)
        now = timed(number)
        if number == count:
            return now
        if now >= enough and number > 2 * least:
            break
        before = now
    if now > 2 * before:
        return now * float((count / number) ** log2(now / before))
    return now + max(0.0, now - before) / (number / 2) * (count - number)


def _spread(rows: NDArray[np.int64], labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return `count` of the rows, of every class its share."""
    by_class = rows[np.argsort(labels[rows], kind="stable")]
    return np.sort(by_class[np.linspace(0, len(rows) - 1, count).round().astype(np.int64)])


def _answer_seconds(recognizer: PipelineRecognizer, store: Store, rows: NDArray[np.int64]) -> float:
    if not len(rows):
        return 0.0
    began = time.perf_counter()
    infer(recognizer, store, rows)
    return (time.perf_counter() - began) / len(rows)
