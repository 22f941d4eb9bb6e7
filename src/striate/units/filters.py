"""The weights of a layer, to be looked at: first filters as pictures, deeper kernels as a matrix of maps by maps.

Arrays in, arrays out: one scale for the whole layer, so that what is weak looks weak, with zero in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.inside.wiring import PICTURE, Junction, Wiring, wiring


@dataclass(frozen=True)
class Filters:
    """The weights of one convolution or linear layer.

    Args:
        layer: its name.
        kernels: (O, I, h, w), raw: what unit o reads of map i; of a linear layer behind maps, at each place of those.
            Of a convolution in groups, zero where a unit does not read a map.
        reads: what the inputs are: "picture" for its channels, otherwise "maps" or "units".
        linked: (O, I) bool, which maps a unit reads.
    """

    layer: str
    kernels: Tensor
    reads: str
    linked: Tensor

    @property
    def limit(self) -> float:
        """The largest absolute weight: the ends of the layer's one scale are -limit and limit."""
        return float(self.kernels.abs().max())

    @property
    def ranges(self) -> Tensor:
        """The least and the largest weight of each unit (O, 2), raw, to be said beside its picture."""
        flat = self.kernels.flatten(1)
        return torch.stack([flat.amin(1), flat.amax(1)], 1)

    @property
    def norms(self) -> Tensor:
        """The matrix (O, I) of the kernels' Euclidean norms."""
        norms: Tensor = self.kernels.flatten(2).norm(dim=2)
        return norms

    def pictures(self) -> Tensor:
        """Return each filter as a picture (O, C, h, w) from 0 to 1: zero is 0.5, and the layer has one scale.

        Of a layer that reads the picture's channels, 3 (a weight for red, green and blue at each place) or 1.

        Raises:
            DoesNotApply: the layer reads other maps than the picture's channels, whose weights have no color.
        """
        if self.reads != "picture" or self.kernels.shape[1] not in (1, 3):
            raise DoesNotApply(
                f"{self.layer} reads {self.kernels.shape[1]} {self.reads}, and weights for those have no color: look "
                "at its kernels as a matrix, or at a layer that reads the picture"
            )
        return self.gray(self.kernels)

    def gray(self, values: Tensor) -> Tensor:
        """Return raw weights from 0 to 1 on the layer's scale, zero as 0.5."""
        return 0.5 + 0.5 * values / (self.limit or 1.0)

    def row(self, unit: int) -> Tensor:
        """Return the kernels (I, h, w) by which one unit reads its input maps, raw."""
        if not 0 <= unit < len(self.kernels):
            raise DoesNotApply(f"{self.layer} has the units 0 to {len(self.kernels) - 1}, and not {unit}")
        return self.kernels[unit]

    def matrix(self) -> Tensor:
        """Return all kernels in one array (O * h, I * w): a row of kernels a unit, a column an input map; raw."""
        outputs, inputs, height, width = self.kernels.shape
        return self.kernels.permute(0, 2, 1, 3).reshape(outputs * height, inputs * width)


def filters(network: nn.Module, shape: tuple[int, int, int], layer: str) -> Filters:
    """Return the weights of `layer`, as it runs on pictures (C, H, W).

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the layer has no weights of its own, or several layers with weights are in it.
    """
    return of_wiring(wiring(network, shape, layer))


def of_wiring(wired: Wiring) -> Filters:
    """Return the weights of the layer whose wiring this is; errors as `filters` has them."""
    junction = wired.own
    if junction is None:
        inner = [other.layer for other in wired.junctions if other.layer.startswith(f"{wired.layer}.")]
        where = f"those in it are {', '.join(inner)}" if inner else "choose a convolution or a linear layer"
        raise DoesNotApply(f"{wired.layer} has no weights of its own to look at: {where}")
    kernels, linked, grid = _kernels(junction)
    direct = len(junction.inputs) == 1 and junction.inputs[0].source == PICTURE
    reads = "picture" if direct else "maps" if kernels.shape[2:] != (1, 1) or grid else "units"
    return Filters(wired.layer, kernels.float(), reads, linked)


def _kernels(junction: Junction) -> tuple[Tensor, Tensor, bool]:
    """Return the kernels (O, I, h, w), which of them there are (O, I), and whether the inputs are maps."""
    weight = junction.weight
    if weight.ndim == 2:
        height, width = _behind_maps(junction)
        kernels = weight.view(len(weight), -1, height, width)
        return kernels, torch.ones(kernels.shape[:2], dtype=torch.bool), (height, width) != (1, 1)
    if weight.ndim != 4:
        raise DoesNotApply(f"{junction.layer} has kernels of {weight.ndim - 2} dimensions, which are no pictures")
    outputs, each = weight.shape[:2]
    kernels = weight.new_zeros(outputs, each * junction.groups, *weight.shape[2:])
    linked = torch.zeros(kernels.shape[:2], dtype=torch.bool)
    size = outputs // junction.groups
    for group in range(junction.groups):
        rows, columns = slice(group * size, (group + 1) * size), slice(group * each, (group + 1) * each)
        kernels[rows, columns], linked[rows, columns] = weight[rows], True
    return kernels, linked, True


def _behind_maps(junction: Junction) -> tuple[int, int]:
    """Return the rows and columns of the maps that a linear layer reads place by place; 1, 1 where it reads no maps."""
    for trail in junction.inputs:
        height, width = trail.grid
        units = trail.units.flatten()
        if height * width > 1 and len(units) % (height * width) == 0:
            by_map = units.view(-1, height * width)
            if bool((by_map == by_map[:, :1]).all()):
                return height, width
    return 1, 1
