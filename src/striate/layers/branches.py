"""Layers side by side, whose outputs are joined: what Inception networks are made of."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

Kernel = int | tuple[int, int]
Chain = Sequence[tuple[int, Kernel]]  # convolutions in a row: channels and kernel of each


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
    kernel: Kernel,
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


def chain(c_in: int, *steps: tuple[int, Kernel], stride: int = 1) -> nn.Sequential:
    """Return such convolutions in a row, `conv1`, `conv2`, ...

    As in all networks from Inception v2 on, those of stride 1 keep the size and one that halves it is not padded.

    Args:
        c_in: channels that come in.
        steps: channels and kernel of each.
        stride: of the last; 1 for the others.
    """
    layers = OrderedDict[str, nn.Module]()
    for number, (c_out, kernel) in enumerate(steps, 1):
        last = stride if number == len(steps) else 1
        layers[f"conv{number}"] = conv_bn_relu(
            c_in, c_out, kernel, stride=last, padding=_kept(kernel) if last == 1 else 0
        )
        c_in = c_out
    return nn.Sequential(layers)


def chains(c_in: int, *branches: Chain, stride: int = 1, pool: nn.Module | None = None) -> Branches:
    """Return chains side by side, `branch0`, `branch1`, ..., each of this stride, and last a `pool`."""
    named: dict[str, nn.Module] = {
        f"branch{number}": chain(c_in, *steps, stride=stride) for number, steps in enumerate(branches)
    }
    return Branches(named if pool is None else {**named, "pool": pool})


def projected(pool: nn.Module, c_in: int, c_out: int) -> nn.Sequential:
    """Return a pooling and the 1x1 convolution behind it: `pool`, `project`."""
    return nn.Sequential(OrderedDict(pool=pool, project=conv_bn_relu(c_in, c_out, 1)))


def split(c_in: int, c_out: int) -> Branches:
    """Return a 1x3 and a 3x1 convolution side by side, each of `c_out` channels: `a`, `b`."""
    return Branches(
        {
            "a": conv_bn_relu(c_in, c_out, (1, 3), padding=(0, 1)),
            "b": conv_bn_relu(c_in, c_out, (3, 1), padding=(1, 0)),
        }
    )


def narrowing(
    c_in: int, steps: Mapping[str, tuple[int, int, int, int] | None], *, small: bool
) -> OrderedDict[str, nn.Module]:
    """Return the layers of a stem that makes pictures smaller.

    Args:
        c_in: channels of the pictures.
        steps: by name, channels, kernel, stride and padding of a convolution, or None for a 3x3 pooling of stride 2.
        small: keep the size instead, for small pictures: stride 1, padded, no pooling.
    """
    layers = OrderedDict[str, nn.Module]()
    for name, step in steps.items():
        if step is not None:
            c_out, kernel, stride, padding = step
            stride, padding = (1, kernel // 2) if small else (stride, padding)
            layers[name] = conv_bn_relu(c_in, c_out, kernel, stride=stride, padding=padding)
            c_in = c_out
        elif not small:
            layers[name] = nn.MaxPool2d(3, 2)
    return layers


def _kept(kernel: Kernel) -> tuple[int, int]:
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    return height // 2, width // 2
