"""Whether another way of computing gives the answers of eager float32, and what to do where rounding could turn one."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from striate.runtime.ways import Way

Pictures = NDArray[np.uint8]
Scores = NDArray[np.float32]

# Probabilities may differ from those of eager float32 by this much at most, and a picture's greatest difference on
# average by the next, on the pictures that were checked. Winners may differ in float32 alone, where its own two best
# are nearer than that; it rounds by far less. In bf16 the greatest of 64 pictures is a tail: those of 248 digits
# differed by 0.003 at the 90th and 0.010 at the 99th percentile, by 0.04 at most, with the same winners (resnet20 on
# `digits` after 3 epochs, 94 % right).
TOLERANCE = {"float32": 1e-4, "bf16": 0.05, "fp16": 0.05}
_ON_AVERAGE = {"float32": 1e-4, "bf16": 0.01, "fp16": 0.01}
_APART = {"float32": 1e-4, "bf16": 0.05, "fp16": 0.05}  # of the greatest score: bf16 keeps 8 bits of each product
_SPARE = 2.0  # times the greatest error seen: of 64 draws from a normal distribution that is five deviations
_NOT_FINITE = "its scores are not finite"
_MOST_DOUBTED = 0.25  # share of the pictures; answering more of them twice leaves little of what was gained


class Doubt:
    """Which answers rounding could have turned, and so must be computed once more in float32.

    Rounding turns an answer where the error of the difference of the two best scores exceeds that difference. An
    answer whose two best are nearer than `_SPARE` times the greatest such error seen so far is doubted; its exact
    scores then show one more error. What is not finite is doubted as well.
    """

    def __init__(self) -> None:
        self._greatest: float | None = None

    @property
    def limit(self) -> float:
        """How near the two best scores may be and still be doubted; infinite until an error was seen."""
        return float("inf") if self._greatest is None else _SPARE * self._greatest

    def learn(self, rough: Scores, exact: Scores) -> None:
        """Take note of the errors of rough scores (N, K), where these are finite."""
        finite = np.isfinite(rough).all(1)
        if rough.shape[1] > 1 and finite.any():
            best = np.argpartition(rough[finite], -2, axis=1)[:, -2:]
            errors = np.take_along_axis(rough[finite].astype(np.float64) - exact[finite], best, 1)
            self._greatest = max(self._greatest or 0.0, float(np.abs(errors[:, 1] - errors[:, 0]).max()))

    def doubts(self, scores: Scores) -> NDArray[np.bool_]:
        """Say of each of rough scores (N, K) whether its answer is doubted."""
        odd: NDArray[np.bool_] = ~np.asarray(np.isfinite(scores).all(1))
        if scores.shape[1] < 2:
            return odd
        best = np.partition(np.where(odd[:, None], 0, scores), -2, axis=1)[:, -2:]
        near: NDArray[np.bool_] = best[:, 1] - best[:, 0] <= self.limit
        return np.logical_or(odd, near)

    def settle(self, scores: Scores, exact: Callable[[NDArray[np.bool_]], Scores]) -> Scores:
        """Return rough `scores` with the doubted rows replaced by what `exact` returns for them."""
        settled, certain = scores.copy(), np.ones(len(scores), bool)
        while (rows := np.logical_and(self.doubts(scores), certain)).any():  # a greater error raises more doubts
            settled[rows] = exact(rows)
            self.learn(scores[rows], settled[rows])
            certain[rows] = False
        return settled


@dataclass(frozen=True)
class Check:
    """What comparing with eager float32 has shown.

    Args:
        departure: of the probabilities, at most.
        doubted: share of the pictures that would be answered twice.
        problem: why this way of answering is out, or nothing.
        doubt: that has seen the errors.
    """

    departure: float = 0.0
    doubted: float = 0.0
    problem: str = ""
    doubt: Doubt = field(default_factory=Doubt)


def check(way: Way, scores: Scores, exact: Scores, temperature: float = 1.0) -> Check:
    """Compare what will be answered with eager float32: in half precision, after the doubted answers are settled.

    Args:
        way: its precision sets the tolerance.
        scores: (N, K), of the way.
        exact: (N, K), of eager float32.
        temperature: what both are divided by before the softmax.
    """
    doubt, share = Doubt(), 0.0
    if way.precision != "float32" and len(exact):
        if not np.isfinite(scores).all():
            return Check(float("inf"), 1.0, _NOT_FINITE)
        doubt.learn(scores, exact)
        share = float(doubt.doubts(scores).mean())
        scores = doubt.settle(scores, lambda rows: exact[rows])
    departure, problem = disagreement(way, scores, exact, temperature)
    if not problem and share > _MOST_DOUBTED:
        problem = f"it rounds so much that {100 * share:.0f} % of its answers are in doubt"
    return Check(departure, share, problem, doubt)


def disagreement(way: Way, scores: Scores, exact: Scores, temperature: float = 1.0) -> tuple[float, str]:
    """Return by how much probabilities depart from those of `exact` at most, and what is wrong with it, or nothing.

    Args:
        way: its precision sets the tolerance.
        scores: (N, K), of the way.
        exact: (N, K), of eager float32.
        temperature: what both are divided by before the softmax.
    """
    tolerance = TOLERANCE[way.precision]
    if len(exact) == 0:
        return 0.0, ""
    if not np.isfinite(scores).all():
        return float("inf"), _NOT_FINITE
    own, true = (torch.from_numpy(values).double().div(temperature).softmax(1).numpy() for values in (scores, exact))
    departures = np.abs(own - true).max(1)
    departure = float(departures.max())
    for found, most, where in (
        (departure, tolerance, ""),
        (departures.mean(), _ON_AVERAGE[way.precision], " on average"),
    ):
        if not found <= most:
            return departure, f"its probabilities depart from those of eager float32 by {found:.2g}{where}"
    # Of many uncertain classes all probabilities are small, and agree whatever the scores do.
    moved = float(np.abs(scores - exact).max()) / max(float(np.abs(exact).max()), 1e-30)
    if moved > _APART[way.precision]:
        return departure, f"its scores depart from those of eager float32 by {moved:.2g} of the greatest"
    winners, rows = own.argmax(1), np.arange(len(true))
    behind = true.max(1) - true[rows, winners]
    # In half precision every answer must be the same: a network that can hardly decide passes all other questions.
    if (behind > (tolerance if way.precision == "float32" else 0.0)).any():
        return departure, "it answers with other classes than eager float32"
    return departure, ""
