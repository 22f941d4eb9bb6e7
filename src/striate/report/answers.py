"""What a recognizer answered on one part of the data, and which of its answers are worth a look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from striate.core.errors import DataError
from striate.evaluate import scores as measures

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers to N pictures; what could not be read is not among them.

    Args:
        rows: (N,) rows of the table.
        labels: (N,) the truth.
        scores: (N, K) before softmax, as the network gave them.
        temperature: what divides the scores before softmax.
    """

    rows: Rows
    labels: NDArray[np.int64]
    scores: NDArray[np.float64]
    temperature: float = 1.0

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """(N,) the class with the highest score."""
        return measures.answers(self.scores)

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """(N,) the probability of the answer."""
        return measures.confidences(self.scores, self.temperature)

    @cached_property
    def losses(self) -> NDArray[np.float64]:
        """(N,) the cross-entropy of each answer."""
        return measures.losses(self.scores, self.labels, self.temperature)

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """(N,) whether the answer is the truth."""
        right: NDArray[np.bool_] = self.predicted == self.labels
        return right

    def runner_up(self, position: int) -> tuple[int, float]:
        """Return the class with the second highest score at one position, and its probability."""
        others = self.scores[position].copy()
        others[self.predicted[position]] = -np.inf
        second = int(others.argmax())
        below = (others[second] - self.scores[position].max()) / self.temperature
        return second, float(self.confidence[position] * np.exp(below))

    def worst(self, count: int) -> Rows:
        """Return the positions of the wrong answers with the highest loss, worst first."""
        wrong = np.flatnonzero(~self.right)
        return wrong[np.argsort(-self.losses[wrong], kind="stable")][:count]

    def least_sure(self, count: int) -> Rows:
        """Return the positions of the right answers with the lowest probability, least sure first."""
        right = np.flatnonzero(self.right)
        return right[np.argsort(self.confidence[right], kind="stable")][:count]

    def of_class(self, label: int) -> Rows:
        """Return the positions of the pictures whose truth is `label`."""
        return np.flatnonzero(self.labels == label)

    def cells(self) -> Iterator[tuple[int, int, Rows]]:
        """Yield truth, answer and positions of every filled cell of the confusion matrix.

        Wrong answers come surest first, right ones least sure first.
        """
        classes = self.scores.shape[1]
        keys = self.labels * classes + self.predicted
        doubt = np.where(self.right, self.confidence, -self.confidence)
        order = np.lexsort((doubt, keys))
        starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
        for positions in np.split(order, starts[1:]) if len(order) else ():
            truth, answer = divmod(int(keys[positions[0]]), classes)
            yield truth, answer, positions


def read_answers(path: Path, classes: int, temperature: float | None = None) -> dict[str, Answers]:
    """Read the answers on each part ("val", "test") from a run's `predictions.parquet`.

    Raises:
        DataError: the file holds other scores than one for each of the `classes`.
    """
    table = pq.read_table(path)
    table = table.filter(pc.is_valid(table["scores"]))
    parts = sorted(pc.unique(table["split"]).to_pylist())
    return {
        part: _answers(table.filter(pc.equal(table["split"], part)), path, classes, temperature or 1.0)
        for part in parts
    }


def _answers(table: pa.Table, path: Path, classes: int, temperature: float) -> Answers:
    flat = pc.list_flatten(table["scores"]).to_numpy()
    if flat.size != len(table) * classes:
        raise DataError(
            f"{path} has {flat.size} scores for {len(table)} pictures and {classes} classes: of another run?"
        )
    return Answers(
        table["row"].to_numpy().astype(np.int64),
        table["label"].to_numpy().astype(np.int64),
        measures.as_scores(flat.reshape(len(table), classes), classes),
        temperature,
    )
