"""Patches: the part of a picture that one unit sees, cut out as the unit sees it, with what sticks out beside it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from striate.core.errors import DoesNotApply
from striate.inside.geometry import Geometry


class Box(NamedTuple):
    """Pixels of a picture, from the top left one, which is seen, to the bottom right one, which is not.

    They may lie outside of the picture, where a network pads.
    """

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left


def patch(geometry: Geometry, y: int, x: int) -> Box:
    """Return what unit (y, x) sees in a picture without end; `Geometry.box` is the part of it in the picture.

    All units of a layer whose fields move by one stride have patches of one size, at the border too.

    Raises:
        DoesNotApply: the unit sees nothing of the picture, as behind a transposed convolution that skips units.
        IndexError: the layer has no such unit.
    """
    rows, columns = geometry.units
    if not (0 <= y < rows and 0 <= x < columns):
        raise IndexError(f"unit ({y}, {x}) of a layer of {rows} x {columns} units")
    down, right = (axis.interval(unit) for axis, unit in zip(geometry.axes, (y, x), strict=True))
    if down is None or right is None:
        raise DoesNotApply(f"unit ({y}, {x}) sees nothing of the picture: take one beside it")
    return Box(down[0], right[0], down[1], right[1])


def crop(images: Tensor, box: tuple[int, int, int, int], fill: float = 0) -> Tensor:
    """Cut `box` out of pictures.

    Args:
        images: (..., H, W).
        box: top, left, bottom, right; may stick out, or lie outside.
        fill: of what lies outside of the pictures. 0 is what padded layers are given there where pictures are
            normalized; to show a patch, take a color that the picture has not.

    Returns:
        (..., bottom - top, right - left).

    Raises:
        ValueError: a box that ends before it begins.
    """
    top, left, bottom, right = box
    if bottom < top or right < left:
        raise ValueError(f"the box {tuple(box)} ends before it begins: it is (top, left, bottom, right)")
    height, width = images.shape[-2:]
    cut = torch.full((*images.shape[:-2], bottom - top, right - left), fill, dtype=images.dtype, device=images.device)
    rows = slice(min(max(top, 0), height), min(max(bottom, 0), height))
    columns = slice(min(max(left, 0), width), min(max(right, 0), width))
    cut[..., rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = images[
        ..., rows, columns
    ]
    return cut
