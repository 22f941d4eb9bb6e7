"""What the pages tell of each unit, as plain numbers for their script."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from striate.units.health import claims
from striate.units.study import LEVELS, LayerStudy
from striate.units.windows import Window

_CLASSES = 5  # of a unit, most first


def number(value: Any) -> float | None:
    """Return a number of four digits, which JSON can hold; None for none."""
    value = float(value)
    return float(f"{value:.4g}") if isfinite(value) else None


def units(found: LayerStudy, shown: Sequence[int], seen: Window) -> list[dict[str, Any]]:
    """Return what is told of units of a layer.

    Args:
        found: of the layer.
        shown: the units; the sheets have a block for each, in this order.
        seen: the window of its units.
    """
    active, ill = found.share_active, claims(found)
    return [
        {
            "k": unit,
            "block": block,
            "max": number(found.maximum[unit]),
            "mean": number(found.mean[unit]),
            "std": number(found.std[unit]),
            "active": number(active[unit]),
            "zeros": number(found.share_zeros[unit]),
            "selectivity": number(found.index[unit]),
            "quantiles": [number(value) for value in found.quantiles[unit]],
            "flags": [[claim.kind, claim.words] for claim in ill if claim.unit == unit],
            **_histogram(found, unit),
            "classes": _classes(found, unit),
            "top": _top(found, seen, unit),
            "similar": _similar(found, unit),
        }
        for block, unit in enumerate(shown)
    ]


def _histogram(found: LayerStudy, unit: int) -> dict[str, Any]:
    """Return the counts from the first bin that has any to the last, and the values at both ends."""
    some = np.flatnonzero(found.histogram[unit])
    first, last = (int(some[0]), int(some[-1]) + 1) if some.size else (0, 1)
    edges = found.edges(unit)
    return {"hist": found.histogram[unit, first:last].tolist(), "range": [number(edges[first]), number(edges[last])]}


def _classes(found: LayerStudy, unit: int) -> list[list[Any]]:
    if not found.fired[unit] and found.minimum[unit] == found.maximum[unit]:
        return []  # always the same: no class is preferred
    means = found.class_maxima[unit]
    order = [int(place) for place in np.argsort(-means, kind="stable") if np.isfinite(means[place])]
    return [[place, number(means[place]), number(found.selectivity[unit, place])] for place in order[:_CLASSES]]


def _top(found: LayerStudy, seen: Window, unit: int) -> list[dict[str, Any]]:
    told = []
    for rank in np.flatnonzero(found.top_rows[unit] >= 0):
        y, x = (int(place) for place in found.top_places[unit, rank])
        told.append(
            {
                "row": int(found.top_rows[unit, rank]),
                "value": number(found.top_values[unit, rank]),
                "y": y,
                "x": x,
                "box": seen.field(y, x),
                "border": bool(found.top_border[unit, rank]),
            }
        )
    return told


def _similar(found: LayerStudy, unit: int) -> list[list[Any]]:
    pairs = zip(found.neighbors[unit].tolist(), found.neighbor_correlation[unit].tolist(), strict=True)
    return [[other, number(value)] for other, value in pairs if other >= 0]


def plain(found: LayerStudy, units: Sequence[int] | None = None) -> dict[str, Any]:
    """Return what was found of a layer's units, by default of all, as plain data with names instead of short ones."""
    active, ill = found.share_active, claims(found)
    return {
        "layer": found.layer.name,
        "kind": found.layer.kind,
        "shape": list(found.layer.shape),
        "pictures": found.pictures,
        "units": [
            {
                "unit": unit,
                "largest": number(found.maximum[unit]),
                "mean": number(found.mean[unit]),
                "active": number(active[unit]),
                "pictures_fired": int(found.fired[unit]),
                "selectivity": number(found.index[unit]),
                "quantiles": {
                    f"{level:g}": number(value) for level, value in zip(LEVELS, found.quantiles[unit], strict=True)
                },
                "mean_correlation": number(found.mean_correlation[unit]),
                "claims": {claim.kind: claim.words for claim in ill if claim.unit == unit},
                "top": [
                    {"row": int(row), "value": number(value), "y": int(y), "x": int(x)}
                    for row, value, (y, x) in zip(
                        found.top_rows[unit], found.top_values[unit], found.top_places[unit], strict=True
                    )
                    if row >= 0
                ],
            }
            for unit in (range(found.units) if units is None else sorted(set(units)))
        ],
    }
