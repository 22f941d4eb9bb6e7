"""ALVINN: Pomerleau, 1991 (https://doi.org/10.1162/neco.1991.3.1.88).

The picture of a road, 30 x 32, through 5 hidden units to 30 directions, left to right. It learns by watching a
driver; the target is a hill over the directions (the loss `bump`), so that neighbors of the right answer are nearly
right. That its units are tanh within and logistic at the output is recalled, not read.
"""

from collections import OrderedDict
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from striate.layers.activations import ACTIVATIONS
from striate.layers.initial import glorot, initialize
from striate.layers.network import Network
from striate.zoo.options import Allowed, resolve

VARIANTS = {"alvinn": 5}  # hidden units
OPTIONS: dict[str, Allowed] = {"activation": tuple(ACTIVATIONS), "output": ("sigmoid", "linear")}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of any size. Its one stage is the hidden layer, vectors (N, 5)."""
    chosen = resolve(name, options, OPTIONS)
    units = VARIANTS[name]
    hidden = nn.Sequential(nn.Linear(in_channels * prod(image_size), units), ACTIVATIONS[chosen["activation"]]())
    head = nn.Sequential(OrderedDict(linear=nn.Linear(units, num_classes)))
    if chosen["output"] == "sigmoid":
        head.add_module("sigmoid", nn.Sigmoid())
    network = Network(nn.Flatten(), [hidden], head)
    initialize(network, glorot)
    return network


def steering(activations: Tensor, *, reach: int = 7) -> Tensor:
    """Return the direction (N,) that outputs (N, K) point to: the center of mass of the hill around the highest one.

    Args:
        activations: (N, K); negative ones have no mass.
        reach: how many units on each side of the highest belong to the hill.
    """
    mass = activations.clamp(min=torch.finfo(activations.dtype).tiny)  # so that no hill at all is no division by zero
    position = torch.arange(mass.shape[1], device=mass.device)
    near = (position - mass.argmax(dim=1, keepdim=True)).abs() <= reach
    return (mass * near * position).sum(dim=1) / (mass * near).sum(dim=1)
