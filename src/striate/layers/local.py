"""Locally connected layers: each place has filters of its own, as in the first LeNets and DeepFace."""

from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.layers.convolution import output_size


class LocallyConnected2d(nn.Module):
    """A convolution whose weights no two places share: y[o, t] = b[o, t] + sum over c, a of w[t, o, c, a] x[c, t + a].

    LeCun, 1989, "Generalization and Network Design Strategies"; Taigman, Yang, Ranzato and Wolf, 2014 (DeepFace).

    Args:
        c_in: channels of the maps that come.
        c_out: channels of those that leave.
        kernel: side of each filter.
        size: of the maps that come, which it cannot do without: (H, W).
        stride: pixels from one place to the next.
        padding: zeros on each side.
        bias: one for every place and channel.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel: int,
        size: tuple[int, int],
        *,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.kernel, self.size, self.stride, self.padding = kernel, size, stride, padding
        self.places = (
            output_size(size[0], kernel, stride=stride, padding=padding),
            output_size(size[1], kernel, stride=stride, padding=padding),
        )
        self.weight = nn.Parameter(torch.empty(prod(self.places), c_out, c_in * kernel**2))
        self.bias = nn.Parameter(torch.empty(c_out, *self.places)) if bias else None
        for values in self.parameters():
            nn.init.uniform_(values, -(self.weight.shape[2] ** -0.5), self.weight.shape[2] ** -0.5)  # as torch's Conv2d

    def forward(self, x: Tensor) -> Tensor:
        """Take maps (N, C, H, W) to (N, C', H', W').

        Raises:
            ValueError: maps of another size than it was made for.
        """
        if tuple(x.shape[2:]) != self.size:
            raise ValueError(f"a locally connected layer for maps of {self.size} cannot take {tuple(x.shape[2:])}")
        columns = F.unfold(x, self.kernel, padding=self.padding, stride=self.stride)  # (N, C * P * P, places)
        maps = self.weight @ columns.permute(2, 1, 0)  # (places, C', N)
        maps = maps.permute(2, 1, 0).reshape(len(x), -1, *self.places)
        return maps if self.bias is None else maps + self.bias

    def extra_repr(self) -> str:
        """Return the sizes, for the printed network."""
        channels = f"{self.weight.shape[2] // self.kernel**2}, {self.weight.shape[1]}"
        return f"{channels}, {self.kernel}, size={self.size}, stride={self.stride}, padding={self.padding}"
