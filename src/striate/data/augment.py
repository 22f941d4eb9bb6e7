"""Augmentation: crop, shift and flip, each drawn from (seed, epoch, position in the epoch).

The crop is cut when the picture is read, from the whole picture, so nothing is enlarged from a shrunken one.
Shifts and flips are whole pixels, moved on the device without resampling.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor

from striate.core.records import Record
from striate.core.seeds import uniforms
from striate.data.preprocess import LEAST_CROP, Crop


class Augment(Record):
    """What may be done to a training picture; by default nothing."""

    crop: tuple[float, float] | None = None
    """Least and greatest share of the area that a random crop keeps, as in (0.35, 1.0); none: as `fit` has it."""
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    """Least and greatest width over height of the crop."""
    shift: int = Field(0, ge=0)
    """Greatest shift in whole pixels, each way, along both axes."""
    border: Literal["zeros", "edge", "reflect"] = "reflect"
    """What comes in from outside when a picture is shifted."""
    flip: Literal["none", "horizontal", "vertical", "both"] = "none"
    """Mirrored with a chance of one half, along each axis named."""

    @model_validator(mode="after")
    def _in_range(self) -> "Augment":
        if self.crop is not None and not LEAST_CROP <= self.crop[0] <= self.crop[1] <= 1:
            raise ValueError(f"crop {self.crop} must be two shares of the area, {LEAST_CROP} <= least <= greatest <= 1")
        if not 0 < self.ratio[0] <= self.ratio[1]:
            raise ValueError(f"ratio {self.ratio} must be two numbers, 0 < least <= greatest")
        return self


@dataclass(frozen=True)
class Draws:
    """What was drawn for N pictures; can be read back, for the report and for tests.

    Args:
        crops: one a picture, or none at all.
        shifts: (N, 2) int64, pixels down and to the right.
        flips: (N, 2) bool, upside down and left to right.
        border: what comes in from outside.
    """

    crops: tuple[Crop, ...] | None
    shifts: NDArray[np.int64]
    flips: NDArray[np.bool_]
    border: str


def draw(augment: Augment, seed: int, epoch: int, positions: NDArray[np.int64]) -> Draws:
    """Draw what happens to the pictures at `positions` of `epoch`.

    Args:
        augment: what may happen.
        seed: the run's seed.
        epoch: counts from 1.
        positions: (N,) places in the epoch's order.
    """
    u = uniforms(positions, 8, "augment", seed, epoch)
    shifts = np.floor(u[:, :2] * (2 * augment.shift + 1)).astype(np.int64) - augment.shift
    allowed = np.array([augment.flip in {"vertical", "both"}, augment.flip in {"horizontal", "both"}])
    crops = None if augment.crop is None else tuple(_crop(augment, row) for row in u[:, 4:])
    return Draws(crops, shifts, (u[:, 2:4] < 0.5) & allowed, augment.border)


def apply(images: Tensor, draws: Draws) -> Tensor:
    """Shift and flip each picture of a batch as drawn.

    Args:
        images: (N, C, H, W), any type, any device; returned unchanged where nothing was drawn.
        draws: for these N pictures, in this order.

    Returns:
        (N, C, H, W) of the same type. Each output pixel is a pixel of the input, or 0 from outside.
    """
    if not draws.shifts.any() and not draws.flips.any():
        return images
    height, width = images.shape[2:]
    rows, outside_rows = _lines(height, draws.shifts[:, 0], draws.flips[:, 0], draws.border)
    columns, outside_columns = _lines(width, draws.shifts[:, 1], draws.flips[:, 1], draws.border)
    places = torch.from_numpy(rows[:, :, None] * width + columns[:, None, :]).to(images.device)
    flat = images.flatten(2)
    moved = flat.gather(2, places.flatten(1)[:, None].expand_as(flat)).view_as(images)
    if draws.border == "zeros":
        outside = torch.from_numpy(outside_rows[:, :, None] | outside_columns[:, None, :]).to(images.device)
        moved = moved.masked_fill(outside[:, None], 0)
    return moved


def _crop(augment: Augment, u: NDArray[np.float64]) -> Crop:
    least, greatest = augment.crop or (1.0, 1.0)
    low, high = np.log(augment.ratio)
    area, ratio = least + (greatest - least) * u[0], np.exp(low + (high - low) * u[1])
    return Crop(area=float(area), ratio=float(ratio), top=float(u[2]), left=float(u[3]))


def _lines(
    length: int, shifts: NDArray[np.int64], flips: NDArray[np.bool_], border: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return for each picture which line of the input every line of the output shows, and which come from outside."""
    lines = np.arange(length) - shifts[:, None]
    outside = (lines < 0) | (lines >= length)
    if border == "reflect" and length > 1:
        lines = np.abs((lines + length - 1) % (2 * length - 2) - (length - 1))
    lines = lines.clip(0, length - 1)
    lines[flips] = length - 1 - lines[flips]
    return lines, outside
