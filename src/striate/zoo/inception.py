"""Inception v2 and v3: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, 2015 (https://arxiv.org/abs/1512.00567).

Large filters are taken apart: a 5x5 into two 3x3, an n x n into 1 x n and n x 1, which see as much for a fraction of
the work; and the size is halved by a convolution and a pooling side by side, so that no place is a bottleneck.

`inception_v3` has the sizes of the released network, which torchvision's is too. `inception_v2` is the outline in
table 1 of the paper, by which the fourth lecture teaches v2. The lecture says what v3 adds to it: n = 7, and batch norm
in the auxiliary head. The table gives the stem, how many modules there are and what comes into them. We settled:

- The 3x3 convolution of 192 to 288 channels is padded, though the table does not say so: its output is 35 x 35.
- Sizes are halved between the three groups by modules of their own, which the table does not list (paper, section 6,
  recalled): 288 to 768 channels as in the release, 768 to 1280 by figure 10.
- Channels inside the modules are in no table: they are v3's, with 160 a third time for the fifth module of the second
  group, and 3x3 in place of the 5x5 that the release kept.
- n is 3, since the lecture and the paper's table 3 list a factorized 7x7 with what v3 adds; the paper's figure 6 has
  n = 7, which `factorized`: 7x7 gives (table and figure recalled).
- One auxiliary head, at the last 17 x 17 module: v3's without batch norm. No dropout: the table has none.

So its counts are ours, not the paper's, which gives 3.8 billion operations for v2 and 4.8 for v3 (recalled).
"""

from collections import OrderedDict
from typing import Any

from torch import nn

from striate.layers.auxiliary import Auxiliary
from striate.layers.blocks import pooled_linear
from striate.layers.branches import Branches, chain, conv_bn_relu, narrowing, projected, split
from striate.layers.initial import he, initialize
from striate.layers.network import Network
from striate.zoo.options import Allowed, Between, Layouts, resolve
from striate.zoo.sizes import STEM, Stem

VARIANTS = ("inception_v2", "inception_v3")
FIRST = {  # modules of 35 x 35: channels that come in, channels behind the pooling, kernel
    "inception_v2": ((288, 64, 3),) * 3,
    "inception_v3": ((192, 32, 5), (256, 64, 5), (288, 64, 5)),
}
SECOND = {  # modules of 17 x 17: channels between their long convolutions
    "inception_v2": (128, 160, 160, 160, 192),
    "inception_v3": (128, 160, 160, 192),
}
OPTIONS: dict[str, Allowed] = {
    "factorized": ("3x3", "7x7"),  # what the long convolutions of the second stage stand for
    "dropout": Between(0, 1),
    "auxiliary": ("on", "off"),
    "stem": STEM,
}
LOSS_WEIGHT = 0.4  # of TensorFlow's release; the paper gives none

_STEM = Stem(published=75, small=7, change="keeps their size in its stem, which as published makes it an eighth")
_BEGIN: dict[str, tuple[int, int, int, int] | None]
_BEGIN = {"conv1": (32, 3, 2, 0), "conv2": (32, 3, 1, 0), "conv3": (64, 3, 1, 1), "pool1": None}
_STEMS = {
    "inception_v2": {**_BEGIN, "conv4": (80, 3, 1, 0), "conv5": (192, 3, 2, 0), "conv6": (288, 3, 1, 1)},
    "inception_v3": {**_BEGIN, "conv4": (80, 1, 1, 0), "conv5": (192, 3, 1, 0), "pool2": None},
}


def layouts(name: str) -> Layouts:
    """Return the layouts of torchvision and timm, whose names are the same; timm's has no auxiliary head."""
    if name != "inception_v3":
        return {}
    stem = {"1a_3x3": "conv1", "2a_3x3": "conv2", "2b_3x3": "conv3", "3b_1x1": "conv4", "4a_3x3": "conv5"}
    groups = ("5x5", "3x3dbl", "7x7", "7x7dbl", "7x7x3", "3x3")
    split = {"3x3_2": "3x3", "3x3dbl_3": "3x3dbl"}
    renames = [
        *((rf"^Conv2d_{theirs}\.", f"stem.{ours}.") for theirs, ours in stem.items()),
        (r"^AuxLogits\.", "auxiliary.aux.layers."),
        (r"^fc\.", "head.linear."),
    ]
    for stage in range(3):
        before, after = rf"^Mixed_{stage + 5}(\w)\.branch", rf"stages.{stage}.mixed{stage + 5}\1.b"
        renames += [
            (rf"{before}1x1\.", f"{after}1x1."),
            (rf"{before}_pool\.", f"{after}pool.project."),
            (rf"{before}3x3\.", f"{after}3x3.conv1."),
            *((rf"{before}{theirs}([ab])\.", rf"{after}{ours}.split.\2.") for theirs, ours in split.items()),
            *((rf"{before}{group}_(\d)\.", rf"{after}{group}.conv\2.") for group in groups),
        ]
    return {f"torchvision:{name}": tuple(renames), f"timm:{name}": tuple(renames)}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 7 x 7 and more. The second and third stage begin with what halves the size."""
    chosen = resolve(name, options, OPTIONS)
    small, notes = _STEM.choose(name, image_size, chosen["stem"], 299)
    length = int(chosen.get("factorized", "7x7")[0])
    stages = _modules(name, length)
    published = min(_middle(side, small=small) for side in image_size) >= 17
    extra = _auxiliary(num_classes, reads=list(stages[1])[-1], published=published, norm=name != "inception_v2")
    if chosen["auxiliary"] == "on" and not published:
        notes.append(f"{name}'s auxiliary head averages to 5 x 5: the published windows need maps of 17 x 17")
    network = Network(
        nn.Sequential(narrowing(in_channels, _STEMS[name], small=small)),
        map(nn.Sequential, stages),
        pooled_linear(2048, num_classes, dropout=chosen["dropout"]),
        {"aux": extra} if chosen["auxiliary"] == "on" else None,
        notes=notes,
    )
    initialize(network, he)
    return network


def _modules(name: str, length: int) -> list["OrderedDict[str, nn.Module]"]:
    first = [_a(c_in, pooled, kernel) for c_in, pooled, kernel in FIRST[name]]
    second = [_b(288), *(_c(768, width, length) for width in SECOND[name])]
    third = [_d(768) if name == "inception_v3" else _figure_10(768), _e(1280), _e(2048)]
    return [
        OrderedDict((f"mixed{number}{letter}", module) for letter, module in zip(letters, modules, strict=False))
        for number, letters, modules in ((5, "bcd", first), (6, "abcdef", second), (7, "abc", third))
    ]


def _middle(side: int, *, small: bool) -> int:
    """Return the side of the second stage's maps."""
    if not small:
        side = ((side - 3) // 2 + 1 - 2 - 3) // 2 + 1
        side = (side - 2 - 3) // 2 + 1
    return (side - 3) // 2 + 1


def _a(c_in: int, pooled: int, kernel: int) -> nn.Module:
    """Return the module of figure 5: two 3x3 in place of a 5x5; another 5x5 was kept in the release."""
    return Branches(
        {
            "b1x1": conv_bn_relu(c_in, 64, 1),
            f"b{kernel}x{kernel}": chain(c_in, (48, 1), (64, kernel)),
            "b3x3dbl": chain(c_in, (64, 1), (96, 3), (96, 3)),
            "bpool": projected(nn.AvgPool2d(3, 1, padding=1), c_in, pooled),
        }
    )


def _b(c_in: int) -> nn.Module:
    """Return the reduction from 35 x 35 to 17 x 17: figure 10, but for a 1x1 convolution that the release has not."""
    return Branches(
        {
            "b3x3": chain(c_in, (384, 3), stride=2),
            "b3x3dbl": chain(c_in, (64, 1), (96, 3), (96, 3), stride=2),
            "bpool": nn.MaxPool2d(3, 2),
        }
    )


def _c(c_in: int, width: int, length: int) -> nn.Module:
    """Return the module of figure 6: 1xn and nx1 in turn."""
    wide, high = (1, length), (length, 1)
    return Branches(
        {
            "b1x1": conv_bn_relu(c_in, 192, 1),
            f"b{length}x{length}": chain(c_in, (width, 1), (width, wide), (192, high)),
            f"b{length}x{length}dbl": chain(c_in, (width, 1), (width, high), (width, wide), (width, high), (192, wide)),
            "bpool": projected(nn.AvgPool2d(3, 1, padding=1), c_in, 192),
        }
    )


def _d(c_in: int) -> nn.Module:
    """Return the release's reduction from 17 x 17 to 8 x 8."""
    return Branches(
        {
            "b3x3": chain(c_in, (192, 1), (320, 3), stride=2),
            "b7x7x3": chain(c_in, (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3), stride=2),
            "bpool": nn.MaxPool2d(3, 2),
        }
    )


def _figure_10(c_in: int) -> nn.Module:
    return Branches(
        {
            "b3x3": chain(c_in, (192, 1), (320, 3), stride=2),
            "b3x3dbl": chain(c_in, (192, 1), (192, 3), (192, 3), stride=2),
            "bpool": nn.MaxPool2d(3, 2),
        }
    )


def _e(c_in: int) -> nn.Module:
    """Return the module of figure 7, whose 1x3 and 3x1 stand side by side for more channels."""
    single, double = chain(c_in, (384, 1)), chain(c_in, (448, 1), (384, 3))
    for branch in (single, double):
        branch.add_module("split", split(384, 384))
    return Branches(
        {
            "b1x1": conv_bn_relu(c_in, 320, 1),
            "b3x3": single,
            "b3x3dbl": double,
            "bpool": projected(nn.AvgPool2d(3, 1, padding=1), c_in, 192),
        }
    )


def _auxiliary(num_classes: int, *, reads: str, published: bool, norm: bool) -> Auxiliary:
    layer = conv_bn_relu if norm else _conv_relu
    layers = OrderedDict[str, nn.Module](
        average=nn.AvgPool2d(5, 3) if published else nn.AdaptiveAvgPool2d(5),  # 17 x 17 to 5 x 5
        conv0=layer(768, 128, 1),
        conv1=layer(128, 768, 5),
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(768, num_classes),
    )
    return Auxiliary(layers, reads=f"stages.1.{reads}", weight=LOSS_WEIGHT)


def _conv_relu(c_in: int, c_out: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(c_in, c_out, kernel), relu=nn.ReLU()))
