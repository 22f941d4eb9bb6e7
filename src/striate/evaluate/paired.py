"""Which of two recognizers is better, asked on the same pictures: paired tests, and what many at once are worth.

Two accuracies that differ by less than their intervals are wide may still be told apart where both answered the same
pictures: only those count that one got right and the other wrong. McNemar, "Note on the sampling error of the
difference between correlated proportions or percentages", 1947.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from striate.core import seeds
from striate.evaluate.intervals import LEVEL, Interval, Values, percentiles, wilson

Method = Literal["exact", "mid-p", "chi-squared"]
Right = NDArray[np.bool_]

RESAMPLES = 10_000  # cheap: a resample is one draw of how often each difference comes


@dataclass(frozen=True)
class Paired:
    """How much better the first of two recognizers is than the second, on the same pictures.

    Args:
        difference: of the accuracies, first minus second.
        low, high: the limits that hold the true difference in 95 % of such comparisons.
        p: how often so large a difference, either way, would come by chance where there is none.
        only_first: pictures that the first alone got right; the mean over trainings where there are several.
        only_second: likewise.
        method: what `p` and the limits are from.
    """

    difference: float
    low: float
    high: float
    p: float
    only_first: float
    only_second: float
    method: str

    def turned(self) -> Paired:
        """Return the same comparison, second against first."""
        return Paired(-self.difference, -self.high, -self.low, self.p, self.only_second, self.only_first, self.method)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {**vars(self)}


def compare(first: ArrayLike, second: ArrayLike, *, seed: int = 0) -> Paired:
    """Compare two recognizers by which of the same pictures they got right.

    One training each: McNemar's test (mid-p) and the paired bootstrap, which speak of other pictures and not of other
    trainings. Several trainings of either: a t-test in which both the pictures and the trainings are drawn by chance.

    Args:
        first: (N,) booleans, or (S, N) of S trainings that differ by their seed alone.
        second: the same of the other; N is the same, S need not be.
        seed: of the bootstrap.

    Raises:
        ValueError: not the same number of pictures, or none.
    """
    one, other = (np.atleast_2d(np.asarray(right, bool)) for right in (first, second))
    if one.shape[1] != other.shape[1] or one.shape[1] == 0:
        raise ValueError(f"{one.shape[1]} and {other.shape[1]} pictures: both must have answered the same ones")
    only_first = float((one.mean(0) * (1 - other.mean(0))).sum())
    only_second = float((other.mean(0) * (1 - one.mean(0))).sum())
    if len(one) == len(other) == 1:
        p = mcnemar(round(only_first), round(only_second))
        found = bootstrap_difference(one[0], other[0], seed=seed)
        limits, method = (found.low, found.high), "McNemar's mid-p and the paired bootstrap"
    else:
        limits, p = _over_trainings(one, other)
        method = "t-test over pictures and trainings"
    low, high = limits
    assert low is not None
    assert high is not None
    return Paired(float(one.mean() - other.mean()), low, high, p, only_first, only_second, method)


def mcnemar(only_first: int, only_second: int, method: Method = "mid-p") -> float:
    """Return the two-sided p-value of pictures that one got right and the other wrong being equally many either way.

    The exact test never errs more often than it says, and usually far less often; the mid-p value counts half of the
    probability of what was seen and comes close to what it says at any size. The chi-squared approximation, with
    Edwards' correction for continuity, is what tables of large counts are often tested with. Fagerland, Lydersen and
    Laake, "The McNemar test for binary matched-pairs data: mid-p and asymptotic are better than exact conditional",
    2013.

    Args:
        only_first: pictures that the first alone got right.
        only_second: pictures that the second alone got right.
        method: "exact", "mid-p" or "chi-squared".
    """
    smaller, total = min(only_first, only_second), only_first + only_second
    if total == 0:
        return 1.0
    special = _special()
    if method == "chi-squared":
        surplus = max(0, abs(only_first - only_second) - 1)
        return float(special.chdtrc(1, surplus**2 / total))
    up_to = float(special.bdtr(smaller, total, 0.5))
    if method == "exact":
        return min(1.0, 2 * up_to)
    return min(1.0, up_to + (float(special.bdtr(smaller - 1, total, 0.5)) if smaller else 0.0))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values that may be read one by one, though as many were looked at: each may be compared with 5 %.

    The chance that any of them misleads is then at most 5 % in all. Holm, "A simple sequentially rejective multiple
    test procedure", 1979.
    """
    order = np.argsort(p_values, kind="stable")
    adjusted, highest = [1.0] * len(order), 0.0
    for place, number in enumerate(order.tolist()):
        highest = max(highest, min(1.0, (len(order) - place) * p_values[number]))
        adjusted[number] = highest
    return adjusted


def bootstrap_difference(
    first: ArrayLike, second: ArrayLike, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Estimate the difference of two accuracies on the same pictures, first minus second.

    Pictures are drawn with replacement, each with both answers. Two are mixed in, one that the first alone gets right
    and one that the second alone does, so that few disagreements, or none, are not mistaken for certainty: Bonett and
    Price, "Adjusted Wald confidence interval for a difference of binomial proportions based on paired data", 2012.

    Args:
        first: (N,) whether it was right.
        second: (N,) likewise.
        level: the share of such intervals that hold the truth, about.
        resamples: how many to draw.
        seed: the same seed gives the same limits.
    """
    gains = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    mixed = np.append(gains, (1.0, -1.0))
    return percentiles(float(gains.mean()), resampled_means(mixed, resamples=resamples, seed=seed), level=level)


def resampled_means(values: Values, *, resamples: int = RESAMPLES, seed: int = 0) -> Values:
    """Return the means (R,) of `values` (N,) drawn N times with replacement, R times over.

    Equal values are drawn together, so that a resample of any number of pictures takes one multinomial draw.
    """
    distinct, counts = np.unique(values, return_counts=True)
    draws = seeds.generator("paired", seed).multinomial(len(values), counts / len(values), resamples)
    means: Values = draws @ distinct / len(values)
    return means


def accuracy_over_trainings(right: ArrayLike, level: float = LEVEL) -> Interval:
    """Estimate the accuracy of a recognizer, of other pictures and of other trainings.

    Args:
        right: (S, N) booleans of S trainings that differ by their seed alone, at least two.
        level: the share of such intervals that hold the truth, about.

    Returns:
        An interval that is at least as wide as Wilson's for the pictures alone.
    """
    trainings = np.asarray(right, bool)
    found, count = trainings.mean(0), len(trainings)
    spread = float(trainings.mean(1).var(ddof=1)) / count
    (low, high), _ = _students(found, [(spread, count - 1)], level)
    mean, pictures = float(found.mean()), len(found)
    sure = wilson(round(mean * pictures), pictures, level)  # where all trainings agree, t would have no width
    assert sure.low is not None
    assert sure.high is not None
    low, high = max(0.0, min(low, sure.low)), min(1.0, max(high, sure.high))
    return Interval(mean, low, high, "t over pictures and trainings")


def _over_trainings(one: Right, other: Right, level: float = LEVEL) -> tuple[tuple[float, float], float]:
    """Return limits and p of the difference.

    Of a recognizer that was trained once the spread is unknown: that of the other stands for it.
    """
    spreads = [float(right.mean(1).var(ddof=1)) if len(right) > 1 else None for right in (one, other)]
    known = [
        (spread, len(right) - 1) for right, spread in zip((one, other), spreads, strict=True) if spread is not None
    ]
    parts = []
    for right, spread in zip((one, other), spreads, strict=True):
        variance, freedom = known[0] if spread is None else (spread, len(right) - 1)
        parts.append((variance / len(right), freedom))
    # One disagreement either way is mixed in, as `bootstrap_difference` does: never to disagree is not to be equal.
    return _students(np.append(one.mean(0) - other.mean(0), [1.0, -1.0]), parts, level)


def _students(values: Values, others: Sequence[tuple[float, int]], level: float) -> tuple[tuple[float, float], float]:
    """Return the limits of the mean of `values` (N,), and the p-value of its being 0.

    Its variance has a part from the pictures and `others`, those from trainings, each with its degrees of freedom;
    theirs together are Welch's and Satterthwaite's. What only shows in one training on one picture is in both, so it
    errs to the safe side.
    """
    count, mean = len(values), float(values.mean())
    parts = [(float(values.var(ddof=1)) / count if count > 1 else 0.0, count - 1), *others]
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return (mean, mean), 1.0 if mean == 0 else 0.0
    special = _special()
    freedom = variance**2 / sum(part**2 / degrees for part, degrees in parts if degrees)
    half = float(special.stdtrit(freedom, 0.5 + level / 2)) * variance**0.5
    return (mean - half, mean + half), float(2 * special.stdtr(freedom, -abs(mean) / variance**0.5))


def _special() -> ModuleType:
    from scipy import special  # type: ignore[import-untyped, unused-ignore]  # 0.1 s, only where a test is made

    return special  # type: ignore[no-any-return, unused-ignore]
