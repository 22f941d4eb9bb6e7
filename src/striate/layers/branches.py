"""Layers side by side, whose outputs are joined: what Inception networks are made of."""

from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Branches(nn.Module):
    """Several ways from the same maps; what they make is joined along the channels, in the order given."""

    def __init__(self, branches: Mapping[str, nn.Module]) -> None:
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        """Take maps (N, C, h, w) to (N, sum of the branches' channels, h', w')."""
        return torch.cat([branch(x) for branch in self.children()], dim=1)


def conv_bn_relu(
    c_in: int,
    c_out: int,
    kernel: int | tuple[int, int],
    *,
    stride: int = 1,
    padding: int | tuple[int, int] = 0,
) -> nn.Sequential:
    """Return a convolution, batch norm with Inception's epsilon of 0.001, and ReLU: `conv`, `bn`, `relu`."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(c_in, c_out, kernel, stride, padding, bias=False),
            bn=nn.BatchNorm2d(c_out, eps=1e-3),
            relu=nn.ReLU(),
        )
    )
