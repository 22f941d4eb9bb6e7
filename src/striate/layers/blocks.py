"""Small groups of layers that three families or more are made of, each layer under a name of its own."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from math import prod

from torch import nn


def conv(c_in: int, c_out: int, kernel: int, *, stride: int = 1) -> nn.Conv2d:
    """Return a convolution that keeps the size where its stride is 1, without bias, since batch norm adds one."""
    return nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False)


def conv_bn(c_in: int, c_out: int, kernel: int, *, stride: int = 1) -> nn.Sequential:
    """Return such a convolution with its batch norm, named `conv` and `bn`."""
    return nn.Sequential(OrderedDict(conv=conv(c_in, c_out, kernel, stride=stride), bn=nn.BatchNorm2d(c_out)))


def pooled_linear(
    channels: int, num_classes: int, before: Sequence[tuple[str, nn.Module]] = (), *, dropout: float = 0.0
) -> nn.Sequential:
    """Return a head that averages each map, drops a part of the averages, and weighs them, after what is `before`."""
    layers = OrderedDict(before)
    layers.update(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    if dropout:
        layers["drop"] = nn.Dropout(dropout)
    layers["linear"] = nn.Linear(channels, num_classes)
    return nn.Sequential(layers)


def fully_connected(
    channels: int, size: tuple[int, int], units: Sequence[int], num_classes: int, *, drop: Sequence[float], first: int
) -> OrderedDict[str, nn.Module]:
    """Return fully connected layers as they ended networks from 1998 to 2014: `fc6`, `relu6`, `drop6`, `fc7`, ...

    Args:
        channels: of the maps that come in.
        size: of the maps that the first layer reads; maps of another size are averaged to it.
        units: of each layer but the last.
        num_classes: units of the last, which has no ReLU.
        drop: the part dropped of each layer's output, as many as `units`; 0 for none.
        first: the number in the first layer's name.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict(fit=nn.AdaptiveAvgPool2d(size), flatten=nn.Flatten())
    widths = (channels * prod(size), *units, num_classes)
    for number, (before, after) in enumerate(pairwise(widths), first):
        layers[f"fc{number}"] = nn.Linear(before, after)
        if number < first + len(units):
            layers[f"relu{number}"] = nn.ReLU()
            if drop[number - first]:
                layers[f"drop{number}"] = nn.Dropout(drop[number - first])
    return layers
