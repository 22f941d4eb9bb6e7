"""The page of a picture: what every unit of every layer gives to it; hovering over a cell draws what the cell sees."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.report import words
from striate.report.thumbnails import in_turn
from striate.units.feature_maps import feature_maps
from striate.units.layer_page import file_stem
from striate.units.looking import Looking
from striate.units.study import LayerStudy
from striate.units.told import number
from striate.units.windows import window

_MOST_UNITS = 128  # of a layer, on one page
_MOST_CELLS = 150_000  # of a layer, on one page: a byte each
_SHOWN = 56  # pixels a side of a map on the screen, about
_ANSWERS = 5


def seen(looking: Looking, row: int) -> dict[str, Any]:
    """Return the maps of the picture of `row` in every studied layer that has maps, as the script draws them."""
    found = [study for study in looking.study if study.layer.maps]
    names = [study.layer.name for study in found]
    way = feature_maps(looking.recognizer.network, looking.images([row])[0], names) if names else None
    maps = [] if way is None else [layer.values.float().cpu().numpy() for layer in way.layers]
    return {
        "row": row,
        "layers": [_layer(study, values, looking.picture) for study, values in zip(found, maps, strict=True)],
    }


def answers(looking: Looking, row: int) -> list[dict[str, Any]]:
    """Return the classes that the network finds most probable."""
    probabilities = looking.answers([row])[0]
    order = np.argsort(-probabilities, kind="stable")[:_ANSWERS]
    return [{"name": looking.recognizer.classes[place], "probability": float(probabilities[place])} for place in order]


def _layer(found: LayerStudy, values: NDArray[np.float32], picture: tuple[int, int]) -> dict[str, Any]:
    height, width = values.shape[1:]
    shown = _chosen(found, min(_MOST_UNITS, max(1, _MOST_CELLS // (height * width))))
    values = values[shown]
    low = values.min(axis=(1, 2), keepdims=True)
    high = values.max(axis=(1, 2), keepdims=True)
    spread = np.where(high > low, high - low, 1.0)
    codes = np.rint(255 * (values - low) / spread).astype(np.uint8)
    rows, columns = _edges(found, picture)
    said = (
        f"{found.units} units of {height} x {width}"
        if len(shown) == found.units
        else (f"{len(shown)} of {found.units} units, of {height} x {width}: those that answer most to one class")
    )
    return {
        "name": found.layer.name,
        "page": f"layers/{file_stem(found.layer.name)}.html",
        "told": said,
        "units": shown,
        "size": [height, width],
        "zoom": max(1, _SHOWN // max(height, width)) if max(height, width) <= _SHOWN else _SHOWN / max(height, width),
        "limits": [[number(a), number(b)] for a, b in zip(low.ravel(), high.ravel(), strict=True)],
        "values": b64encode(codes.tobytes()).decode(),
        "rows": rows,
        "columns": columns,
    }


def _chosen(found: LayerStudy, most: int) -> list[int]:
    """Return the units to show: all, or those that are most selective, by number."""
    if found.units <= most:
        return list(range(found.units))
    order = np.argsort(-np.nan_to_num(found.index, nan=-1.0), kind="stable")[:most]
    return sorted(order.tolist())


def _edges(found: LayerStudy, picture: tuple[int, int]) -> tuple[list[list[int]], list[list[int]]]:
    """Return from which to which pixel each row, and each column, of units sees."""
    seen_ = window(found.layer, picture)
    rows, columns = [], []
    for y in range(found.places[0]):
        top, _, bottom, _ = seen_.field(y, 0) or (0, 0, *picture)
        rows.append([top, bottom])
    for x in range(found.places[1]):
        _, left, _, right = seen_.field(0, x) or (0, 0, *picture)
        columns.append([left, right])
    return rows, columns


def choose(looking: Looking, count: int) -> list[int]:
    """Return rows of pictures to show: class by class, those that excite the most units of the last layer first."""
    tops = np.concatenate([study.top_rows[study.top_rows >= 0] for study in looking.study])
    if not tops.size:  # all units are silent
        tops = np.array([row for row in looking.study.rows.tolist() if row not in looking.study.unreadable][:count])
    rows, votes = np.unique(tops, return_counts=True)
    order = rows[np.argsort(-votes, kind="stable")]
    by_class: dict[int, list[int]] = {}
    for row in order.tolist():
        by_class.setdefault(int(looking.labels[row]), []).append(row)
    return list(in_turn(by_class[label] for label in sorted(by_class)))[:count]


def note(looking: Looking, row: int) -> str:
    """Return the sentence under the picture."""
    truth = looking.study.classes[int(looking.labels[row])]
    best = answers(looking, row)[0]
    says = f"The network says {best['name']} ({words.percent(best['probability'])})"
    return f"{says}; it is {truth}. Hover over a cell to see what it sees."
