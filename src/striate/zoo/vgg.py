"""VGG: Simonyan and Zisserman, 2014 (https://arxiv.org/abs/1409.1556).

Only 3x3 convolutions, stacked: two see what a 5x5 sees with fewer weights and one more ReLU, so depth is what is
varied. `vgg11`, `vgg13`, `vgg16` and `vgg19` are the paper's A, B, D and E; `vgg16_c` is its C, in which the third
convolution of a stage is 1x1. Those that end in `_bn`, with batch norm, are torchvision's. The paper's dense evaluation
of larger pictures is `striate.layers.dense.applied_densely(network)`.
"""

from collections import OrderedDict
from typing import Any

from torch import nn

from striate.layers.blocks import fully_connected
from striate.layers.initial import INITIAL, initialize
from striate.layers.network import Network
from striate.zoo.options import Allowed, Between, Layouts, resolve
from striate.zoo.sizes import STEM, Stem, fitted

_A, _B, _D, _E = (1, 1, 2, 2, 2), (2, 2, 2, 2, 2), (2, 2, 3, 3, 3), (2, 2, 4, 4, 4)
# fmt: off
VARIANTS = {  # Table 1: convolutions in each stage; what differs from 3x3 convolutions alone
    "vgg11": (_A, ""), "vgg13": (_B, ""), "vgg16": (_D, ""), "vgg19": (_E, ""), "vgg16_c": (_D, "1x1"),
    "vgg11_bn": (_A, "bn"), "vgg13_bn": (_B, "bn"), "vgg16_bn": (_D, "bn"), "vgg19_bn": (_E, "bn"),
}
# fmt: on
WIDTHS = (64, 128, 256, 512, 512)
OPTIONS: dict[str, Allowed] = {
    "dropout": Between(0, 1),  # of the first two fully connected layers
    # the paper began its deep networks with the weights of A, drawn as "gaussian", and found glorot enough afterwards
    "init": ("glorot", "he", "gaussian"),
    "stem": STEM,
}

# 32 x 32 are what five poolings leave one unit of, so only smaller pictures need another beginning
_STEM = Stem(
    published=32,
    small=16,
    change="has no pooling after its first stage, so that its first two stages are of one size",
    up_to=31,
)


def layouts(name: str) -> Layouts:
    """Return torchvision's layout of `name`, which numbers all layers, poolings and ReLUs too, and timm's.

    timm has fc6 and fc7 as convolutions, over all of the last maps and 1x1.
    """
    depths, kind = VARIANTS[name]
    if kind == "1x1":
        return {}
    renames, place = [], 0
    for stage, depth in enumerate(depths):
        for layer in range(1, depth + 1):
            for part in ("conv", "bn", "relu") if kind == "bn" else ("conv", "relu"):
                renames.append((rf"^features\.{place}\.", f"stages.{stage}.{part}{layer}."))
                place += 1
        place += 1  # the pooling
    fully = ((rf"^classifier\.{place}\.", f"head.fc{6 + number}.") for number, place in enumerate((0, 3, 6)))
    of_timm = ("pre_logits.fc1", "pre_logits.fc2", "head.fc")
    unrolled = ((rf"^{there.replace('.', '[.]')}\.", f"head.fc{number}.") for number, there in enumerate(of_timm, 6))
    return {f"torchvision:{name}": (*renames, *fully), f"timm:{name}": (*renames, *unrolled)}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 16 x 16 and more. Pooling begins every stage but the first, and the head."""
    chosen = resolve(name, options, OPTIONS)
    small, notes = _STEM.choose(name, image_size, chosen["stem"], 224)
    depths, kind = VARIANTS[name]
    stages, c_in = [], in_channels
    for index, (width, depth) in enumerate(zip(WIDTHS, depths, strict=True)):
        halved = index > (1 if small else 0)
        stages.append(_stage(c_in, width, depth, kind, halved=halved))
        c_in = width
    times = 16 if small else 32
    left = (image_size[0] // times, image_size[1] // times)
    size, more = fitted(name, left, (7, 7))
    drop = [chosen["dropout"]] * 2
    head = OrderedDict[str, nn.Module](pool=nn.MaxPool2d(2))
    head.update(fully_connected(c_in, size, (4096, 4096), num_classes, drop=drop, first=6))
    network = Network(nn.Identity(), stages, nn.Sequential(head), notes=[*notes, *more])
    initialize(network, INITIAL[chosen["init"]])
    return network


def _stage(c_in: int, width: int, depth: int, kind: str, *, halved: bool) -> nn.Module:
    layers = OrderedDict[str, nn.Module]()
    if halved:
        layers["pool"] = nn.MaxPool2d(2)
    for number in range(1, depth + 1):
        kernel = 1 if kind == "1x1" and number == 3 else 3
        layers[f"conv{number}"] = nn.Conv2d(c_in, width, kernel, padding=kernel // 2)
        if kind == "bn":
            layers[f"bn{number}"] = nn.BatchNorm2d(width)
        layers[f"relu{number}"] = nn.ReLU()
        c_in = width
    return nn.Sequential(layers)
