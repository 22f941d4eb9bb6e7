"""Maps that know nothing of the network: what an explanation must beat before its numbers mean anything.

Photographs have their object in the middle, and some pixels matter wherever they lie. So the same measure is taken
of a blob in the middle and of noise, on the same picture.
"""

from __future__ import annotations

import torch
from torch import Tensor

from striate.core.seeds import seed_for

BLOB = 1 / 4  # standard deviation of the blob, as a share of each side


def center_blob(size: tuple[int, int]) -> Tensor:
    """Return (H, W), a Gaussian around the middle: 1 there, were it a pixel's center, and equal at mirrored places."""
    height, width = (
        torch.exp(-(((torch.arange(side, dtype=torch.float64) - (side - 1) / 2) / (BLOB * side)) ** 2) / 2)
        for side in size
    )
    return torch.outer(height, width)


def noise(size: tuple[int, int], seed: int = 0) -> Tensor:
    """Return (H, W), values that are drawn uniformly and have nothing to do with the picture."""
    generator = torch.Generator().manual_seed(seed_for("noise", seed))
    return torch.rand(size, dtype=torch.float64, generator=generator)
