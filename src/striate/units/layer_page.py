"""The page of a layer: the grid of its units, and each unit at its own address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from striate.core import files
from striate.inside.projection import project
from striate.report import words
from striate.report.mosaics import diverging
from striate.report.thumbnails import encoded, shrink
from striate.units import sheets, told
from striate.units.health import claims
from striate.units.looking import Looking
from striate.units.sheets import Sheet
from striate.units.study import LayerStudy
from striate.units.windows import Window, patches, projected, window

LARGEST = 72  # pixels of a patch; larger fields are shrunk
_AT_ONCE = 64  # units whose patches are cut together
_MATRIX = 400  # pixels of the longer side of a matrix on the screen, about
_MOST_IN_MATRIX = 512  # units, or pictures, whose matrix is drawn


@dataclass(frozen=True)
class Made:
    """Pictures of the units of one layer that do not come from the data.

    Args:
        projections: how many of a unit's patches are projected to the pixels; 0: none.
        synthetic: (U, h, w, C) uint8, what would excite each shown unit most; None: not made.
        synthetic_values: (U,) each unit's value for it.
        weights: (U, h, w, C) uint8, each unit's weights; None: it has none that can be drawn.
        weights_told: what the weights are, and their scale.
        wires: of each shown unit: `inputs` and `outputs`, as [page or None, unit, weight]; and where they come from.
        left_out: a sentence on what was not made, and how to get it; "" for nothing.
    """

    projections: int = 0
    synthetic: NDArray[np.uint8] | None = None
    synthetic_values: NDArray[np.float32] | None = None
    weights: NDArray[np.uint8] | None = None
    weights_told: tuple[str, str] = ("", "")
    wires: Sequence[dict[str, Any]] = ()
    wired: dict[str, str] = field(default_factory=dict)
    left_out: str = ""


def draw(
    folder: Path, looking: Looking, found: LayerStudy, made: Made
) -> tuple[dict[str, Sheet], list[dict[str, Any]]]:
    """Write the sheets of a layer and return them by what they show, and what is told of its units."""
    seen, shown = window(found.layer, looking.picture), looking.units(found)
    stem = file_stem(found.layer.name)
    drawn = {"patches": _patches(folder, f"{stem}.patches", looking, found, seen)}
    if made.projections:
        drawn["projections"] = _projections(folder, f"{stem}.projections", looking, found, seen, made.projections)
    for name, pictures in (("synthetic", made.synthetic), ("weights", made.weights)):
        if pictures is not None:
            small = shrink(pictures, LARGEST)
            each = (picture[None] for picture in small)
            drawn[name] = sheets.write(folder, f"{stem}.{name}", each, shown=96)
    told_units = told.units(found, shown, seen)
    for block, one in enumerate(told_units):
        if made.synthetic_values is not None:
            one["synthetic"] = told.number(made.synthetic_values[block])
        one.update(made.wires[block] if made.wires else {})
    return drawn, told_units


def lead(study: LayerStudy) -> str:
    """Say what the layer gives and sees, and how many of its units are ill, with what."""
    shape = " x ".join(f"{side:,}" for side in study.layer.shape)
    said = [f"It gives {shape} ({study.layer.kind})."]
    if study.layer.maps:
        field, stride = study.layer.placed.size, study.layer.placed.stride
        said.append(f"Each unit sees {field[0]} x {field[1]} pixels, and its neighbor {_pixels(stride[0])} further on.")
    ill = Counter(claim.kind for claim in claims(study))
    said += [f"{count:,} of {study.units:,} units {_ILL[kind]}." for kind, count in ill.items()]
    return " ".join(said)


_ILL = {
    "dead": "never fired",
    "constant": "never varied",
    "saturated": "are mostly at an end of the range",
    "duplicate": "say what another says",
    "border": "fire mostly at the border",
}


def _pixels(stride: Any) -> str:
    value = words.number(float(stride))
    return f"{value} pixel{'' if value == '1' else 's'}"


def matrices(folder: Path, found: LayerStudy) -> list[dict[str, Any]]:
    """Write the matrices of responses and of correlations as pictures, and return what is told of each."""
    stem = file_stem(found.layer.name)
    kept = slice(0, _MOST_IN_MATRIX)
    drawn = []
    if found.responses.size:
        values = np.maximum(found.responses[:, kept], 0)
        most = float(values.max(initial=0.0)) or 1.0
        share = float((found.responses > 0).mean())
        told_ = (
            f"Rows: {found.responses.shape[0]} pictures, columns: {values.shape[1]} of {found.units} units; each "
            f"unit's largest value, white 0, red {words.number(most)}. {words.percent(share)} are above 0."
        )
        drawn.append(_matrix(folder, f"{stem}.responses", values / most, "Which units answer to which picture", told_))
    if found.correlation.size:
        values = np.nan_to_num(found.correlation[kept, kept])
        mean = words.NOTHING if found.overall_correlation is None else words.number(found.overall_correlation)
        told_ = (
            f"{values.shape[0]} of {found.units} units; blue {words.MINUS}1, white 0, red 1. Mean size off the "
            f"diagonal: {mean}."
        )
        drawn.append(_matrix(folder, f"{stem}.correlation", values, "Correlation between units", told_))
    return drawn


def file_stem(layer: str) -> str:
    """Return how the files of a layer begin: its name, with what a path or an address cannot hold replaced."""
    return layer.replace("#", "-call-").replace("/", "-")


def _matrix(folder: Path, name: str, values: NDArray[Any], title: str, told_: str) -> dict[str, Any]:
    picture = diverging(values.astype(np.float64))
    files.write_bytes(folder / f"sheets/{name}.png", encoded(picture)[1])
    width = values.shape[1] * max(1, _MATRIX // max(values.shape))
    return {"file": f"sheets/{name}.png", "title": title, "told": told_, "width": width}


def _patches(folder: Path, name: str, looking: Looking, found: LayerStudy, seen: Window) -> Sheet:
    def blocks() -> Iterator[NDArray[np.uint8]]:
        for units in _groups(looking.units(found)):
            rows = sorted({int(row) for row in found.top_rows[units].ravel() if row >= 0})
            pictures = dict(zip(rows, looking.pixels(rows), strict=True)) if rows else {}
            for unit in units:
                yield _block(found, unit, seen, looking, pictures)

    return sheets.write(folder, name, blocks(), block=_side(found), shown=32)


def _block(
    found: LayerStudy, unit: int, seen: Window, looking: Looking, pictures: dict[int, NDArray[np.uint8]]
) -> NDArray[np.uint8]:
    rows, places = top(found, unit)
    if not rows:
        return np.empty((0, *shrunk_size(seen), looking.recognizer.preprocess.channels), np.uint8)
    return shrink(patches(seen, np.stack([pictures[row] for row in rows]), places), LARGEST)


def _projections(folder: Path, name: str, looking: Looking, found: LayerStudy, seen: Window, count: int) -> Sheet:
    def blocks() -> Iterator[NDArray[np.uint8]]:
        for units in _groups(looking.units(found)):
            asked = [(unit, *one) for unit in units for one in _entries(found, unit, count)]
            tiles = project_all(looking.recognizer.network, looking, found, seen, asked)
            empty = np.empty((0, *shrunk_size(seen), looking.recognizer.preprocess.channels), np.uint8)
            for unit in units:
                own = [tile for (one, _, _), tile in zip(asked, tiles, strict=True) if one == unit]
                yield np.stack(own) if own else empty

    return sheets.write(folder, name, blocks(), block=_side(found), shown=32)


def project_all(
    network: nn.Module,
    looking: Looking,
    found: LayerStudy,
    seen: Window,
    asked: Sequence[tuple[int, int, tuple[int, int]]],
) -> list[NDArray[np.uint8]]:
    """Return the projections of (unit, row, place) as tiles."""
    tiles: list[NDArray[np.uint8]] = []
    for start in range(0, len(asked), _AT_ONCE):
        part = asked[start : start + _AT_ONCE]
        units, rows, places = (list(each) for each in zip(*part, strict=True))
        made = project(network, looking.images(rows), found.layer.name, units, places, looking.rule)
        tiles.extend(shrink(projected(seen, made.float().cpu().numpy(), places), LARGEST))
    return tiles


def top(found: LayerStudy, unit: int) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the rows of the pictures that excite a unit most, and the places of its map where they do."""
    entries = _entries(found, unit, found.top_rows.shape[1])
    return [row for row, _ in entries], [place for _, place in entries]


def shrunk_size(seen: Window) -> tuple[int, int]:
    """Return height and width of a patch in its sheet."""
    blank = np.zeros((1, *seen.size, 1), np.uint8)
    height, width = shrink(blank, LARGEST).shape[1:3]
    return height, width


def _entries(found: LayerStudy, unit: int, count: int) -> list[tuple[int, tuple[int, int]]]:
    ranks = np.flatnonzero(found.top_rows[unit, :count] >= 0)
    rows, places = found.top_rows[unit, ranks].tolist(), found.top_places[unit, ranks].tolist()
    return [(row, (y, x)) for row, (y, x) in zip(rows, places, strict=True)]


def _side(found: LayerStudy) -> int:
    """Return how many tiles a side hold the top patches of a unit."""
    return max(1, int(np.ceil(np.sqrt(found.top_rows.shape[1]))))


def _groups(units: Sequence[int]) -> Iterator[Sequence[int]]:
    yield from (units[start : start + _AT_ONCE] for start in range(0, len(units), _AT_ONCE))
