"""Multilayer perceptrons of the MNIST table and three papers, trained by back-propagation.

- LeCun et al., 1998, https://doi.org/10.1109/5.726791: 300, 1000, 300-100, 500-150, scaled tanh.
- Simard, Steinkraus and Platt, 2003, https://doi.org/10.1109/ICDAR.2003.1227801: 800 (tanh is recalled, not read).
- Hinton, 2005, a row of the MNIST table: 500-300 (logistic units are recalled, not read).
- Srivastava et al., 2014, https://jmlr.org/papers/v15/srivastava14a.html: 1024-1024-1024, ReLU, dropout.
- Ioffe and Szegedy, 2015, https://arxiv.org/abs/1502.03167, section 4.1: 100-100-100, sigmoid, small Gaussian start.
- 512-512 with dropout 0.2 has no paper: it is the first example of many libraries' tutorials.
"""

from collections.abc import Iterator
from itertools import pairwise
from math import prod
from typing import Any

from torch import nn

from striate.layers.activations import ACTIVATIONS
from striate.layers.initial import INITIAL, initialize
from striate.layers.network import Network
from striate.zoo.options import Allowed, Between, resolve

# fmt: off
VARIANTS = {  # units of each hidden layer
    "mlp":         (1024, 1024, 1024),
    "mlp_300":     (300,),
    "mlp_1000":    (1000,),
    "mlp_300_100": (300, 100),
    "mlp_500_150": (500, 150),
    "mlp_800":     (800,),
    "mlp_500_300": (500, 300),
    "mlp_512_512": (512, 512),
    "mlp_100x3":   (100, 100, 100),
}
# fmt: on
OPTIONS: dict[str, Allowed] = {
    "activation": tuple(ACTIVATIONS),
    "dropout": Between(0, 1),  # the part of the hidden units left out in training
    "input_dropout": Between(0, 1),  # the part of the pixels left out in training
    "norm": ("none", "batch"),
    "init": ("auto", *INITIAL),  # auto is what suits the activation
}

_SUITS = {"relu": "he", "tanh": "glorot", "sigmoid": "glorot", "squash": "lecun"}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of any size. Every hidden layer is a stage; its features are vectors (N, units)."""
    chosen = resolve(name, options, OPTIONS)
    widths = (in_channels * prod(image_size), *VARIANTS[name])
    stages = [nn.Sequential(*_hidden(before, units, chosen)) for before, units in pairwise(widths)]
    network = Network(
        nn.Sequential(nn.Flatten(), *_dropout(chosen["input_dropout"])), stages, nn.Linear(widths[-1], num_classes)
    )
    initialize(network, INITIAL[_SUITS[chosen["activation"]] if chosen["init"] == "auto" else chosen["init"]])
    return network


def _hidden(before: int, units: int, chosen: dict[str, Any]) -> Iterator[nn.Module]:
    normalized = chosen["norm"] == "batch"
    yield nn.Linear(before, units, bias=not normalized)  # batch normalization adds the bias, section 3.2
    if normalized:
        yield nn.BatchNorm1d(units)
    yield ACTIVATIONS[chosen["activation"]]()
    yield from _dropout(chosen["dropout"])


def _dropout(part: float) -> Iterator[nn.Module]:
    if part:
        yield nn.Dropout(part)
