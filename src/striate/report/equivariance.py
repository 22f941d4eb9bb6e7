"""A figure of what moves with a picture and what does not: layers applied before and after it is shifted.

A layer f is equivariant to the shift T where f(T x) = T f(x). Pictures are taken as closed to a ring in both
directions, so that a shift loses nothing and what is left is due to the layer.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import ceil, floor

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from striate.report.figures import INK, MUTED, blank

Layer = Callable[[Tensor], Tensor]

EDGES = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])[None, None] / 4  # Sobel's, upright edges


def ring(maps: Tensor, stride: int = 1) -> Tensor:
    """Find upright edges (N, 1, H, W), the other side of the picture standing for what lies beyond its border."""
    return F.conv2d(F.pad(maps, (1, 1, 1, 1), mode="circular"), EDGES.to(maps), stride=stride)


LAYERS: dict[str, Layer] = {
    "convolution,\nclosed to a ring": ring,
    "convolution,\npadded with zeros": lambda maps: F.conv2d(maps, EDGES.to(maps), padding=1),
    "convolution\nof stride 2": lambda maps: ring(maps, 2),
    "convolution, then\nmax pooling 2 x 2": lambda maps: F.max_pool2d(ring(maps), 2),
}


def faded(picture: NDArray[np.uint8]) -> Tensor:
    """Return (1, 1, H, W) from 0 to 1: a picture (H, W, 3) in gray, its mean at the border, so that no seam is seen."""
    gray = torch.from_numpy(picture).double().mean(dim=2) / 255
    rows, columns = (torch.hann_window(side, periodic=False, dtype=torch.float64).sqrt() for side in gray.shape)
    return (gray.mean() + rows[:, None] * columns * (gray - gray.mean()))[None, None]


def departure(layer: Layer, images: Tensor, shift: tuple[int, int]) -> float:
    """Return |f(T x) - T f(x)| / |f(x)|, 0 for an equivariant layer.

    Args:
        layer: f, from (N, C, H, W) to maps whose sides divide those.
        images: x.
        shift: rows and columns that T moves by; maps s times smaller are moved by the whole number of units beside
            shift / s that leaves the least.
    """
    maps, moved = layer(images), layer(torch.roll(images, shift, (2, 3)))
    return min(float((moved - _rolled(maps, by)).norm() / maps.norm()) for by in _near(images, maps, shift))


def equivariance(picture: NDArray[np.uint8], shift: tuple[int, int] = (0, 1)) -> Figure:
    """Draw a row for each layer: its answer moved, its answer to the moved picture, and the difference of both.

    Args:
        picture: (H, W, 3), its sides even.
        shift: rows and columns that it is moved by.
    """
    images = faded(picture)
    width, high = 6.6, 1.5
    figure = blank(width, high * len(LAYERS) + 0.35)
    rows = figure.subplots(len(LAYERS), 4)
    for column, title in enumerate(("picture x", "T f(x)", "f(T x)", "difference")):
        rows[0, column].set_title(title, loc="center", fontsize=9, color=INK)
    for (name, layer), axes in zip(LAYERS.items(), rows, strict=True):
        maps, moved = layer(images), layer(torch.roll(images, shift, (2, 3)))
        by = min(_near(images, maps, shift), key=lambda by: float((moved - _rolled(maps, by)).norm()))
        shown = (images, _rolled(maps, by), moved, moved - _rolled(maps, by))
        limit = float(maps.abs().max())
        for place, (axis, values) in enumerate(zip(axes, shown, strict=True)):
            colors = {"cmap": "gray", "vmin": 0, "vmax": 1} if place == 0 else {"cmap": "RdBu_r", "vmin": -limit}
            axis.imshow(values[0, 0].numpy(), interpolation="nearest", **{"vmax": limit, **colors})
            axis.set(xticks=[], yticks=[])
            axis.grid(visible=False)
        axes[0].set_ylabel(name, fontsize=7.5, color=INK, rotation=0, ha="right", va="center", labelpad=6)
        axes[3].set_xlabel(f"{departure(layer, images, shift):.1%}", fontsize=8, color=MUTED, labelpad=2)
    return figure


def _near(images: Tensor, maps: Tensor, shift: tuple[int, int]) -> list[tuple[int, int]]:
    parts = [by * maps.shape[axis] / images.shape[axis] for by, axis in zip(shift, (2, 3), strict=True)]
    rows, columns = ({floor(part), ceil(part)} for part in parts)
    return list(product(rows, columns))


def _rolled(maps: Tensor, by: tuple[int, int]) -> Tensor:
    return torch.roll(maps, by, (2, 3))
