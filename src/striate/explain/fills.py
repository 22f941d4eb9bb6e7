"""What stands for absence: pictures that baselines start from, and that patches are covered with."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import torch
from torch import Tensor
from torch.nn import functional as F

from striate.core.catalog import Catalog
from striate.core.errors import DoesNotApply

_BLUR = 1 / 16  # standard deviation, as a share of each side: light and color stay, outlines go


def gray(images: Tensor) -> Tensor:
    """Return 0, the mean of the training pictures where they were normalized by it."""
    return torch.zeros_like(images)


def mean(images: Tensor) -> Tensor:
    """Return the mean color of each picture."""
    return images.mean(dim=(2, 3), keepdim=True).expand_as(images)


def black(images: Tensor) -> Tensor:
    """Return the least value in each channel of each picture.

    Exact black depends on the normalization, which only the caller knows: give it as a tensor (C,), minus mean over
    standard deviation.
    """
    return images.amin(dim=(2, 3), keepdim=True).expand_as(images)


def blur(images: Tensor) -> Tensor:
    """Return each picture without its outlines; its border is continued."""
    soft = images
    for axis in (2, 3):
        deviation = _BLUR * images.shape[axis]
        reach = ceil(3 * deviation)
        bell = torch.exp(-((torch.arange(-reach, reach + 1) / deviation) ** 2) / 2)
        sides, padding = ((-1, 1), (0, 0, reach, reach)) if axis == 2 else ((1, -1), (reach, reach, 0, 0))
        kernel = (bell / bell.sum()).to(images).view(1, 1, *sides).expand(images.shape[1], 1, -1, -1)
        soft = F.conv2d(F.pad(soft, padding, mode="replicate"), kernel, groups=images.shape[1])
    return soft


FILLS: Catalog[Callable[[Tensor], Tensor]] = Catalog("fill", {"gray": gray, "mean": mean, "black": black, "blur": blur})


def filled(images: Tensor, fill: str | Tensor) -> Tensor:
    """Return pictures of the shape of `images` (N, C, H, W) that show nothing of them but what `fill` leaves.

    Args:
        images: (N, C, H, W), normalized.
        fill: a name of `FILLS`; or a color (C,), a picture (C, H, W) or one for each (N, C, H, W), normalized.

    Raises:
        UnknownName: no such fill.
        DoesNotApply: a tensor of another shape.
    """
    with torch.no_grad():
        if isinstance(fill, str):
            return FILLS[fill](images.detach())
        if fill.shape not in (images.shape, images.shape[1:], images.shape[1:2]):
            raise DoesNotApply(
                f"a fill for pictures {tuple(images.shape)} is a color (C,), a picture (C, H, W) or one for each, "
                f"not {tuple(fill.shape)}"
            )
        given = fill.detach().to(images)
        return (given[:, None, None] if given.ndim == 1 else given).expand_as(images)
