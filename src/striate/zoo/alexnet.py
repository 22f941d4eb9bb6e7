"""AlexNet: Krizhevsky, Sutskever and Hinton, 2012 (https://doi.org/10.1145/3065386).

Five convolutions and three fully connected layers, with ReLU, dropout and GPUs: a network of the kind of LeNet, large
enough for a thousand classes. `alexnet` is the paper's, whose maps lie on two GPUs that meet in the third convolution
only: convolutions 2, 4 and 5 are in two groups. Its arithmetic needs pictures of 227, not the 224 that it prints.
`alexnet_one_tower` has no groups. `alexnet_owt` is torchvision's, after Krizhevsky's "One weird trick", 2014
(https://arxiv.org/abs/1404.5997): other widths, no normalization.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from torch import nn

from striate.layers.blocks import fully_connected
from striate.layers.initial import he, initialize, normal
from striate.layers.network import Network
from striate.layers.normalization import LocalResponseNorm
from striate.zoo.options import Allowed, Between, Layouts, resolve
from striate.zoo.sizes import STEM, Stem, fitted


@dataclass(frozen=True)
class Variant:
    """What the three networks differ in; `trick` is torchvision's form."""

    widths: tuple[int, int, int, int, int] = (96, 256, 384, 384, 256)
    groups: int = 1
    trick: bool = False


VARIANTS = {
    "alexnet": Variant(groups=2),
    "alexnet_one_tower": Variant(),
    "alexnet_owt": Variant((64, 192, 384, 256, 256), trick=True),
}
OPTIONS: dict[str, Allowed] = {
    "dropout": Between(0, 1),
    "init": ("published", "he"),  # published: normal of deviation 0.01, biases of 1 where section 5 says so
    "stem": STEM,
}
_CHANGE = "begins with a 3x3 convolution of stride 1, not with 11x11 of stride 4 and pooling"
_STEM, _STEM_OWT = (Stem(published=least, small=7, change=_CHANGE) for least in (67, 63))


def layouts(name: str) -> Layouts:
    """Return torchvision's layout, which is of `alexnet_owt` alone."""
    if name != "alexnet_owt":
        return {}
    convolutions = ("stem.conv1", "stages.0.conv2", "stages.1.conv3", "stages.1.conv4", "stages.1.conv5")
    renames = [
        *((rf"^features\.{place}\.", f"{ours}.") for place, ours in zip((0, 3, 6, 8, 10), convolutions, strict=True)),
        *((rf"^classifier\.{place}\.", f"head.fc{number}.") for place, number in ((1, 6), (4, 7), (6, 8))),
    ]
    return {"torchvision:alexnet": tuple(renames)}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 7 x 7 and more. Its stages are the second, and the third to fifth convolution."""
    chosen, variant = resolve(name, options, OPTIONS), VARIANTS[name]
    stem = _STEM_OWT if variant.trick else _STEM
    small, notes = stem.choose(name, image_size, chosen["stem"], 224 if variant.trick else 227)
    left = (_left(image_size[0], variant, small=small), _left(image_size[1], variant, small=small))
    size, more = fitted(name, left, (6, 6))
    head = _head(variant, size, num_classes, chosen["dropout"])
    network = Network(
        _first(in_channels, variant, small=small), _stages(variant), nn.Sequential(head), notes=[*notes, *more]
    )
    if chosen["init"] == "he":
        initialize(network, he)
    else:
        _as_published(network)
    return network


def _first(in_channels: int, variant: Variant, *, small: bool) -> nn.Module:
    width = variant.widths[0]
    published = nn.Conv2d(in_channels, width, 11, 4, padding=2 if variant.trick else 0)
    layers = OrderedDict[str, nn.Module](
        conv1=nn.Conv2d(in_channels, width, 3, padding=1) if small else published, relu1=nn.ReLU()
    )
    if not variant.trick:
        layers["norm1"] = LocalResponseNorm()
    if not small:
        layers["pool1"] = nn.MaxPool2d(3, 2)  # windows overlap: section 3.4
    return nn.Sequential(layers)


def _stages(variant: Variant) -> list[nn.Module]:
    one, two, three, four, five = variant.widths
    second = OrderedDict[str, nn.Module](
        conv2=nn.Conv2d(one, two, 5, padding=2, groups=variant.groups), relu2=nn.ReLU()
    )
    if not variant.trick:
        second["norm2"] = LocalResponseNorm()
    rest = OrderedDict[str, nn.Module](
        pool2=nn.MaxPool2d(3, 2),
        conv3=nn.Conv2d(two, three, 3, padding=1),
        relu3=nn.ReLU(),
        conv4=nn.Conv2d(three, four, 3, padding=1, groups=variant.groups),
        relu4=nn.ReLU(),
        conv5=nn.Conv2d(four, five, 3, padding=1, groups=variant.groups),
        relu5=nn.ReLU(),
    )
    return [nn.Sequential(second), nn.Sequential(rest)]


def _head(variant: Variant, size: tuple[int, int], num_classes: int, dropout: float) -> "OrderedDict[str, nn.Module]":
    drop = [dropout, 0.0 if variant.trick else dropout]
    layers = fully_connected(variant.widths[-1], size, (4096, 4096), num_classes, drop=drop, first=6)
    (fit, flatten, *rest) = layers.items()
    before = [("drop5", nn.Dropout(dropout))] if variant.trick and dropout else []
    return OrderedDict[str, nn.Module]([("pool5", nn.MaxPool2d(3, 2)), fit, flatten, *before, *rest])


def _left(side: int, variant: Variant, *, small: bool) -> int:
    if not small:
        side = (side - (7 if variant.trick else 11)) // 4 + 1
        side = (side - 3) // 2 + 1
    return ((side - 3) // 2 + 1 - 3) // 2 + 1


def _as_published(network: Network) -> None:
    initialize(network, normal(0.01))
    for name, layer in network.named_modules():
        if name.endswith(("conv2", "conv4", "conv5", "fc6", "fc7")):
            nn.init.ones_(layer.get_parameter("bias"))
