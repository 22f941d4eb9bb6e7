"""Color as a description: histograms (Swain and Ballard, 1991) and the most frequent colors.

Which colors a picture has, not where: sand against sea. https://doi.org/10.1007/BF00130487
"""

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import StandardScaler

from striate.classic.classifiers import classifier
from striate.classic.descriptor import Descriptor
from striate.classic.pictures import color
from striate.classic.pipeline import Pipeline
from striate.core.errors import RecipeError, UnknownName

Space = Literal["rgb", "hsv", "lab"]
_CONVERSIONS = {"hsv": cv2.COLOR_RGB2HSV, "lab": cv2.COLOR_RGB2LAB}
_RANGES = {  # of float32 values, as OpenCV documents them: the lowest and the highest of each channel
    "rgb": ((0, 0, 0), (1, 1, 1)),
    "hsv": ((0, 0, 0), (360, 1, 1)),
    "lab": ((0, -127, -127), (100, 127, 127)),
}


class ColorHistogram(Descriptor):
    """The share of a picture's pixels in each cell of a color space.

    Args:
        space: rgb, hsv or lab.
        bins: cells along each channel; `bins ** 3` in all.
        joint: cells of the three channels together; else a histogram of each channel, `3 * bins` in all.
    """

    def __init__(self, space: Space = "rgb", bins: int = 4, *, joint: bool = True) -> None:
        self.space, self.bins, self.joint = space, bins, joint

    def _size(self, images: Any) -> None:  # noqa: ARG002
        return None  # shares of pixels need no common size

    def _settle(self) -> None:
        if self.space not in _RANGES:
            raise UnknownName("color space", self.space, _RANGES)
        if self.bins < 1:
            raise RecipeError(f"bins = {self.bins}: a histogram has at least 1")

    def _describe(self, block: NDArray[np.uint8]) -> NDArray[np.float32]:
        cells = _cells(in_space(block, self.space), self.space, self.bins)
        if self.joint:
            return _shares(_joined(cells, self.bins), self.bins**3)
        return np.hstack([_shares(channel, self.bins) for channel in np.moveaxis(cells, -1, 0)])


class FrequentColors(Descriptor):
    """The most frequent colors of a picture, the most frequent first: the lectures' example.

    The RGB cube is cut into cells; a color is the mean of the pixels in its cell, with the share of the picture that
    they are. Where fewer cells than `count` are filled, the last one is repeated with a share of 0. Of cells as
    frequent as each other the darker comes first.

    Args:
        count: how many colors.
        bins: cells along each of red, green and blue.
    """

    def __init__(self, count: int = 2, bins: int = 4) -> None:
        self.count, self.bins = count, bins

    def _size(self, images: Any) -> None:  # noqa: ARG002
        return None

    def _settle(self) -> None:
        if not 1 <= self.count <= self.bins**3:
            raise RecipeError(f"count = {self.count} of {self.bins**3} cells: set it between them, or raise bins")

    def _describe(self, block: NDArray[np.uint8]) -> NDArray[np.float32]:
        pixels = in_space(block, "rgb")
        cells = _joined(_cells(pixels, "rgb", self.bins), self.bins)
        shares = _shares(cells, self.bins**3)
        sums = np.stack([_shares(cells, self.bins**3, pixels[..., channel]) for channel in range(3)], -1)
        means = sums / np.maximum(shares, 1e-12)[..., None]
        order = np.argsort(-shares, axis=1, kind="stable")[:, : self.count]
        shares = np.take_along_axis(shares, order, 1)
        last = (shares > 0).sum(1, keepdims=True) - 1
        order = np.take_along_axis(order, np.minimum(np.arange(self.count), last), 1)
        means = np.take_along_axis(means, order[..., None], 1)
        return np.concatenate([means, shares[..., None]], -1).reshape(len(block), -1).astype(np.float32)


def in_space(block: NDArray[np.uint8], space: Space) -> NDArray[np.float32]:
    """Return the pixels (n, H * W, 3) of a block (n, C, H, W) in a color space, as OpenCV scales float32."""
    pixels = np.ascontiguousarray(color(block).transpose(0, 2, 3, 1), np.float32)
    pixels *= np.float32(1 / 255)
    count, height, width, _ = pixels.shape
    if space != "rgb":
        pixels = cv2.cvtColor(pixels.reshape(count * height, width, 3), _CONVERSIONS[space])
    return pixels.reshape(count, height * width, 3)


def _cells(pixels: NDArray[np.float32], space: Space, bins: int) -> NDArray[np.int64]:
    """Return (n, pixels, 3): the cell of each pixel along each channel."""
    low, high = (np.array(end, np.float32) for end in _RANGES[space])
    cells = ((pixels - low) * (bins / (high - low))).astype(np.int64)
    return np.clip(cells, 0, bins - 1)


def _joined(cells: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    joined: NDArray[np.int64] = (cells[..., 0] * bins + cells[..., 1]) * bins + cells[..., 2]
    return joined


def _shares(cells: NDArray[np.int64], count: int, values: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Return (n, count): the share of a picture's pixels in each cell; with `values`, their sum, divided likewise."""
    pictures, pixels = cells.shape
    flat = (cells + count * np.arange(pictures)[:, None]).ravel()
    weights = None if values is None else values.ravel()
    sums = np.bincount(flat, weights, pictures * count).reshape(pictures, count)
    return np.asarray(sums / pixels, np.float32)


def build(name: str, *, seed: int) -> Pipeline:  # noqa: ARG001 (one pipeline in this file)
    """Return `color-linear`: the two most frequent colors and a histogram of 64 cells, logistic regression."""
    features = FeatureUnion([("frequent", FrequentColors()), ("histogram", ColorHistogram())])
    return Pipeline.of(
        ("features", features),
        ("scale", StandardScaler()),
        ("classifier", classifier("logistic", seed=seed)),
    )
