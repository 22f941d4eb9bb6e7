"""What each unit of each layer answered to, over many pictures: what `mining.study` finds and the pages tell.

A unit is one map of a layer with maps (K, h, w), or one number of a layer with vectors (D,), which is taken as D maps
of one place. Numbers are of the values that the layer gives, before anything writes into them. Whole numbers are
counts, not shares, so that the doubt about a share can be told; see `health`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import UnknownName
from striate.inside.layers import Layer

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Whole = NDArray[np.int64]

LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)  # of the quantiles
BINS = 64
NEIGHBORS = 5
MOST_CORRELATED = 2048  # units whose whole matrix of correlations is kept: 16 MB


@dataclass(frozen=True, eq=False)
class LayerStudy:
    """What the K units of one layer answered to. Each array's first axis is the unit, unless said otherwise.

    Args:
        layer: its name, kind, shape and geometry.
        pictures: how many were seen; those that cannot be read are not counted.
        top_values: (K, T) the greatest activations, one a picture, greatest first; ties by row. Of pictures with the
            same content only the first counts. A picture in which the unit nowhere exceeds its own `minimum`, as when
            a rectified unit does not fire, is no answer and is left out.
        top_rows: (K, T) the rows of the table; -1 where there are fewer.
        top_places: (K, T, 2) y, x among the units of the layer; 0, 0 for vectors. Of equal ones the first by rows.
        top_border: (K, T) whether the field there sticks out of the picture, so that padding has a part in it.
        minimum: (K,) over all activations, as are the next five.
        maximum: (K,)
        mean: (K,)
        std: (K,) of the population.
        zeros: (K,) how many of the `activations` are exactly 0.
        negatives: (K,) how many are below 0.
        fired: (K,) pictures in which the unit somewhere exceeds 0.
        border_maxima: (K,) of the pictures in `uneven`, those whose greatest activation is at a place where the field
            sticks out of the picture and exceeds that at all others; -1 where all places do, none does, or where the
            units lie is unknown.
        uneven: (K,) pictures in which the unit's activations are not all the same.
        border_share: of all places, those where the field sticks out; NaN where that is unknown.
        histogram: (K, BINS) counts of the activations at up to `sampling.PLACES` places of each picture, drawn by seed.
        histogram_low: (K,) the lower edge of the first bin.
        histogram_width: (K,) of a bin, a power of two; every counted activation is in a bin and 0 is an edge, where it
            is in the range. So bin i has the activations from low + i * width up to, but not including, the next edge.
        sampled: how many activations of each unit the quantiles and correlations rest on: at places drawn by seed
            among all places of all pictures, the same for all units of the layer.
        quantiles: (K, len(LEVELS)) of the sampled activations.
        quantiles_low: (K, len(LEVELS)) from here to `quantiles_high` the quantile of all activations lies with a
            confidence of 95 %: the sampled activations at those ranks.
        quantiles_high: (K, len(LEVELS))
        sampled_uneven: (K,) sampled activations that exceed the least of them.
        saturated: (K,) sampled activations within 1 % of the layer's range of its least or its greatest value; 0 is
            not counted where it is the least, as it is of rectified layers.
        class_maxima: (K, C) mean over the pictures of each class of the greatest activation in a picture; NaN where a
            class has no pictures.
        class_means: (K, C) likewise of the mean activation in a picture.
        selectivity: (K, C) by how many standard deviations over pictures the greatest activation is, on average,
            greater in the class than, by the mean of their means, in the others; NaN where undefined.
        index: (K,) the class selectivity index of Morcos et al., 2018 (https://arxiv.org/abs/1803.06959):
            (m - r) / (m + r), m the greatest of `class_means` and r the mean of the others; NaN for a unit that has
            negative activations, of which it is not defined, and for one that is always 0.
        preferred: (K,) the class of that m; -1 where there are no classes to compare.
        correlation: (K, K) Pearson's, between units, over the sampled places; NaN for a unit that does not vary there.
            (0, 0) where K exceeds `MOST_CORRELATED`.
        neighbors: (K, NEIGHBORS) the units whose correlation is greatest in absolute value; -1 where there are fewer.
        neighbor_correlation: (K, NEIGHBORS) theirs.
        mean_correlation: (K,) the mean absolute correlation with all other units that vary; NaN where undefined.
        sample_rows: (P,) pictures drawn by seed, in the order of the table.
        responses: (P, K) the greatest activation in each of them: pictures by units.
        mean_responses: (P, K) the mean activation in each of them.
    """

    layer: Layer
    pictures: int
    top_values: Floats
    top_rows: Whole
    top_places: Whole
    top_border: NDArray[np.bool_]
    minimum: Floats
    maximum: Floats
    mean: Doubles
    std: Doubles
    zeros: Whole
    negatives: Whole
    fired: Whole
    border_maxima: Whole
    uneven: Whole
    border_share: float
    histogram: Whole
    histogram_low: Doubles
    histogram_width: Doubles
    sampled: int
    quantiles: Floats
    quantiles_low: Floats
    quantiles_high: Floats
    sampled_uneven: Whole
    saturated: Whole
    class_maxima: Floats
    class_means: Floats
    selectivity: Floats
    index: Floats
    preferred: Whole
    correlation: Floats
    neighbors: Whole
    neighbor_correlation: Floats
    mean_correlation: Floats
    sample_rows: Whole
    responses: Floats
    mean_responses: Floats

    @property
    def units(self) -> int:
        """How many there are: K."""
        return self.layer.shape[0]

    @property
    def places(self) -> tuple[int, int]:
        """Rows and columns of each map; 1, 1 for vectors."""
        return (self.layer.shape[1], self.layer.shape[2]) if len(self.layer.shape) == 3 else (1, 1)

    @property
    def activations(self) -> int:
        """How many of each unit were seen: one a place and picture."""
        return self.pictures * self.places[0] * self.places[1]

    @property
    def share_zeros(self) -> Doubles:
        """(K,) of all activations."""
        return self.zeros / max(1, self.activations)

    @property
    def share_negative(self) -> Doubles:
        """(K,) of all activations."""
        return self.negatives / max(1, self.activations)

    @property
    def share_active(self) -> Doubles:
        """(K,) of all activations, those above 0."""
        active: Doubles = 1 - self.share_zeros - self.share_negative
        return active

    @property
    def overall_correlation(self) -> float | None:
        """The mean of `mean_correlation` over the units that vary; None: fewer than two do."""
        varying = self.mean_correlation[np.isfinite(self.mean_correlation)]
        return float(varying.mean()) if varying.size else None

    def edges(self, unit: int) -> Doubles:
        """Return the edges (BINS + 1,) of the unit's histogram."""
        edges: Doubles = self.histogram_low[unit] + self.histogram_width[unit] * np.arange(self.histogram.shape[1] + 1)
        return edges

    def box(self, unit: int, rank: int) -> tuple[int, int, int, int] | None:
        """Return what the unit sees of its `rank`-th picture: top, left, bottom, right, the last two not seen.

        In pixels of the network's input. None where there is no such picture, or no place that can be stated.
        """
        if self.top_rows[unit, rank] < 0 or not self.layer.maps:
            return None
        y, x = (int(place) for place in self.top_places[unit, rank])
        return self.layer.placed.box(y, x)


@dataclass(frozen=True, eq=False)
class Study:
    """What the units of some layers of a network answered to, on some pictures of a table.

    Args:
        layers: in the order in which they end.
        classes: the class names of the table, in label order: C of them.
        shape: of one picture as the network takes it, (C, H, W).
        rows: (N,) of the table, ascending: what was asked for, with those that cannot be read.
        unreadable: why a picture could not be read, by its row.
        copies: pictures that have the same content as an earlier one: counted, but not among the top ones.
        labels: (N,) of `rows`.
        class_counts: (C,) pictures of each class that were seen.
        weights: fingerprint of the network: its modules, parameters and buffers.
        data: fingerprint of the table and of `rows`.
        settings: what else decides the result, ready for JSON: layers, top, seed, preprocess, ...
    """

    layers: tuple[LayerStudy, ...]
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    rows: Whole
    unreadable: Mapping[int, str]
    copies: int
    labels: Whole
    class_counts: Whole
    weights: str
    data: str
    settings: Mapping[str, Any]

    @property
    def pictures(self) -> int:
        """How many were seen."""
        return len(self.rows) - len(self.unreadable)

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the layers."""
        return tuple(study.layer.name for study in self.layers)

    def __iter__(self) -> Iterator[LayerStudy]:
        return iter(self.layers)

    def __getitem__(self, name: str) -> LayerStudy:
        """Return what was found of the layer `name`.

        Raises:
            UnknownName: no such layer was studied.
        """
        for study in self.layers:
            if study.layer.name in (name, f"body.{name}"):
                return study
        raise UnknownName("studied layer", name, self.names)
