"""The perceptron: Rosenblatt, 1958 (https://doi.org/10.1037/h0042519).

Where a picture is answered wrongly, it is added to the weights of its class and taken from those of the answer; where
the classes are separable, this ends. The rule is the loss `perceptron` with batches of one picture; the map is
that of `linear`, and its weights start at zero, where the length of a step changes nothing but their scale.
"""

from math import prod
from typing import Any

from torch import nn

from striate.layers.network import Network
from striate.zoo.options import Allowed, resolve

VARIANTS = {"perceptron": ()}
OPTIONS: dict[str, Allowed] = {}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of any size. Its one stage is the pixels as a vector."""
    resolve(name, options, OPTIONS)
    head = nn.Linear(in_channels * prod(image_size), num_classes)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return Network(nn.Identity(), [nn.Flatten()], head)
