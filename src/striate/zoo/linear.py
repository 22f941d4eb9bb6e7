"""Softmax regression: each class weighs every pixel. Bridle, 1990, named the softmax.

One linear map, so what it learns can be looked at: the weights of a class are a picture. The loss is convex in
them, so they start at zero and no draw matters.
"""

from math import prod
from typing import Any

from torch import nn

from striate.layers.network import Network
from striate.zoo.options import Allowed, resolve

VARIANTS = {"linear": ()}
OPTIONS: dict[str, Allowed] = {}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of any size. Its one stage is the pixels as a vector."""
    resolve(name, options, OPTIONS)
    head = nn.Linear(in_channels * prod(image_size), num_classes)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return Network(nn.Identity(), [nn.Flatten()], head)
