"""Calibration: whether answers given with 80 % probability are right 80 % of the time.

Expected calibration error: Naeini, Cooper and Hauskrecht, 2015; with 15 bins as in Guo, Pleiss, Sun and Weinberger,
2017, https://arxiv.org/abs/1706.04599. It is never 0, not even for a perfectly calibrated network, so it stands
beside what such a network with the same confidences would show on as many pictures: labels are drawn from the
probabilities (consistency resampling: Broecker and Smith, 2007).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from striate.core import seeds
from striate.evaluate import scores as scoring
from striate.evaluate.intervals import LEVEL, RESAMPLES, bootstrap_mean, wilson

BINS = 15
BINNING = "15 bins of equal width on the probability of the answer; a bin holds its lower edge, the last one also 1.0"

Values = NDArray[np.float64]
Right = NDArray[np.bool_]

_EDGES = np.linspace(0, 1, BINS + 1)
_CHUNK = 4_000_000  # labels drawn at once: 20 MB
_REACH = float(np.log(1e4))  # how far T may lie from the spread of the scores, either way, as a logarithm
_IMPOSSIBLE = 1e300  # stands for infinity: its probability underflows to 0, and 0 times it is 0


def describe(
    scores: scoring.Scores, labels: scoring.Labels, *, temperature: float | None = None, seed: int = 0
) -> dict[str, Any]:
    """Measure the calibration of answered pictures, as plain data, before and after scaling with `temperature`.

    Args:
        scores: (N, K), as `as_scores` returns them.
        labels: (N,).
        temperature: fitted on other pictures, by `fit_temperature`; None: nothing is scaled and what ends in
            `_scaled` is None.
        seed: the same seed gives the same null band.
    """
    right = scoring.answers(scores) == labels
    measured = _measure(scoring.confidences(scores), right, seed)
    scaled = dict.fromkeys([*measured, "loss"])
    if temperature is not None:
        costs = scoring.losses(scores, labels, temperature)
        scaled = {**_measure(scoring.confidences(scores, temperature), right, seed), "loss": loss(costs, seed=seed)}
    return {
        "pictures": len(labels),
        "binning": BINNING,
        **measured,
        "temperature": temperature,
        **{f"{name}_scaled": value for name, value in scaled.items()},
    }


def loss(costs: Values, *, seed: int = 0) -> dict[str, Any]:
    """Return the mean of `costs` (N,) with its bootstrap interval, as plain data; an infinite mean is said, not cut."""
    impossible = int(np.isinf(costs).sum())
    if impossible:
        reason = f"infinite: the truth of {impossible} pictures was given probability 0"
        return {"value": None, "low": None, "high": None, "interval": "bootstrap", "reason": reason}
    return bootstrap_mean(costs, seed=seed, reason="no picture was answered").to_dict()


def reliability(confidences: Values, right: Right) -> list[dict[str, Any]]:
    """Return the bars of the reliability diagram, as plain data, empty bins included.

    Args:
        confidences: (N,) the probability of each answer.
        right: (N,) whether it was right.

    Returns:
        For each bin its edges `from` and `to`, its `pictures`, their mean `confidence` (None without pictures)
        and their `accuracy` with Wilson's interval.
    """
    confidences, right = _surest_last(confidences, right)
    bins = _bins(confidences, _EDGES[1:-1])
    pictures = np.bincount(bins, minlength=BINS)
    hits = np.bincount(bins, weights=right, minlength=BINS)
    sums = np.bincount(bins, weights=confidences, minlength=BINS)
    return [
        {
            "from": float(_EDGES[place]),
            "to": float(_EDGES[place + 1]),
            "pictures": int(pictures[place]),
            "confidence": float(sums[place] / pictures[place]) if pictures[place] else None,
            "accuracy": wilson(int(hits[place]), int(pictures[place])).to_dict(),
        }
        for place in range(BINS)
    ]


def calibration_errors(
    confidences: Values, right: Right, *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """Return the expected calibration error over bins of equal width and of equal mass, each beside its null.

    Args:
        confidences: (N,), at least one.
        right: (N,).
        seed: the same seed gives the same null.
        resamples: how often labels are drawn.

    Returns:
        For each binning {"ece", "null": {"median", "low", "high"}, "exceeds_null"}; the null's limits hold 95 %
        of what perfectly calibrated networks with these confidences show.
    """
    confidences, right = _surest_last(confidences, right)
    # Edges at values, so that equal confidences share a bin, whoever comes first.
    masses = np.unique(np.quantile(confidences, _EDGES[1:-1], method="higher"))
    widths = _membership(confidences, _EDGES[1:-1])
    membership = np.concatenate([widths, _membership(confidences, masses)], axis=1)
    expected = confidences @ membership
    gaps = np.abs(
        np.concatenate([(right @ membership)[None], _null(confidences, membership, resamples, seed)]) - expected
    )
    parts = {"equal_width": gaps[:, : widths.shape[1]], "equal_mass": gaps[:, widths.shape[1] :]}
    return {name: _beside_null(part.sum(axis=1) / len(confidences)) for name, part in parts.items()}


def fit_temperature(scores: ArrayLike, labels: ArrayLike) -> float:
    """Return the temperature T that makes softmax(scores / T) likeliest, given `labels` (Guo et al., 2017).

    The loss is convex in 1/T, so its slope has one root. Where every answer is right the loss falls for ever as T
    goes to 0, and every probability would be 100 %; T is therefore never sharper than n pictures can show: their
    mean confidence stays at or below (n + 1) / (n + 2), Laplace's rule of succession for n right answers out of n.
    Where the scores say nothing or less than nothing, T is at the other bound, ten thousand times the mean spread of
    the scores, and the probabilities are all but uniform.

    Args:
        scores: (N, K), of pictures that will not be used to measure the calibration.
        labels: (N,). Pictures whose truth has the score minus infinity say nothing about T and are left out.

    Returns:
        T > 0; 1.0 where there are no pictures or every picture's scores are all equal.

    Raises:
        DataError: scores or labels that are no such thing.
    """
    num_classes = np.shape(scores)[-1] or 1
    checked = scoring.as_scores(scores, num_classes)
    truths = scoring.as_labels(labels, num_classes, len(checked))
    told = np.isfinite(checked[np.arange(len(truths)), truths])
    checked, truths = checked[told], truths[told]
    gaps = checked.max(axis=1, keepdims=True) - checked
    spread = gaps[np.isfinite(gaps)].sum() / max(gaps.size, 1)
    if spread == 0:
        return 1.0
    gaps = np.minimum(gaps / spread, _IMPOSSIBLE)
    sharpest = _root(lambda log: _mean_confidence(gaps, log) - (len(gaps) + 1) / (len(gaps) + 2))
    return float(spread / np.exp(_root(lambda log: _slope(gaps, truths, log), sharpest)))


def _measure(confidences: Values, right: Right, seed: int) -> dict[str, Any]:
    bins = reliability(confidences, right)
    if not len(confidences):
        nothing: dict[str, Any] = {"ece": None, "null": dict.fromkeys(("median", "low", "high")), "exceeds_null": None}
        return {**nothing, "confidence": None, "equal_mass": nothing, "bins": bins}
    errors = calibration_errors(confidences, right, seed=seed)
    mean = float(np.sort(confidences).mean())
    return {**errors["equal_width"], "confidence": mean, "equal_mass": errors["equal_mass"], "bins": bins}


def _surest_last(confidences: Values, right: Right) -> tuple[Values, Right]:
    # Sorted, so that the order of the pictures changes nothing, not even the last bit of a sum.
    order = np.argsort(confidences, kind="stable")
    return confidences[order], right[order]


def _bins(confidences: Values, inner: Values) -> NDArray[np.int64]:
    return np.searchsorted(inner, confidences, side="right")


def _membership(confidences: Values, inner: Values) -> NDArray[np.float32]:
    # (N, bins) of 0 and 1: sums over bins are one matrix product, exact in float32 up to 16 million pictures.
    places = np.arange(len(inner) + 1)
    member: NDArray[np.float32] = (_bins(confidences, inner)[:, None] == places).astype(np.float32)
    return member


def _null(confidences: Values, membership: NDArray[np.float32], resamples: int, seed: int) -> Values:
    # Of labels drawn from the probabilities only one thing counts: the answer is right as often as it says.
    generator = seeds.generator("calibration", seed)
    chances = confidences.astype(np.float32)
    rows = max(1, _CHUNK // len(chances))
    sizes = [min(rows, resamples - start) for start in range(0, resamples, rows)]
    drawn = [
        (generator.random((size, len(chances)), np.float32) < chances).astype(np.float32) @ membership for size in sizes
    ]
    return np.concatenate(drawn).astype(np.float64)


def _beside_null(errors: Values) -> dict[str, Any]:
    low, median, high = np.quantile(errors[1:], [0.5 - LEVEL / 2, 0.5, 0.5 + LEVEL / 2])
    return {
        "ece": float(errors[0]),
        "null": {"median": float(median), "low": float(low), "high": float(high)},
        "exceeds_null": bool(errors[0] > high),
    }


def _mean_confidence(gaps: Values, log_sharpness: float) -> float:
    return float((1 / np.exp(-np.exp(log_sharpness) * gaps).sum(axis=1)).mean())


def _slope(gaps: Values, labels: NDArray[np.int64], log_sharpness: float) -> float:
    # Of the mean loss by 1/T: the gap of the truth less the gap expected under the probabilities.
    weights = np.exp(-np.exp(log_sharpness) * gaps)
    expected = (weights * gaps).sum(axis=1) / weights.sum(axis=1)
    return float((gaps[np.arange(len(labels)), labels] - expected).mean())


def _root(rising: Callable[[float], float], high: float = _REACH) -> float:
    # Where a rising function crosses 0, or the bound that it does not reach.
    from scipy.optimize import brentq  # type: ignore[import-untyped, unused-ignore]

    low = -_REACH
    if rising(low) >= 0:
        return low
    if rising(high) <= 0:
        return high
    return float(brentq(rising, low, high, xtol=1e-7))
