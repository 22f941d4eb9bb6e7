"""Local contrast normalization: Jarrett, Kavukcuoglu, Ranzato and LeCun, 2009, section 2.2.

https://doi.org/10.1109/ICCV.2009.5459469. Neighbors in a map, and maps at the same place, compete: what all of them
share is subtracted, and what is left is measured in its own deviation. The paper says Gaussian windows of 9 x 9 and
not of which deviation, nor what happens at the border: a quarter of the side is taken, and at the border the part of
the window that lies in the picture, with weights that again sum to 1.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class _Windowed(nn.Module):
    window: Tensor

    def __init__(self, size: int = 9) -> None:
        super().__init__()
        if size % 2 == 0:
            raise ValueError(f"a window of {size} has no middle: take an odd number")
        self.size = size
        offsets = torch.arange(size, dtype=torch.float64) - size // 2
        bell = torch.exp(-((4 / size * offsets) ** 2) / 2)
        self.register_buffer("window", bell / bell.sum(), persistent=False)

    def average(self, x: Tensor) -> Tensor:
        """Return the weighted mean over all maps and the window around each place: (N, 1, h, w)."""
        maps = x.mean(dim=1, keepdim=True)
        return self._blurred(maps) / self._blurred(torch.ones_like(maps[:1]))

    def _blurred(self, maps: Tensor) -> Tensor:
        bell, half = self.window.to(maps), self.size // 2
        rows = F.conv2d(maps, bell.view(1, 1, -1, 1), padding=(half, 0))
        return F.conv2d(rows, bell.view(1, 1, 1, -1), padding=(0, half))

    def extra_repr(self) -> str:
        """Return the window's side, for the printed network."""
        return str(self.size)


class SubtractiveNorm(_Windowed):
    """v[i, t] = x[i, t] - sum over maps j and offsets a of w[a] x[j, t + a], where all w sum to 1."""

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape of maps (N, C, h, w)."""
        return x - self.average(x)


class DivisiveNorm(_Windowed):
    """y[i, t] = v[i, t] / max(mean of s, s[t]), s[t] = root of the sum over maps j and offsets a of w[a] v[j, t + a]^2.

    The mean of s is over the places of a picture, so that noise is not raised to the contrast of what is seen.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape of maps (N, C, h, w)."""
        least = torch.finfo(x.dtype).tiny  # a picture that is 0 everywhere stays so, and gradients stay finite
        deviation = self.average(x.square()).clamp(min=least).sqrt()
        return x / torch.maximum(deviation.mean(dim=(2, 3), keepdim=True), deviation)


def local_contrast_norm(size: int = 9) -> nn.Sequential:
    """Return both in turn, named `subtract` and `divide`; `size` is the window's side."""
    return nn.Sequential(OrderedDict(subtract=SubtractiveNorm(size), divide=DivisiveNorm(size)))
