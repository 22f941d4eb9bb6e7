"""Filters of the first layer, augmented batches and galleries, each laid out as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from striate.report.figures import MUTED, blank
from striate.report.words import MINUS

MOST_FILTERS = 128
MOST_AUGMENTED = 64

# ColorBrewer's RdBu (https://colorbrewer2.org): negative, zero, positive
NEGATIVE, ZERO, POSITIVE = (33, 102, 172), (247, 247, 247), (178, 24, 43)


@dataclass(frozen=True)
class Filters:
    """The first layer's filters on one scale, so that a strong filter looks stronger than a weak one.

    Args:
        picture: (H, W, 4) uint8, one pixel a weight, transparent between the filters.
        tile: (h, w) of one filter.
        shown, total: how many filters there are.
        limit: the largest weight of all; the scale goes from -limit to limit.
        color: True: a filter over red, green and blue, zero is mid-gray. False: one channel a tile, blue is
            negative, white zero, red positive.
    """

    picture: NDArray[np.uint8]
    tile: tuple[int, int]
    shown: int
    total: int
    limit: float
    color: bool


def filters(weights: NDArray[np.floating[Any]]) -> Filters:
    """Lay out the filters (O, C, h, w) of a first layer; of other than 1 or 3 channels, each channel is a tile."""
    total, channels, height, width = weights.shape
    weights = weights[:MOST_FILTERS]
    limit = float(np.abs(weights).max(initial=0.0)) or 1.0
    relative = (weights / limit).astype(np.float64)
    color = channels == 3
    if color:
        tiles = _around_gray(relative.transpose(0, 2, 3, 1))
        across = _across(len(tiles), height / width)
    else:
        tiles = diverging(relative.reshape(-1, height, width))
        across = _across(len(tiles), height / width) if channels == 1 else channels
    return Filters(mosaic(tiles, across), (height, width), len(weights), total, limit, color)


def diverging(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return (..., 3) colors for values from -1 (blue) over 0 (white) to 1 (red)."""
    end = np.where(values[..., None] < 0, np.array(NEGATIVE, np.float64), np.array(POSITIVE, np.float64))
    zero = np.array(ZERO, np.float64)
    return np.rint(zero + np.abs(values)[..., None] * (end - zero)).astype(np.uint8)


def mosaic(tiles: NDArray[np.uint8], across: int, gap: int = 1) -> NDArray[np.uint8]:
    """Lay (N, h, w, C) tiles on one (H, W, 4) picture with transparent gaps; C is 1 or 3."""
    count, height, width, _ = tiles.shape
    deep = ceil(count / across)
    canvas = np.zeros((deep, height + gap, across, width + gap, 4), np.uint8)
    for place in range(count):
        row, column = divmod(place, across)
        canvas[row, :height, column, :width, :3] = tiles[place]
        canvas[row, :height, column, :width, 3] = 255
    return canvas.reshape(deep * (height + gap), across * (width + gap), 4)[: -gap or None, : -gap or None]


def filters_figure(found: Filters) -> Figure:
    """Draw the filters with the scale under them."""
    height, width = found.picture.shape[:2]
    inches = 7.0
    figure = blank(inches, min(12.0, max(1.2, inches * height / width + 0.4)))
    scale = f"from {MINUS}{found.limit:.3g} to {found.limit:.3g}, {'mid-gray' if found.color else 'white'} is 0"
    _show(figure, found.picture, f"{found.shown} of {found.total} filters of the first layer, {scale}")
    return figure


def batch_mosaic(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay an augmented batch (N, H, W, C) on one picture."""
    shown = images[:MOST_AUGMENTED]
    return mosaic(shown, _across(len(shown), 0.5), gap=max(1, shown.shape[2] // 24))


def picture_figure(picture: NDArray[np.uint8], title: str) -> Figure:
    """Draw one picture, (H, W, C), under a title."""
    height, width = picture.shape[:2]
    figure = blank(7.0, min(12.0, 7.0 * height / width + 0.4))
    _show(figure, picture, title)
    return figure


def gallery_figure(pictures: NDArray[np.uint8], captions: Sequence[str], title: str, across: int = 8) -> Figure:
    """Draw (N, H, W, C) pictures under a title, with a caption of one or two lines under each."""
    across = min(across, len(pictures))
    deep = ceil(len(pictures) / across)
    high = pictures.shape[1] / pictures.shape[2]
    wide, tall = 1.15, high + 0.4  # of a cell, in widths of a picture
    figure = blank(1.1 * wide * across, 1.1 * tall * deep + 0.4)
    axes = figure.add_subplot()
    for place, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left, top = place % across * wide, -(place // across) * tall
        extent = (left, left + 1, top - high, top)
        axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest", extent=extent)
        axes.text(left + 0.5, top - high - 0.05, caption, ha="center", va="top", fontsize=7, color=MUTED)
    axes.set_xlim(0, across * wide)
    axes.set_ylim(-deep * tall, 0)
    axes.set_axis_off()
    axes.set_title(title)
    return figure


def _show(figure: Figure, picture: NDArray[np.uint8], title: str) -> None:
    axes = figure.add_subplot()
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(title)


def _around_gray(relative: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.rint(127.5 + 127.5 * relative).astype(np.uint8)


def _across(count: int, aspect: float) -> int:
    """Return how many tiles of `aspect` (h / w) to a row give a picture about three times as wide as high."""
    return int(np.clip(ceil((3 * count * aspect) ** 0.5), 1, count))
