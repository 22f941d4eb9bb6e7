"""The part of a picture that a unit sees, cut out to look at: equal in size for all units of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from striate.inside.axes import Axis
from striate.inside.layers import Layer
from striate.inside.patches import crop

Pixels = NDArray[np.uint8]
_AROUND = 232  # where the field sticks out of the picture: a light gray, told apart from white gaps and from zero


@dataclass(frozen=True)
class Window:
    """How the units of a layer look through the picture.

    Args:
        size: height and width of every cut: of the field, or of the picture where the field is larger.
        picture: height and width of the picture.
        layer: whose units.
    """

    size: tuple[int, int]
    picture: tuple[int, int]
    layer: Layer

    def start(self, y: int, x: int) -> tuple[int, int]:
        """Return the first row and column of the cut of unit (y, x), which may lie outside of the picture."""
        if not self.layer.maps:
            return 0, 0
        down, right = self.layer.placed.axes
        return _first(down, y, self.size[0], self.picture[0]), _first(right, x, self.size[1], self.picture[1])

    def field(self, y: int, x: int) -> tuple[int, int, int, int] | None:
        """Return all that unit (y, x) sees, top, left, bottom, right, also beyond the picture; None: unknown."""
        if not self.layer.maps:
            return (0, 0, *self.picture) if len(self.layer.shape) == 1 else None
        seen = [axis.interval(unit) or (0, 0) for axis, unit in zip(self.layer.placed.axes, (y, x), strict=True)]
        return seen[0][0], seen[1][0], seen[0][1], seen[1][1]

    def cut(
        self, pictures: NDArray[np.generic], places: Sequence[tuple[int, int]], around: float
    ) -> NDArray[np.generic]:
        """Cut (N, C, h, w) out of pictures (N, C, H, W), each at the unit's place; outside is `around`."""
        starts = [self.start(y, x) for y, x in places]
        boxes = [(top, left, top + self.size[0], left + self.size[1]) for top, left in starts]
        whole = zip(torch.from_numpy(pictures), boxes, strict=True)
        cuts: NDArray[np.generic] = torch.stack([crop(picture, box, around) for picture, box in whole]).numpy()
        return cuts


def window(layer: Layer, picture: tuple[int, int]) -> Window:
    """Return the window of the units of `layer`; of units whose place is unknown, it is the whole picture."""
    if not layer.maps:
        return Window(picture, picture, layer)
    height, width = (min(field, side) for field, side in zip(layer.placed.size, picture, strict=True))
    return Window((max(1, height), max(1, width)), picture, layer)


def patches(found: Window, pictures: Pixels, places: Sequence[tuple[int, int]]) -> Pixels:
    """Return patches (N, h, w, C) of pictures (N, C, H, W) uint8."""
    cuts: Pixels = found.cut(pictures, places, _AROUND).transpose(0, 2, 3, 1).astype(np.uint8)
    return cuts


def projected(found: Window, projections: NDArray[np.float32], places: Sequence[tuple[int, int]]) -> Pixels:
    """Return what was projected to the pixels, (N, C, H, W), as patches: 0 is mid-gray, each on a scale of its own."""
    cuts = found.cut(projections, places, 0.0).astype(np.float64)
    most = np.abs(cuts).max(axis=(1, 2, 3), keepdims=True)
    relative = np.divide(cuts, most, out=np.zeros_like(cuts), where=most > 0)
    shown: Pixels = np.rint(127.5 + 127.5 * relative).astype(np.uint8).transpose(0, 2, 3, 1)
    return shown


def _first(axis: Axis, unit: int, length: int, side: int) -> int:
    if length >= side:
        return 0
    low, high = axis.interval(unit) or (0, length)
    return (low + high - length) // 2
