"""From a picture of any size to the input of a network; saved with every run, set of weights and export."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator
from torch import Tensor

from striate.core.records import Record
from striate.data.decode import Least, Rows, to_channels
from striate.data.jpeg import REDUCTIONS, reduced
from striate.data.normalization import normalize
from striate.data.resize import Box, Interpolation, cut, outer, resize

LEAST_CROP = 1 / 16  # of the area: below it a crop of a small picture is a few pixels enlarged to the input

# A picture is decoded reduced only where it keeps this multiple of the input's size, which antialiasing then takes
# away. At 1.0 the input differed from that of a full decode by up to 52 of 255, 2.9 on average; at 1.25 by 27 and 1.4
# (64 x 64 from two photos and twelve made pictures of 1600 x 1200); at 2.0 by 12 and 0.7.
MARGIN = 1.25

Fit = Literal["crop", "pad", "stretch", "center"]


class Preprocess(Record):
    """How a picture becomes the input of a network."""

    size: tuple[int, int]
    """Height and width of the input, in pixels; one number for both."""
    fit: Fit = "crop"
    """crop: cover the size and cut the overhang, centered; pad: fit inside and fill the rest with black;
    stretch: both sides to the size; center: no resizing, place in the middle, fill or cut."""
    center: float = Field(1.0, gt=0, le=1)
    """crop: the share of the shorter side that is kept of what covers the size: 0.875 brings the shorter side to 256
    pixels for an input of 224, and cuts the middle out. At 1, a picture of the input's size is taken as it is."""
    interpolation: Interpolation = "bilinear"
    """The filter of every resizing: bilinear or bicubic, antialiased where pictures shrink."""
    channels: Literal[1, 3] = 3
    """1: a color picture becomes its luma (ITU-R 601); 3: a gray picture is repeated."""
    mean: tuple[float, ...] = (0.5,)
    """Subtracted per channel, on the scale of 0 to 1."""
    std: tuple[float, ...] = (0.5,)
    """Divided by per channel, on the scale of 0 to 1."""

    @field_validator("size", mode="before")
    @classmethod
    def _square(cls, size: object) -> object:
        return (size, size) if isinstance(size, int) else size

    @model_validator(mode="after")
    def _agree(self) -> "Preprocess":
        if len(self.mean) != self.channels or len(self.std) != self.channels:
            raise ValueError(f"mean and std need {self.channels} values, one a channel")
        if min(self.std) <= 0 or min(self.size) < 1:
            raise ValueError("std and size must be positive")
        if self.center < 1 and self.fit != "crop":
            raise ValueError(f"center = {self.center:g} goes with fit = 'crop', not with fit = {self.fit!r}")
        return self

    def normalize(self, images: Tensor) -> Tensor:
        """Return (images / 255 - mean) / std as float32.

        Args:
            images: (N, C, H, W) uint8, or float on the same scale of 0 to 255.
        """
        return normalize(images, self.mean, self.std)

    def least_size(self, crop: "Crop | None" = None) -> Least | None:
        """Return what says below which height and width a picture must not be decoded, or None: only full size will do.

        Args:
            crop: the part that is wanted; by default what `fit` takes.
        """
        if crop is not None:
            return lambda height, width: reduced((height, width), self.reduction(crop, height, width))
        if self.fit == "center":
            return None
        height, width = (math.ceil(side * MARGIN / self.center) for side in self.size)
        return height, width

    def rows(self, crop: "Crop | None" = None) -> Rows | None:
        """Return what says how many rows of a picture, from the top, are needed for `crop`; None: all of them."""
        return None if crop is None else lambda height, width: int(self.part(crop, height, width)[3])

    def reduction(self, crop: "Crop", height: int, width: int) -> int:
        """Return the most, of 8, 4, 2 and 1, that a picture of that size may be reduced by before `crop` is cut."""
        return self._reduction(crop.box(height, width))

    def part(self, crop: "Crop", height: int, width: int) -> Box:
        """Return the box of `crop` in a picture of that size, on the pixels that are left when it is decoded reduced.

        So the same part is cut whether the picture is decoded reduced or not.
        """
        left, top, right, bottom = box = crop.box(height, width)
        step = self._reduction(box)
        (first_row, last_row), (first, last) = _on_grid(top, bottom, height, step), _on_grid(left, right, width, step)
        return first, first_row, last, last_row

    def _reduction(self, box: Box) -> int:
        left, top, right, bottom = box
        spare = min((bottom - top) / self.size[0], (right - left) / self.size[1]) / MARGIN
        return next((step for step in REDUCTIONS if step <= spare), 1)

    def place(
        self, pixels: NDArray[np.uint8], crop: "Crop | None" = None, *, whole: tuple[int, int] | None = None
    ) -> NDArray[np.uint8]:
        """Return one picture (H, W, C) at the input's size and channels, antialiased where it shrinks.

        Args:
            pixels: (h, w, 1 or 3) uint8.
            crop: cut this part out, instead of what `fit` would take, and resize it to the size.
            whole: height and width of the picture that `pixels` are a reduced form of; by default their own.
        """
        if crop is not None:
            return self._cut(pixels, crop, whole or _size(pixels))
        pixels = to_channels(pixels, self.channels)
        if pixels.shape[:2] == self.size and self.center == 1:
            return pixels
        return self._fitted(pixels, _extent(pixels, whole or _size(pixels)))

    def _fitted(self, pixels: NDArray[np.uint8], extent: tuple[float, float]) -> NDArray[np.uint8]:
        if self.fit == "center":
            return _center(pixels, self.size)
        if self.fit == "stretch":
            return resize(pixels, self.size, (0, 0, extent[1], extent[0]), self.interpolation)
        if self.fit == "pad":
            return _pad(pixels, self.size, extent, self.interpolation)
        return resize(pixels, self.size, _middle(self.size, extent, self.center), self.interpolation)

    def _cut(self, pixels: NDArray[np.uint8], crop: "Crop", whole: tuple[int, int]) -> NDArray[np.uint8]:
        down, right = (have / full for have, full in zip(_extent(pixels, whole), whole, strict=True))
        box = self.part(crop, *whole)
        box = box[0] * right, box[1] * down, min(box[2] * right, pixels.shape[1]), min(box[3] * down, pixels.shape[0])
        if pixels.shape[2] <= self.channels:
            return to_channels(cut(pixels, self.size, box, self.interpolation), self.channels)
        left, top, end, low = outer(box)
        luma = to_channels(pixels[top:low, left:end], self.channels)
        return cut(luma, self.size, (box[0] - left, box[1] - top, box[2] - left, box[3] - top), self.interpolation)


class Crop(Record):
    """A part of a picture, relative to its size, so that it can be drawn before the picture is read."""

    area: float = Field(gt=0, le=1)
    """Share of the picture's area."""
    ratio: float = Field(gt=0)
    """Width over height of the part, in pixels; narrowed where the picture is too small for it."""
    top: float = Field(ge=0, le=1)
    left: float = Field(ge=0, le=1)
    """Where the part lies in the room it has: 0 at the top or left, 1 at the bottom or right."""

    def box(self, height: int, width: int) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom in pixels of a picture of that size."""
        w = min(math.sqrt(self.area * height * width * self.ratio), width)
        h = min(math.sqrt(self.area * height * width / self.ratio), height)
        top, left = self.top * (height - h), self.left * (width - w)
        return left, top, min(left + w, width), min(top + h, height)


def parts(
    preprocess: Preprocess, crops: Sequence[Crop], heights: NDArray[np.int64], widths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return `Preprocess.part` (N, 4) and `Preprocess.reduction` (N,) of many crops, of pictures of those sizes."""
    area, ratio, top, left = np.array([(crop.area, crop.ratio, crop.top, crop.left) for crop in crops]).T
    w = np.minimum(np.sqrt(area * heights * widths * ratio), widths)
    h = np.minimum(np.sqrt(area * heights * widths / ratio), heights)
    top, left = top * (heights - h), left * (widths - w)
    right, bottom = np.minimum(left + w, widths), np.minimum(top + h, heights)
    spare = np.minimum((bottom - top) / preprocess.size[0], (right - left) / preprocess.size[1]) / MARGIN
    steps = np.ones(len(crops), np.int64)
    for step in reversed(REDUCTIONS):
        steps[spare >= step] = step
    edges = [_edges_on_grid(*side, steps) for side in ((left, right, widths), (top, bottom, heights))]
    return np.stack([edges[0][0], edges[1][0], edges[0][1], edges[1][1]], 1), steps


def _edges_on_grid(
    start: NDArray[np.float64], end: NDArray[np.float64], lengths: NDArray[np.int64], steps: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return what `_on_grid` returns of each."""
    last = lengths // steps * steps
    first = np.minimum(np.rint(start / steps).astype(np.int64) * steps, last - steps)
    return first, np.minimum(np.maximum(np.rint(end / steps).astype(np.int64) * steps, first + steps), last)


def _size(pixels: NDArray[np.uint8]) -> tuple[int, int]:
    return pixels.shape[0], pixels.shape[1]


def _on_grid(start: float, end: float, length: int, step: int) -> tuple[int, int]:
    """Return the nearest multiples of `step`, at least one apart, within `length`."""
    last = length // step * step
    first = min(round(start / step) * step, last - step)
    return first, min(max(round(end / step) * step, first + step), last)


def _extent(pixels: NDArray[np.uint8], whole: tuple[int, int]) -> tuple[float, float]:
    """Return how many rows and columns of `pixels` show the picture: the last ones of a reduced picture do in part."""
    return _length(pixels.shape[0], whole[0]), _length(pixels.shape[1], whole[1])


def _length(have: int, whole: int) -> float:
    for step in reversed(REDUCTIONS):
        if -(-whole // step) == have:
            return whole / step
    return have


def _middle(size: tuple[int, int], extent: tuple[float, float], share: float) -> Box:
    """Return the box in the middle that becomes the input.

    With a `share` below 1 in the steps of torchvision and timm, so that the same places are sampled: the picture is
    brought to whole numbers of pixels, of which the middle is cut; here both in one resizing.
    """
    ratios = extent[0] / size[0], extent[1] / size[1]
    if share == 1:
        h, w = (min(side * min(ratios), have) for side, have in zip(size, extent, strict=True))  # not by rounding more
        top, left = (extent[0] - h) / 2, (extent[1] - w) / 2
        return left, top, min(left + w, extent[1]), min(top + h, extent[0])
    short = ratios.index(min(ratios))
    covered = round(size[short] / share)
    edges = []
    for axis in (1, 0):
        pixels = covered if axis == short else max(size[axis], int(covered * extent[axis] / extent[short]))
        first, each = round((pixels - size[axis]) / 2), extent[axis] / pixels
        edges.append((first * each, min((first + size[axis]) * each, extent[axis])))
    (left, right), (upper, lower) = edges
    return left, upper, right, lower


def _pad(
    pixels: NDArray[np.uint8], size: tuple[int, int], extent: tuple[float, float], how: Interpolation
) -> NDArray[np.uint8]:
    scale = min(size[0] / extent[0], size[1] / extent[1])
    inside = max(1, min(size[0], round(extent[0] * scale))), max(1, min(size[1], round(extent[1] * scale)))
    return _center(resize(pixels, inside, (0, 0, extent[1], extent[0]), how), size)


def _center(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    placed = np.zeros((*size, pixels.shape[2]), np.uint8)
    source, target = [], []
    for have, want in zip(pixels.shape[:2], size, strict=True):
        common = min(have, want)
        source.append(slice((have - common) // 2, (have - common) // 2 + common))
        target.append(slice((want - common) // 2, (want - common) // 2 + common))
    placed[tuple(target)] = pixels[tuple(source)]
    return placed
