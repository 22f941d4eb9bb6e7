"""Intervals: how far a number from a finite set of pictures may lie from the truth.

They are two-sided, at 95 % unless said, and speak of pictures drawn independently from where these came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.core import seeds

LEVEL = 0.95
RESAMPLES = 1000

Values = NDArray[np.float64]
Statistic = Callable[[NDArray[np.int32]], Values]

_NORMAL = NormalDist()
_CHUNK = 2_000_000  # indices drawn at once: 8 MB


@dataclass(frozen=True)
class Interval:
    """A number and where the truth may lie.

    Args:
        value: what was measured; None where nothing could be.
        low: the lower limit, None where there is none.
        high: the upper limit, None where there is none.
        method: "wilson" or "bootstrap".
        reason: why something is None.
    """

    value: float | None
    low: float | None
    high: float | None
    method: str
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; `reason` only where something is missing."""
        plain = {"value": self.value, "low": self.low, "high": self.high, "interval": self.method}
        return {**plain, "reason": self.reason} if self.reason else plain


def unknown(method: str, reason: str, value: float | None = None) -> Interval:
    """Return an interval without limits, and why."""
    return Interval(value, None, None, method, reason)


def wilson(successes: int, n: int, level: float = LEVEL, *, reason: str = "no pictures") -> Interval:
    """Estimate a proportion with Wilson's score interval, which stays in [0, 1] and has width also at 0 and n.

    Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    Args:
        successes: between 0 and `n`.
        n: the number of trials; with 0 there is no value, for the given `reason`.
        level: the share of such intervals that hold the truth.
        reason: what to say where `n` is 0.
    """
    if n == 0:
        return unknown("wilson", reason)
    z = _NORMAL.inv_cdf(0.5 + level / 2)
    share = successes / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == n else min(1.0, middle + half)
    return Interval(share, low, high, "wilson")


def bootstrap(
    statistic: Statistic, n: int, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Estimate any statistic with the percentile bootstrap: n pictures drawn with replacement, again and again.

    Efron, "Bootstrap methods: another look at the jackknife", 1979.

    Args:
        statistic: takes rows (R, n) of indices below `n` and returns (R,) values.
        n: the number of pictures, at least 1.
        level: the share of the resamples between the limits.
        resamples: how many to draw.
        seed: the same seed gives the same limits.
    """
    value = float(statistic(np.arange(n, dtype=np.int32)[None])[0])
    return percentiles(value, _draw(statistic, n, resamples, seed), level=level)


def bootstrap_mean(
    values: Values, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0, reason: str = "no pictures"
) -> Interval:
    """Estimate a mean with the bias-corrected and accelerated bootstrap, which follows a skewed distribution.

    Efron, "Better bootstrap confidence intervals", 1987; SciPy's `method="BCa"` with the jackknife of a mean in
    closed form, so that a set of any size takes N per resample and not N squared in all. A few wrong answers make
    most of a mean loss, and plain percentiles would put its upper limit too low.

    Args:
        values: (N,), finite, in any order: the limits do not depend on it.
        level: the share of such intervals that hold the truth, about.
        resamples: how many to draw.
        seed: the same seed gives the same limits.
        reason: what to say where there are no values.
    """
    if len(values) == 0:
        return unknown("bootstrap", reason)
    if len(values) == 1:
        return unknown("bootstrap", "one picture shows no spread", float(values[0]))
    ordered = np.sort(values)
    mean = float(ordered.mean())
    if ordered[0] == ordered[-1]:
        return Interval(mean, mean, mean, "bootstrap")
    draws = _draw(lambda rows: ordered[rows].mean(axis=1), len(ordered), resamples, seed)
    shares = _accelerated_shares(draws, mean, ordered, level)
    low, high = np.quantile(draws, shares)
    return Interval(mean, min(float(low), mean), max(float(high), mean), "bootstrap")


def percentiles(value: float, draws: Values, *, level: float = LEVEL) -> Interval:
    """Return the interval between percentiles of `draws` (R,), widened where needed to hold `value`."""
    low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(value, min(float(low), value), max(float(high), value), "bootstrap")


def _draw(statistic: Statistic, n: int, resamples: int, seed: int) -> Values:
    generator = seeds.generator("bootstrap", seed)
    rows = max(1, _CHUNK // n)
    sizes = [min(rows, resamples - start) for start in range(0, resamples, rows)]
    return np.concatenate([statistic(generator.integers(0, n, (size, n), dtype=np.int32)) for size in sizes])


def _accelerated_shares(draws: Values, mean: float, values: Values, level: float) -> list[float]:
    below = float((draws < mean).mean() + (draws == mean).mean() / 2)
    edge = 1 / (2 * len(draws))
    shift = _NORMAL.inv_cdf(min(max(below, edge), 1 - edge))
    away = values - mean
    # Of the jackknife's means, m_i = mean - (x_i - mean) / (N - 1), only the skewness counts.
    acceleration = float((away**3).sum() / (6 * (away**2).sum() ** 1.5))
    shares = []
    for share in (0.5 - level / 2, 0.5 + level / 2):
        z = shift + _NORMAL.inv_cdf(share)
        shares.append(_NORMAL.cdf(shift + z / (1 - acceleration * z)))
    return shares
