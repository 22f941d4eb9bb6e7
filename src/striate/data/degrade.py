"""What no matrix can do: blur, noise and erased boxes. Each picture's outcome depends on its own draws alone."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]

_REACH = 3  # a Gaussian is cut off at so many deviations


def blur(images: Tensor, deviations: Floats) -> Tensor:
    """Return pictures blurred with a Gaussian, along the columns and then the rows; the edge is repeated outside.

    Args:
        images: (N, C, H, W) float32.
        deviations: (N,) in pixels; 0 leaves a picture as it is.
    """
    places = np.flatnonzero(deviations)
    if places.size == 0:
        return images
    weights = _bell(deviations[places])
    some = torch.from_numpy(places).to(images.device)
    blurred = images[some]
    for axis in (2, 3):
        blurred = _weighted(blurred, weights, axis)
    return images.index_copy(0, some, blurred)


def _bell(deviations: Floats) -> Floats:
    """Return (N, 2 r + 1) weights that sum to 1; a picture's own do not depend on r, which is the batch's."""
    radius = np.ceil(_REACH * deviations)
    distance = np.arange(-radius.max(), radius.max() + 1)
    weights = np.exp(-0.5 * (distance / deviations[:, None]) ** 2) * (np.abs(distance) <= radius[:, None])
    normalized: Floats = weights / weights.sum(1, keepdims=True)
    return normalized


def _weighted(images: Tensor, weights: Floats, axis: int) -> Tensor:
    # A sum over shifted views, not a convolution: that may sum in another order in another batch.
    radius, length = weights.shape[1] // 2, images.shape[axis]
    padding = (0, 0, radius, radius) if axis == 2 else (radius, radius, 0, 0)
    padded = F.pad(images, padding, mode="replicate")
    each = torch.from_numpy(weights.astype(np.float32)).to(images.device)[:, :, None, None, None]
    total = torch.zeros_like(images)
    for place in range(weights.shape[1]):
        total.addcmul_(padded.narrow(axis, place, length), each[:, place])
    return total


def add_noise(images: Tensor, deviations: Floats, keys: NDArray[np.int64]) -> None:
    """Add Gaussian noise in place, a function of each picture's key, its shape and the kind of device.

    Args:
        images: (N, C, H, W) float32.
        deviations: (N,) on the images' scale; 0 leaves a picture as it is.
        keys: (N,) 0 or more.
    """
    generator = torch.Generator(images.device)
    for place in np.flatnonzero(deviations).tolist():
        generator.manual_seed(int(keys[place]))
        grain = torch.randn(images.shape[1:], generator=generator, device=images.device)
        images[place].add_(grain, alpha=float(deviations[place]))


def erase(images: Tensor, boxes: Floats) -> None:
    """Fill a box of each picture, in place, with the picture's mean color.

    Args:
        images: (N, C, H, W) float32.
        boxes: (N, 4) top, left, bottom, right as shares of the sides; an empty box leaves a picture as it is.
    """
    height, width = images.shape[2:]
    corners = in_pixels(boxes, (height, width))
    for place in np.flatnonzero(areas(corners)).tolist():
        top, left, bottom, right = corners[place].tolist()
        images[place, :, top:bottom, left:right] = images[place].mean((1, 2))[:, None, None]


def in_pixels(boxes: Floats, size: tuple[int, int]) -> NDArray[np.int64]:
    """Return boxes (N, 4), given as shares of the sides, in whole pixels of a picture of `size`."""
    corners: NDArray[np.int64] = np.rint(boxes * np.array([*size, *size])).astype(np.int64)
    return corners


def areas(corners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many pixels are in each of the boxes (N, 4)."""
    sides: NDArray[np.int64] = corners[:, 2:] - corners[:, :2]
    counts: NDArray[np.int64] = sides.prod(1)
    return counts
