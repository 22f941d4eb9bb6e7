"""Maps: what an explanation says of each place of a picture, raw, and where on the picture each value belongs.

A value of a coarse map belongs at the center of what its unit sees. Enlarging the map to the picture's size, as is
common, puts it elsewhere: in a ResNet half a stride, 15.5 pixels, too far down and to the right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import torch
from torch import Tensor

from striate.inside.axes import Axis
from striate.inside.geometry import Geometry


@dataclass(frozen=True)
class Maps:
    """Explanations of N pictures.

    Args:
        values: (N, h, w), raw: in units of the score, or of what the method says.
        signed: whether 0 is the neutral value, and negative values speak against the class.
        method: the name of the method.
        picture: height and width of the network's input.
        geometry: of the layer whose units have these values; None: one value a pixel of the input.
        channels: (N, C, H, W), the values per input channel, where the method has them.
        notes: one a picture: what to know before believing its map; "" for nothing.
        completeness: (N,), where the values are parts of a change of the score: how far their sum is from it, as a
            share of it.
    """

    values: Tensor
    signed: bool
    method: str
    picture: tuple[int, int]
    geometry: Geometry | None = None
    channels: Tensor | None = None
    notes: tuple[str, ...] = ()
    completeness: Tensor | None = None

    def place(self, size: tuple[int, int] | None = None) -> Tensor:
        """Return the maps (N, H, W) laid on pictures of `size` that show what the input shows; by default its size."""
        if self.geometry is None:
            whole = Axis()
            return _laid(self.values, (whole, whole), self.picture, size or self.picture)
        return place(self.values, self.geometry, size)

    def cpu(self) -> Maps:
        """Return the same in the main memory."""
        channels = None if self.channels is None else self.channels.cpu()
        completeness = None if self.completeness is None else self.completeness.cpu()
        return replace(self, values=self.values.cpu(), channels=channels, completeness=completeness)


def place(maps: Tensor, geometry: Geometry, size: tuple[int, int] | None = None) -> Tensor:
    """Lay maps on the picture: each value at the center of what its unit sees, linear in between, constant outside.

    Where units repeat with a period (behind a transposed convolution, say), their centers are those of the even row
    of units that `Geometry.offset` and `Geometry.stride` state.

    Args:
        maps: (..., h, w), of the units of a layer.
        geometry: of that layer.
        size: height and width of the result, which shows what the network's input shows; by default the input's.

    Returns:
        (..., H, W) of the maps' type.

    Raises:
        ValueError: the maps have not as many values as the layer has units.
    """
    if tuple(maps.shape[-2:]) != geometry.units:
        raise ValueError(f"maps of {tuple(maps.shape[-2:])} values for a layer of {geometry.units} units")
    return _laid(maps, geometry.axes, geometry.picture, size or geometry.picture)


def _laid(maps: Tensor, axes: tuple[Axis, Axis], picture: tuple[int, int], size: tuple[int, int]) -> Tensor:
    down, right = (
        _weights(axis, units, seen, wanted).to(maps)
        for axis, units, seen, wanted in zip(axes, maps.shape[-2:], picture, size, strict=True)
    )
    return down @ maps @ right.T


def _weights(axis: Axis, units: int, seen: int, wanted: int) -> Tensor:
    """Return (wanted, units): what each unit counts in each pixel."""
    offset, stride = axis.offset, axis.stride
    if offset is None or not stride or units == 1:
        return torch.full((wanted, units), 1 / units)
    pixels = ((torch.arange(wanted, dtype=torch.float64) + 0.5) * seen / wanted - 0.5).clamp(0, seen - 1)
    position = ((pixels - float(offset)) / float(stride)).clamp(0, units - 1)
    below = position.floor().long().clamp(max=units - 2)
    weights = torch.zeros(wanted, units, dtype=torch.float64)
    share = (position - below)[:, None]
    weights.scatter_(1, below[:, None], 1 - share)
    weights.scatter_(1, below[:, None] + 1, share)
    return weights


def center(geometry: Geometry, y: int, x: int) -> tuple[Fraction, Fraction] | None:
    """Return the center, down and right, of what unit (y, x) sees; that of the first pixel is 0. None: no place."""
    (top, left), (down, right) = geometry.offset, geometry.stride
    if top is None or left is None or down is None or right is None:
        return None
    return top + down * y, left + right * x
