"""From sums and samples to what is told of a layer: means, quantiles with their doubt, selectivity, correlations."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from striate.inside.axes import Interval
from striate.inside.layers import Layer
from striate.units.correlation import correlate
from striate.units.gathering import Gathering
from striate.units.study import LEVELS, LayerStudy

_CONFIDENCE = 0.95
_NEAR = 0.01  # of the layer's range: what is so near to an end of it counts as saturated

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Whole = NDArray[np.int64]


def finished(gathered: Gathering, class_counts: Whole) -> LayerStudy:
    """Return what was found of one layer; `class_counts` (C,) are of the pictures that were seen."""
    pictures = int(gathered.pictures[0])
    sample = gathered.sample[gathered.sample_taken]
    histograms = gathered.histograms
    told = gathered.shown_taken
    mean, std = _moments(gathered, pictures)
    classes = _classes(gathered, class_counts, pictures)
    compared = gathered.inner is not None and 0 < gathered.inner_places < gathered.places
    quantiles, below, above = _quantiles(sample, gathered.low, gathered.high)
    correlations = correlate(sample)
    return LayerStudy(
        layer=gathered.layer,
        pictures=pictures,
        **_tops(gathered),
        minimum=gathered.low,
        maximum=gathered.high,
        mean=mean,
        std=std,
        zeros=gathered.zeros,
        negatives=gathered.negatives,
        fired=gathered.fired,
        border_maxima=gathered.at_border if compared else np.full_like(gathered.at_border, -1),
        uneven=gathered.uneven,
        border_share=1 - gathered.inner_places / gathered.places if gathered.inner is not None else nan,
        histogram=histograms.counts,
        histogram_low=histograms.first * histograms.width,
        histogram_width=histograms.width,
        sampled=len(sample),
        quantiles=quantiles,
        quantiles_low=below,
        quantiles_high=above,
        sampled_uneven=_uneven(sample),
        saturated=_saturated(sample, float(gathered.low.min()), float(gathered.high.max())),
        class_maxima=classes.maxima,
        class_means=classes.means,
        selectivity=classes.selectivity,
        index=classes.index,
        preferred=classes.preferred,
        correlation=correlations.matrix,
        neighbors=correlations.neighbors,
        neighbor_correlation=correlations.values,
        mean_correlation=correlations.mean,
        sample_rows=gathered.rows[gathered.shown[told]],
        responses=gathered.responses[0, told],
        mean_responses=gathered.responses[1, told],
    )


def _moments(gathered: Gathering, pictures: int) -> tuple[Doubles, Doubles]:
    count = pictures * gathered.places
    away = gathered.sums / count
    variance = np.maximum(gathered.squares / count - away**2, 0)
    variance[gathered.low == gathered.high] = 0
    mean: Doubles = gathered.shift + away
    return mean, np.sqrt(variance)


def _tops(gathered: Gathering) -> dict[str, NDArray[Any]]:
    """Return the top fields, without those that are no answer."""
    tops, layer = gathered.tops, gathered.layer
    answers = tops.values > gathered.low[:, None]
    width = layer.shape[2] if len(layer.shape) == 3 else 1
    places = np.stack(np.divmod(np.where(answers, tops.places, 0), width), -1)
    return {
        "top_values": np.where(answers, tops.values, np.float32(nan)),
        "top_rows": np.where(answers, tops.rows, -1),
        "top_places": places,
        "top_border": answers & sticking_out(layer)[places[..., 0], places[..., 1]],
    }


def sticking_out(layer: Layer) -> NDArray[np.bool_]:
    """Return (h, w) at which units the field sticks out of the picture; nowhere, where the units lie is unknown."""
    if not layer.maps:
        return np.zeros(layer.shape[1:] if len(layer.shape) == 3 else (1, 1), bool)
    seen = layer.placed
    down, right = (
        np.array([_out(axis.interval(place), side) for place in range(count)])
        for axis, count, side in zip(seen.axes, seen.units, seen.picture, strict=True)
    )
    out: NDArray[np.bool_] = down[:, None] | right
    return out


def _out(interval: Interval | None, side: int) -> bool:
    return interval is not None and (interval[0] < 0 or interval[1] > side)


def _quantiles(sample: Floats, least: Floats, greatest: Floats) -> tuple[Floats, Floats, Floats]:
    """Return quantiles (K, Q) of a sample (S, K), and between which sampled numbers those of all lie.

    Where the sample has no number at such a rank, it is the least (K,) or the greatest (K,) of all activations.

    The interval is the one of order statistics, that needs no assumption (David and Nagaraja, Order Statistics, 2003,
    section 7.1); as the sample is drawn without replacement, it is wider than it need be.
    """
    count = len(sample)
    if count == 0:
        nothing = np.full((sample.shape[1], len(LEVELS)), nan, np.float32)
        return nothing, nothing, nothing
    ordered = np.sort(np.ascontiguousarray(sample.T), 1)
    levels = np.array(LEVELS)
    tail = (1 - _CONFIDENCE) / 2
    low = binom.ppf(tail, count, levels).astype(np.int64) - 1
    high = binom.ppf(1 - tail, count, levels).astype(np.int64)
    position = levels * (count - 1)  # between two of them linear, as NumPy has it
    before = np.floor(position).astype(np.int64)
    after = np.minimum(before + 1, count - 1)
    middle = ordered[:, before] + (ordered[:, after] - ordered[:, before]) * (position - before).astype(np.float32)
    below = np.where(low >= 0, ordered[:, low.clip(0)], least[:, None])
    return middle, below, np.where(high < count, ordered[:, high.clip(max=count - 1)], greatest[:, None])


def _uneven(sample: Floats) -> Whole:
    if len(sample) == 0:
        return np.zeros(sample.shape[1], np.int64)
    return _counted(sample > sample.min(0))


def _saturated(sample: Floats, low: float, high: float) -> Whole:
    near = _NEAR * (high - low)
    if near <= 0:
        return np.zeros(sample.shape[1], np.int64)
    at_end = (sample >= high - near) | (sample <= low + near)
    if low == 0:
        at_end &= sample > near
    return _counted(at_end)


def _counted(true: NDArray[np.bool_]) -> Whole:
    counted: Whole = true.sum(0, dtype=np.int64)
    return counted


@dataclass(frozen=True, eq=False)
class _Classes:
    maxima: Floats
    means: Floats
    selectivity: Floats
    index: Floats
    preferred: Whole


def _classes(gathered: Gathering, counts: Whole, pictures: int) -> _Classes:
    there = counts > 0
    per = np.where(there, counts, 1)[:, None]
    maxima, means = (
        np.where(there[:, None], sums / per, nan).T for sums in (gathered.class_maxima, gathered.class_means)
    )
    spread = np.sqrt(np.maximum(gathered.maxima_squares / pictures - (gathered.maxima / pictures) ** 2, 0))
    spread[spread <= 1e-7 * np.abs(gathered.maxima / pictures)] = nan  # all alike: what is left is rounding
    spread[spread == 0] = nan
    selectivity = (maxima - _others(maxima, there)) / spread[:, None]
    index, preferred = _index(means, there, gathered.low)
    return _Classes(
        maxima.astype(np.float32), means.astype(np.float32), selectivity.astype(np.float32), index, preferred
    )


def _others(means: Doubles, there: NDArray[np.bool_]) -> Doubles:
    """Return (K, C) the mean of the means of the other classes; NaN where there are none."""
    others = there.sum() - 1
    if others < 1:
        return np.full_like(means, nan)
    rest: Doubles = (np.nansum(means, 1, keepdims=True) - means) / others
    return rest


def _index(means: Doubles, there: NDArray[np.bool_], low: Floats) -> tuple[Floats, Whole]:
    units = len(means)
    if there.sum() < 2:
        return np.full(units, nan, np.float32), np.full(units, -1, np.int64)
    preferred = np.where(there, means, -np.inf).argmax(1)
    unit = np.arange(units)
    most, rest = means[unit, preferred], _others(means, there)[unit, preferred]
    total = most + rest
    defined = (low >= 0) & (total > 0)
    index = np.where(defined, (most - rest) / np.where(defined, total, 1), nan)
    return index.astype(np.float32), preferred.astype(np.int64)
