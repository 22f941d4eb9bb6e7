"""Inception v4: Szegedy, Ioffe, Vanhoucke and Alemi, 2016 (https://arxiv.org/abs/1602.07261).

What had grown over three versions is made uniform: a stem that itself halves the size by convolution and pooling side
by side, then three kinds of module, each repeated unchanged, and a reduction between them.

As released, which timm's is too; the paper draws no auxiliary head. Dropout keeps 0.8. He's initial weights: the paper
names none. Numbers of figures are recalled.
"""

from collections import OrderedDict
from typing import Any

from torch import nn

from striate.layers.blocks import pooled_linear
from striate.layers.branches import Branches, chain, chains, conv_bn_relu, narrowing, projected, split
from striate.layers.initial import he, initialize
from striate.layers.network import Network
from striate.zoo.options import Allowed, Between, Layouts, resolve
from striate.zoo.renames import side_by_side
from striate.zoo.sizes import STEM, Stem

VARIANTS = {"inception_v4": (4, 7, 3)}  # modules of each stage
OPTIONS: dict[str, Allowed] = {"dropout": Between(0, 1), "stem": STEM}

_STEM = Stem(published=75, small=7, change="keeps their size in its stem, which as published makes it an eighth")
_WIDE, _HIGH = (1, 7), (7, 1)
_BEGIN = {"conv1": (32, 3, 2, 0), "conv2": (32, 3, 1, 0), "conv3": (64, 3, 1, 1)}


_SPLIT = ("1_1", "2_3")  # convolutions of the last stage that end in two side by side: branch and place


def layouts(name: str) -> Layouts:
    """Return timm's layout of `name`, whose modules are numbered through."""
    renames = [(rf"^features\.{index}\.(conv|bn)\.", rf"stem.conv{index + 1}.\1.") for index in range(3)]
    renames += [
        (r"^features\.3\.conv\.", "stem.mixed3a.conv."),
        (r"^features\.5\.conv\.", "stem.mixed5a.conv."),
        *side_by_side(r"^features\.4", "stem.mixed4a"),
        (r"^last_linear\.", "head.linear."),
    ]
    places = [f"stages.{stage}.{place}" for stage, names in enumerate(_places(name)) for place in names]
    for index, place in enumerate(places, 6):
        theirs = rf"^features\.{index}"
        renames += [
            *((rf"{theirs}\.branch([12])_{step}\.", rf"{place}.branch\1.conv{step + 1}.") for step in range(3)),
            *((rf"{theirs}\.branch{split}([ab])\.", rf"{place}.branch{split[0]}.split.\1.") for split in _SPLIT),
            *side_by_side(theirs, place, pool=3),
        ]
    return {f"timm:{name}": tuple(renames)}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 7 x 7 and more. The second and third stage begin with what halves the size."""
    chosen = resolve(name, options, OPTIONS)
    small, notes = _STEM.choose(name, image_size, chosen["stem"], 299)
    first, second, third = VARIANTS[name]
    modules = (
        [_a() for _ in range(first)],
        [_reduction_a(), *(_b() for _ in range(second))],
        [_reduction_b(), *(_c() for _ in range(third))],
    )
    stages = [
        nn.Sequential(OrderedDict(zip(places, made, strict=True)))
        for places, made in zip(_places(name), modules, strict=True)
    ]
    head = pooled_linear(1536, num_classes, dropout=chosen["dropout"])
    network = Network(_stem(in_channels, small=small), stages, head, notes=notes)
    initialize(network, he)
    return network


def _places(name: str) -> list[list[str]]:
    """Return the names of each stage's modules, those of TensorFlow's release: `mixed5b` and so on."""
    first, second, third = VARIANTS[name]
    letters = ("bcdefgh"[:first], "abcdefgh"[: second + 1], "abcdefgh"[: third + 1])
    return [[f"mixed{number}{letter}" for letter in group] for number, group in enumerate(letters, 5)]


def _stem(in_channels: int, *, small: bool) -> nn.Module:
    stride, inside = (1, 1) if small else (2, 0)
    layers = narrowing(in_channels, _BEGIN, small=small)
    pool = nn.MaxPool2d(3, stride, padding=inside)
    layers["mixed3a"] = Branches({"pool": pool, "conv": conv_bn_relu(64, 96, 3, stride=stride, padding=inside)})
    short, long = chain(160, (64, 1)), chain(160, (64, 1), (64, _WIDE), (64, _HIGH))
    short.add_module("conv2", conv_bn_relu(64, 96, 3, padding=inside))
    long.add_module("conv4", conv_bn_relu(64, 96, 3, padding=inside))
    layers["mixed4a"] = Branches({"branch0": short, "branch1": long})
    pool = nn.MaxPool2d(3, stride, padding=inside)
    layers["mixed5a"] = Branches({"conv": conv_bn_relu(192, 192, 3, stride=stride, padding=inside), "pool": pool})
    return nn.Sequential(layers)


def _mean() -> nn.Module:
    return nn.AvgPool2d(3, 1, padding=1, count_include_pad=False)


def _a() -> nn.Module:
    """Return figure 4."""
    chained = (((96, 1),), ((64, 1), (96, 3)), ((64, 1), (96, 3), (96, 3)))
    return chains(384, *chained, pool=projected(_mean(), 384, 96))


def _reduction_a() -> nn.Module:
    """Return figure 7 with k, l, m, n = 192, 224, 256, 384."""
    return chains(384, ((384, 3),), ((192, 1), (224, 3), (256, 3)), stride=2, pool=nn.MaxPool2d(3, 2))


def _b() -> nn.Module:
    """Return figure 5."""
    single = ((192, 1), (224, _WIDE), (256, _HIGH))
    double = ((192, 1), (192, _HIGH), (224, _WIDE), (224, _HIGH), (256, _WIDE))
    return chains(1024, ((384, 1),), single, double, pool=projected(_mean(), 1024, 128))


def _reduction_b() -> nn.Module:
    """Return figure 8."""
    long = ((256, 1), (256, _WIDE), (320, _HIGH), (320, 3))
    return chains(1024, ((192, 1), (192, 3)), long, stride=2, pool=nn.MaxPool2d(3, 2))


def _c() -> nn.Module:
    """Return figure 6, whose 1x3 and 3x1 stand side by side at the end of two branches."""
    module = chains(
        1536,
        ((256, 1),),
        ((384, 1),),
        ((384, 1), (448, (3, 1)), (512, (1, 3))),
        pool=projected(_mean(), 1536, 256),
    )
    module.get_submodule("branch1").add_module("split", split(384, 256))
    module.get_submodule("branch2").add_module("split", split(512, 256))
    return module
