"""DenseNet: Huang, Liu, van der Maaten and Weinberger, 2016 (https://arxiv.org/abs/1608.06993).

Each layer reads what all layers before it in its block have made and adds a few maps of its own, so that nothing is
learned twice and every layer is near the loss. A block's maps only grow; between blocks they are halved in size and,
in the networks with compression, in number. The `densenet_` networks are those for CIFAR; `bc` has bottlenecks and
compression.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from striate.layers.blocks import conv, pooled_linear
from striate.layers.checkpointing import CHECKPOINTING, recomputed
from striate.layers.initial import he, initialize
from striate.layers.network import Network
from striate.zoo.options import Allowed, Between, Layouts, resolve
from striate.zoo.sizes import STEM, Stem, require


@dataclass(frozen=True)
class Variant:
    """One row of Tables 1 and 2.

    Args:
        growth: maps that each layer adds, k in the paper.
        depths: layers in each block.
        first: maps of the first convolution.
        bottleneck: whether a layer first reduces what it reads to 4k maps by a 1x1 convolution.
        compression: the part of the maps that a transition keeps.
    """

    growth: int
    depths: tuple[int, ...]
    first: int
    bottleneck: bool = True
    compression: float = 0.5


# fmt: off
VARIANTS = {
    "densenet121": Variant(32, (6, 12, 24, 16), 64),
    "densenet169": Variant(32, (6, 12, 32, 32), 64),
    "densenet201": Variant(32, (6, 12, 48, 32), 64),
    "densenet161": Variant(48, (6, 12, 36, 24), 96),
    "densenet264": Variant(32, (6, 12, 64, 48), 64),
    "densenet_40_12":  Variant(12, (12, 12, 12), 16, bottleneck=False, compression=1.0),
    "densenet_100_12": Variant(12, (32, 32, 32), 16, bottleneck=False, compression=1.0),
    "densenet_100_24": Variant(24, (32, 32, 32), 16, bottleneck=False, compression=1.0),
    "densenet_bc_100_12": Variant(12, (16, 16, 16), 24),
    "densenet_bc_250_24": Variant(24, (41, 41, 41), 48),
    "densenet_bc_190_40": Variant(40, (31, 31, 31), 80),
}
# fmt: on
OPTIONS: dict[str, Allowed] = {
    "dropout": Between(0, 1),  # after each convolution but the first; the paper: 0.2 where pictures are not augmented
    "checkpointing": CHECKPOINTING,  # the layers' insides are computed a second time, not kept
    "stem": STEM,
}
SMALLEST = 8  # for the networks for CIFAR, whose last block is at a quarter of the picture: 2 x 2

_STEM = Stem(
    published=32,
    small=8,
    change="begins with a 3x3 convolution of stride 1, not with 7x7 of stride 2 and pooling",
)


class Layer(nn.Module):
    """What batch norm, ReLU and convolution make of all maps that came before: k maps more."""

    def __init__(self, c_in: int, variant: Variant, chosen: dict[str, Any]) -> None:
        super().__init__()
        layers = OrderedDict[str, nn.Module](norm1=nn.BatchNorm2d(c_in), relu1=nn.ReLU())
        number = 1
        if variant.bottleneck:
            layers.update(_convolved(c_in, 4 * variant.growth, 1, number, chosen["dropout"]))
            number, c_in = 2, 4 * variant.growth
            layers.update(norm2=nn.BatchNorm2d(c_in), relu2=nn.ReLU())
        layers.update(_convolved(c_in, variant.growth, 3, number, chosen["dropout"]))
        self.body = nn.Sequential(layers)
        self.checkpointing = chosen["checkpointing"] == "on"

    def forward(self, *maps: Tensor) -> Tensor:
        """Take maps (N, C1, h, w), (N, C2, h, w), ... to (N, k, h, w)."""
        if self.checkpointing and self.training:
            return recomputed(self, self._added, *maps)  # the joined input too, whose copies grow as depth squared
        return self._added(*maps)

    def _added(self, *maps: Tensor) -> Tensor:
        added: Tensor = self.body(torch.cat(maps, dim=1))
        return added


class Block(nn.Sequential):
    """Layers, each of which reads what came in and what all layers before it have added."""

    def forward(self, x: Tensor) -> Tensor:
        """Take maps (N, C, h, w) to (N, C + layers * k, h, w)."""
        maps = [x]
        for layer in self:
            maps.append(layer(*maps))
        return torch.cat(maps, dim=1)


def layouts(name: str) -> Layouts:
    """Return torchvision's and timm's layout of `name`; older files have dots where newer ones have none."""
    if name not in {"densenet121", "densenet161", "densenet169", "densenet201"}:
        return {}
    ends = (
        (r"^features\.conv0\.", "stem.conv."),
        (r"^features\.norm0\.", "stem.norm."),
        (r"^features\.norm5\.", "head.norm."),
        (r"^classifier\.", "head.linear."),
    )
    stages = [
        rename
        for stage in range(4)
        for rename in (
            (
                rf"^features\.denseblock{stage + 1}\.denselayer(\d+)\.(norm|conv)\.?(\d)\.",
                rf"stages.{stage}.block.layer\1.body.\2\3.",
            ),
            (rf"^features\.transition{stage}\.(norm|conv)\.", rf"stages.{stage}.transition.\1."),
        )
    ]
    table = (*ends, *stages)
    return {f"torchvision:{name}": table, f"timm:{name}": table}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 8 x 8 and more. A stage is a block, with the transition that leads to it."""
    chosen, variant = resolve(name, options, OPTIONS), VARIANTS[name]
    stem, notes = _stem(name, in_channels, image_size, chosen)
    stages: list[nn.Module] = []
    c_in = variant.first
    for depth in variant.depths:
        stage = OrderedDict[str, nn.Module]()
        if stages:
            c_out = int(c_in * variant.compression)
            stage["transition"] = _transition(c_in, c_out, chosen["dropout"])
            c_in = c_out
        widths = [c_in + number * variant.growth for number in range(depth + 1)]
        stage["block"] = Block(
            OrderedDict((f"layer{i}", Layer(width, variant, chosen)) for i, width in enumerate(widths[:-1], 1))
        )
        stages.append(nn.Sequential(stage))
        c_in = widths[-1]
    head = pooled_linear(c_in, num_classes, [("norm", nn.BatchNorm2d(c_in)), ("relu", nn.ReLU())])
    network = Network(stem, stages, head, notes=notes)
    initialize(network, he)
    return network


def _stem(
    name: str, in_channels: int, image_size: tuple[int, int], chosen: dict[str, Any]
) -> tuple[nn.Module, list[str]]:
    width = VARIANTS[name].first
    if "stem" not in chosen:  # for CIFAR: the first block has the first batch norm
        require(name, image_size, SMALLEST, 32)
        return nn.Sequential(OrderedDict(conv=conv(in_channels, width, 3))), []
    small, notes = _STEM.choose(name, image_size, chosen["stem"], 224)
    first = conv(in_channels, width, 3) if small else conv(in_channels, width, 7, stride=2)
    layers = OrderedDict[str, nn.Module](conv=first, norm=nn.BatchNorm2d(width), relu=nn.ReLU())
    if not small:
        layers["pool"] = nn.MaxPool2d(3, 2, padding=1)
    return nn.Sequential(layers), notes


def _transition(c_in: int, c_out: int, dropout: float) -> nn.Module:
    layers = OrderedDict[str, nn.Module](norm=nn.BatchNorm2d(c_in), relu=nn.ReLU(), conv=conv(c_in, c_out, 1))
    if dropout:
        layers["drop"] = nn.Dropout(dropout)
    layers["pool"] = nn.AvgPool2d(2)
    return nn.Sequential(layers)


def _convolved(c_in: int, c_out: int, kernel: int, number: int, dropout: float) -> "OrderedDict[str, nn.Module]":
    layers = OrderedDict[str, nn.Module]({f"conv{number}": conv(c_in, c_out, kernel)})
    if dropout:
        layers[f"drop{number}"] = nn.Dropout(dropout)
    return layers
