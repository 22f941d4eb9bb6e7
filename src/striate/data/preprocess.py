"""From a picture of any size to the input of a network; saved with every run, set of weights and export."""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, field_validator, model_validator
from torch import Tensor

from striate.core.records import Record
from striate.data.decode import to_channels

_CROP_MARGIN = 4  # a random crop is cut from a picture of at least this multiple of the input's size,
LEAST_CROP = 1 / _CROP_MARGIN**2  # so that a share of its area down to this one need not be enlarged

Fit = Literal["crop", "pad", "stretch", "center"]


class Preprocess(Record):
    """How a picture becomes the input of a network."""

    size: tuple[int, int]
    """Height and width of the input, in pixels; one number for both."""
    fit: Fit = "crop"
    """crop: cover the size and cut the overhang, centered; pad: fit inside and fill the rest with black;
    stretch: both sides to the size; center: no resizing, place in the middle, fill or cut."""
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
        return self

    def normalize(self, images: Tensor) -> Tensor:
        """Return (images / 255 - mean) / std as float32.

        Args:
            images: (N, C, H, W) uint8, or float on the same scale of 0 to 255.
        """
        scale = torch.tensor([1 / (255 * s) for s in self.std], device=images.device)
        shift = torch.tensor([-m / s for m, s in zip(self.mean, self.std, strict=True)], device=images.device)
        return images.float() * scale[:, None, None] + shift[:, None, None]

    def least_size(self, crop: "Crop | None" = None) -> tuple[int, int] | None:
        """Return height and width below which a picture must not be decoded, or None: only its full size will do."""
        if self.fit == "center":
            return None
        margin = 1 if crop is None else _CROP_MARGIN
        return self.size[0] * margin, self.size[1] * margin

    def place(self, pixels: NDArray[np.uint8], crop: "Crop | None" = None) -> NDArray[np.uint8]:
        """Return one picture (H, W, C) at the input's size and channels, antialiased where it shrinks.

        Args:
            pixels: (h, w, 1 or 3) uint8.
            crop: cut this part out, instead of what `fit` would take, and resize it to the size.
        """
        pixels = to_channels(pixels, self.channels)
        if crop is not None:
            return _resize(pixels, self.size, crop.box(*pixels.shape[:2]))
        if pixels.shape[:2] == self.size:
            return pixels
        return _FITS[self.fit](pixels, self.size)


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
        w = min((self.area * height * width * self.ratio) ** 0.5, width)
        h = min((self.area * height * width / self.ratio) ** 0.5, height)
        top, left = self.top * (height - h), self.left * (width - w)
        return left, top, min(left + w, width), min(top + h, height)


def _resize(
    pixels: NDArray[np.uint8], size: tuple[int, int], box: tuple[float, float, float, float] | None = None
) -> NDArray[np.uint8]:
    # Pillow's bilinear filter widens with the reduction, which is what antialiases.
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    resized = np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BILINEAR, box=box))
    return resized.reshape(*size, pixels.shape[2])


def _crop(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    scale = min(height / size[0], width / size[1])
    h, w = size[0] * scale, size[1] * scale
    top, left = (height - h) / 2, (width - w) / 2
    return _resize(pixels, size, (left, top, left + w, top + h))


def _pad(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    scale = min(size[0] / height, size[1] / width)
    inside = max(1, min(size[0], round(height * scale))), max(1, min(size[1], round(width * scale)))
    return _center(_resize(pixels, inside), size)


def _center(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    placed = np.zeros((*size, pixels.shape[2]), np.uint8)
    source, target = [], []
    for have, want in zip(pixels.shape[:2], size, strict=True):
        common = min(have, want)
        source.append(slice((have - common) // 2, (have - common) // 2 + common))
        target.append(slice((want - common) // 2, (want - common) // 2 + common))
    placed[tuple(target)] = pixels[tuple(source)]
    return placed


_FITS = {"crop": _crop, "pad": _pad, "stretch": _resize, "center": _center}
