"""Whether another way of computing answers as eager float32 does, and which answers to compute again where it may not.

In float32 a way must give the same scores but for their last bits. In half precision scores do differ; what is asked
there is that the answers stay. An answer is the class with the greatest score; its lead over another class is the
difference of the two scores. Where rounding moved no lead by more than some e, an answer whose leads all exceed e is
float32's too; and where it moved no logit ln(p / (1 - p)) of an answer's probability p by more than some f, float32's p
lies within those of the logits f below and above. Answers of which that leaves no doubt are kept, all others computed
once more in float32. e and f are not known, but each answer that was computed in both ways shows one of each.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from striate.runtime.ways import Way

Pictures = NDArray[np.uint8]
Scores = NDArray[np.float32]
Rows = NDArray[np.bool_]

TOLERANCE = 0.05  # that rounding may move the probability of an answer
_LAST_BITS = 1e-4  # of the greatest score, and of probabilities; networks of the zoo with 110 layers depart by 1e-5
_SPARE = 2.0  # times the greatest move seen; docs/decisions/0015 says what came of it
_NOT_FINITE = "its scores are not finite"
_MOST_DOUBTED = 0.5  # share of the pictures; answering more of them twice leaves little of what was gained


class Doubt:
    """Which answers rounding could have turned, or moved by more than `TOLERANCE`, and what float32 says of them.

    An answer is doubted where twice the greatest moves that were seen so far would do either; where its scores are not
    finite; and of every batch that of the least lead, so that pictures of another kind than those before show
    what rounding does to them. What float32 then says shows further moves.

    Args:
        temperature: what scores are divided by before the softmax.

    Attributes:
        departure: of the probability of an answer from float32's, the greatest that was seen.
    """

    def __init__(self, temperature: float = 1.0) -> None:
        self._temperature = temperature
        self._moves: NDArray[np.float64] | None = None  # of leads and of logits, the greatest seen
        self.departure = 0.0

    def learn(self, rough: Scores, exact: Scores) -> None:
        """Take note of what rounding did to rough scores (N, K), where these are finite."""
        finite = np.isfinite(rough).all(1)
        if not finite.any() or rough.shape[1] < 2:
            return
        rough, exact = rough[finite], exact[finite]
        answers = rough.argmax(1)
        moved = rough.astype(np.float64) - exact
        leads = np.abs(moved[np.arange(len(rough)), answers, None] - moved).max()
        own, true = (_logits(scores, answers, self._temperature) for scores in (rough, exact))
        seen = np.nan_to_num([leads, float((own - true).abs().max())], nan=np.inf)  # where float32's are not finite
        self._moves = seen if self._moves is None else np.maximum(self._moves, seen)
        self.departure = max(self.departure, float((own.sigmoid() - true.sigmoid()).abs().max()))

    def doubts(self, scores: Scores) -> Rows:
        """Say of each of rough scores (N, K) whether its answer is doubted."""
        odd: Rows = np.logical_not(np.isfinite(scores).all(1))
        if scores.shape[1] < 2:
            return odd
        scores = np.where(odd[:, None], np.float32(0), scores)  # in doubt anyhow
        least, far = (np.inf, np.inf) if self._moves is None else _SPARE * self._moves
        logits = _logits(scores, scores.argmax(1), self._temperature)
        share, low, high = logits.sigmoid(), (logits - far).sigmoid(), (logits + far).sigmoid()
        moved = (torch.maximum(share - low, high - share) > TOLERANCE).numpy()
        doubted: Rows = odd | (_leads(scores) <= least) | moved
        return doubted

    def settle(self, scores: Scores, exact: Callable[[Rows], Scores]) -> Scores:
        """Return a batch of rough `scores` with the doubted rows replaced by what `exact` returns for them."""
        settled, certain = scores.copy(), np.ones(len(scores), bool)
        rows = self.doubts(scores)
        rows[_leads(scores).argmin()] = True
        while rows.any():
            settled[rows] = exact(rows)
            self.learn(scores[rows], settled[rows])
            certain[rows] = False
            rows = self.doubts(scores) & certain  # a greater move than before raises more doubts
        return settled


@dataclass(frozen=True)
class Check:
    """What comparing with eager float32 has shown.

    Args:
        departure: of the probabilities of the answers, at most.
        doubted: share of the pictures that would be answered twice.
        problem: why this way of answering is out, or nothing.
        doubt: that has seen the moves.
    """

    departure: float = 0.0
    doubted: float = 0.0
    problem: str = ""
    doubt: Doubt = field(default_factory=Doubt)


def check(way: Way, scores: Scores, exact: Scores, temperature: float = 1.0) -> Check:
    """Compare what a way says with eager float32: in half precision, whether it leaves few answers in doubt.

    Args:
        way: its precision settles what is asked.
        scores: (N, K), of the way.
        exact: (N, K), of eager float32.
        temperature: what both are divided by before the softmax.
    """
    if not np.isfinite(scores).all():
        return Check(float("inf"), 1.0, _NOT_FINITE)
    if way.precision == "float32":
        return Check(*_disagreement(scores, exact, temperature))
    doubt = Doubt(temperature)
    doubt.learn(scores, exact)
    share = float(doubt.doubts(scores).mean()) if len(scores) else 0.0
    problem = f"rounding leaves {100 * share:.0f} % of its answers in doubt" if share > _MOST_DOUBTED else ""
    return Check(doubt.departure, share, problem, doubt)


def _disagreement(scores: Scores, exact: Scores, temperature: float) -> tuple[float, float, str]:
    """Return by how much probabilities depart from those of `exact`, no doubts, and what is wrong, or nothing."""
    apart = float(np.abs(scores - exact).max(initial=0)) / max(float(np.abs(exact).max(initial=0)), 1e-30)
    own, true = (torch.from_numpy(values).double().div(temperature).softmax(1).numpy() for values in (scores, exact))
    departure = float(np.abs(own - true).max(initial=0))
    problem = ""
    if not departure <= _LAST_BITS:  # nor is NaN
        problem = f"its probabilities depart from those of eager float32 by {departure:.2g}"
    elif not apart <= _LAST_BITS:  # where many classes are uncertain, probabilities agree whatever the scores do
        problem = f"its scores depart from those of eager float32 by {apart:.2g} of the greatest"
    return departure, 0.0, problem


def _leads(scores: Scores) -> NDArray[np.float32]:
    """Return by how much the answer of each row of (N, K) leads over the next; infinite of a single class."""
    if scores.shape[1] < 2:
        return np.full(len(scores), np.inf, np.float32)
    best = np.partition(np.nan_to_num(scores), -2, axis=1)
    leads: NDArray[np.float32] = best[:, -1] - best[:, -2]
    return leads


def _logits(scores: Scores, answers: NDArray[np.intp], temperature: float) -> Tensor:
    """Return ln(p / (1 - p)) of the probability p of one class of each row of (N, K), K at least 2."""
    scaled, columns = torch.from_numpy(scores).double() / temperature, torch.from_numpy(answers)[:, None]
    others = scaled.scatter(1, columns, -torch.inf).logsumexp(1)
    return scaled.gather(1, columns)[:, 0] - others
