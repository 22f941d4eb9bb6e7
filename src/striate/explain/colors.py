"""From values to colors: one scale for what speaks for a class and against it, white where nothing does.

A scale is a number, not a look: it says which value is darkest, and values of one scale have one color each wherever
they are drawn. Stretching every map to its own extremes, without saying so, makes something of nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating[Any]]
Pixels = NDArray[np.uint8]

# ColorBrewer's RdBu of eleven classes (https://colorbrewer2.org), from zero outwards: blue against, red for
FOR = ((247, 247, 247), (253, 219, 199), (244, 165, 130), (214, 96, 77), (178, 24, 43), (103, 0, 31))
AGAINST = ((247, 247, 247), (209, 229, 240), (146, 197, 222), (67, 147, 195), (33, 102, 172), (5, 48, 97))

MOST = 99.5  # percentile at which the colors of pixel maps end: a few extreme pixels would leave all others white
_DARKEST = 0.3  # of white: what black of a picture becomes under a map, so that its colors stay visible there


@dataclass(frozen=True)
class Scale:
    """What the colors of a map mean.

    Args:
        limit: the value that is darkest; 0 where all values are.
        largest: the largest value, regardless of its sign.
        signed: from -limit to limit, else from 0.
        methods: that have this scale together, where these are several.
    """

    limit: float
    largest: float
    signed: bool
    methods: tuple[str, ...] = ()

    @property
    def cut(self) -> bool:
        """Whether values beyond the limit are drawn as if they were at it."""
        return self.largest > self.limit

    @property
    def low(self) -> float:
        """Where the legend begins."""
        return -self.limit if self.signed else 0.0


def scale_of(values: Values, *, signed: bool, pixels: bool) -> Scale:
    """Return the scale of one map of raw values (h, w); that of `pixels` ends at a percentile, and says so."""
    sizes = np.abs(values.astype(np.float64))
    largest = float(sizes.max())
    limit = float(np.percentile(sizes, MOST)) if pixels else largest
    return Scale(limit or largest, largest, signed)


def shared(scales: Sequence[Scale]) -> Scale:
    """Return one scale for maps of one method, that of the strongest."""
    return Scale(
        max(scale.limit for scale in scales),
        max(scale.largest for scale in scales),
        any(scale.signed for scale in scales),
    )


def colored(values: Values, scale: Scale) -> Pixels:
    """Return (..., 3) the colors of values (...)."""
    relative = np.clip(values.astype(np.float64) / (scale.limit or 1.0), -1, 1)
    stops = np.linspace(0, 1, len(FOR))
    channels = [
        np.where(relative < 0, np.interp(-relative, stops, against), np.interp(relative, stops, speaking))
        for against, speaking in zip(np.transpose(AGAINST), np.transpose(FOR), strict=True)
    ]
    pixels: Pixels = np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
    return pixels


def overlaid(picture: Pixels, values: Values, scale: Scale) -> Pixels:
    """Return the picture (H, W, 1 or 3), dyed by the colors of `values` (H, W): gray where they are 0."""
    light = picture.astype(np.float64) @ _LUMA[picture.shape[-1]] / 255
    dyed = colored(values, scale) * (_DARKEST + (1 - _DARKEST) * light)[..., None]
    pixels: Pixels = np.rint(dyed).astype(np.uint8)
    return pixels


def gradient(*, signed: bool) -> str:
    """Return the legend's ramp for a style sheet, from its low end to its high one."""
    stops = (*AGAINST[:0:-1], *FOR) if signed else FOR
    return f"linear-gradient(to right, {', '.join(f'#{bytes(stop).hex()}' for stop in stops)})"


_LUMA = {1: np.ones(1), 3: np.array([0.299, 0.587, 0.114])}  # ITU-R 601
