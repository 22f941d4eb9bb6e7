"""A figure of where the value of one unit is laid on a picture: on what the unit sees, or beside it.

A map of a late layer has few values, and a picture many pixels. Enlarging the map to the picture's size takes its
units for tiles that cover the picture. They are not: a unit looks around a place that kernels, strides and padding
decide, and in most networks that is not the middle of the tile.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from striate.core.errors import DoesNotApply
from striate.inside.geometry import Geometry
from striate.inside.maps import center, place
from striate.inside.patches import patch
from striate.report.figures import BRICK, INK, MUTED, blank

Way = Callable[[Tensor, Geometry], Tensor]


def enlarged(maps: Tensor, geometry: Geometry) -> Tensor:
    """Enlarge maps (N, h, w) to the picture's size (N, H, W), bilinearly, as heat maps commonly are."""
    return F.interpolate(maps[:, None], size=geometry.picture, mode="bilinear", align_corners=False)[:, 0]


WAYS: dict[str, Way] = {"placed": place, "enlarged": enlarged}


def departure(geometry: Geometry, unit: tuple[int, int], way: Way) -> tuple[float, float]:
    """Return how far from the center of its field, down and right in pixels, the value of one unit is laid.

    Args:
        geometry: of the unit's layer.
        unit: (y, x), far enough from the border that nothing of its value is cut off.
        way: from maps to the picture, as those of `WAYS`.
    """
    laid = way(_only(geometry, unit), geometry)[0]
    down, right = _center(geometry, unit)
    rows, columns = (torch.arange(side, dtype=laid.dtype) for side in laid.shape)
    return float((laid.sum(1) * rows).sum() / laid.sum()) - down, float(
        (laid.sum(0) * columns).sum() / laid.sum()
    ) - right


def placement(picture: NDArray[np.uint8], geometry: Geometry, unit: tuple[int, int]) -> Figure:
    """Draw the field of one unit, and beside it, three strides around its center, the unit's value laid in each way.

    Args:
        picture: (H, W, 3), uint8, of the size that `geometry` is of.
        geometry: of the unit's layer.
        unit: (y, x), far enough from the border.
    """
    down, right = _center(geometry, unit)
    reach = ceil(1.6 * float(max(stride or 1 for stride in geometry.stride)))
    axes = (figure := blank(7.2, 2.75)).subplots(1, 1 + len(WAYS))
    top, left, bottom, lower = patch(geometry, *unit)
    _show(axes[0], picture, "what the unit sees")
    axes[0].add_patch(_frame(left, top, lower - left, bottom - top, BRICK))
    axes[0].add_patch(_frame(right - reach, down - reach, 2 * reach, 2 * reach, INK))
    axes[0].set_xlabel(f"field {bottom - top} x {lower - left}, stride {geometry.stride[0]}", fontsize=8, color=MUTED)
    for axis, (name, way) in zip(axes[1:], WAYS.items(), strict=True):
        laid = way(_only(geometry, unit), geometry)[0]
        _show(axis, picture, f"its value, {name}")
        axis.imshow(laid.numpy(), cmap="inferno", alpha=0.75 * laid.clamp(0, 1).sqrt().numpy(), vmin=0, vmax=1)
        axis.plot([right], [down], "+", color="white", markersize=13, markeredgewidth=1.6)
        axis.set(xlim=(right - reach, right + reach), ylim=(down + reach, down - reach))
        off = departure(geometry, unit, way)
        axis.set_xlabel(f"off by {off[0]:.1f} and {off[1]:.1f} pixels", fontsize=8, color=MUTED)
    return figure


def _only(geometry: Geometry, unit: tuple[int, int]) -> Tensor:
    maps = torch.zeros(1, *geometry.units, dtype=torch.float64)
    maps[(0, *unit)] = 1
    return maps


def _center(geometry: Geometry, unit: tuple[int, int]) -> tuple[float, float]:
    found = center(geometry, *unit)
    if found is None:
        raise DoesNotApply("units of this layer have no place in the picture: take an earlier layer")
    return float(found[0]), float(found[1])


def _show(axis: Axes, picture: NDArray[np.uint8], title: str) -> None:
    axis.imshow(picture, interpolation="nearest")
    axis.set_title(title, loc="center", fontsize=9, color=INK)
    axis.set(xticks=[], yticks=[])
    axis.grid(visible=False)


def _frame(left: float, top: float, width: float, height: float, color: str) -> Rectangle:
    return Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor=color, linewidth=1.4)
