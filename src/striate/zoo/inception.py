"""Inception v3: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, 2015 (https://arxiv.org/abs/1512.00567).

Large filters are taken apart: a 5x5 into two 3x3, a 7x7 into 1x7 and 7x1, which see as much for a fraction of the
work; and the size is halved by a convolution and a pooling side by side, so that no place is a bottleneck. The sizes
are those of the released network, which torchvision's is too.
"""

from collections import OrderedDict
from typing import Any

from torch import nn

from striate.layers.auxiliary import Auxiliary
from striate.layers.blocks import pooled_linear
from striate.layers.branches import Branches
from striate.layers.branches import conv_bn_relu as conv
from striate.layers.initial import he, initialize
from striate.layers.network import Network
from striate.zoo.options import Allowed, Between, Layouts, resolve
from striate.zoo.sizes import STEM, Stem

VARIANTS = {"inception_v3": (128, 160, 160, 192)}  # channels between the 1x7 and 7x1 convolutions of 6b to 6e
OPTIONS: dict[str, Allowed] = {
    "dropout": Between(0, 1),
    "auxiliary": ("on", "off"),
    "stem": STEM,
}
LOSS_WEIGHT = 0.4  # of TensorFlow's release; the paper gives none

_STEM = Stem(published=75, small=7, change="keeps their size in its stem, which as published makes it an eighth")


def layouts(name: str) -> Layouts:
    """Return torchvision's and timm's layout of `name`."""
    stem = {"1a_3x3": "conv1", "2a_3x3": "conv2", "2b_3x3": "conv3", "3b_1x1": "conv4", "4a_3x3": "conv5"}
    chains = ("5x5", "3x3dbl", "7x7", "7x7dbl", "7x7x3", "3x3")
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
            *((rf"{before}{chain}([ab])\.", rf"{after}{chain[:-2]}.split.\2.") for chain in ("3x3_2", "3x3dbl_3")),
            *((rf"{before}{chain}_(\d)\.", rf"{after}{chain}.conv\2.") for chain in chains),
        ]
    table = tuple(renames)
    return {f"torchvision:{name}": table, f"timm:{name}": table}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 7 x 7 and more. The second and third stage begin with what halves the size."""
    chosen = resolve(name, options, OPTIONS)
    small, notes = _STEM.choose(name, image_size, chosen["stem"], 299)
    fine = {"5b": _a(192, 32), "5c": _a(256, 64), "5d": _a(288, 64)}
    middle = {"6a": _b(288)}
    middle.update({f"6{place}": _c(768, width) for place, width in zip("bcde", VARIANTS[name], strict=True)})
    coarse = {"7a": _d(768), "7b": _e(1280), "7c": _e(2048)}
    stages = [
        nn.Sequential(OrderedDict((f"mixed{place}", module) for place, module in stage.items()))
        for stage in (fine, middle, coarse)
    ]
    sides = [_middle(side, small=small) for side in image_size]
    network = Network(
        _stem(in_channels, small=small),
        stages,
        pooled_linear(2048, num_classes, dropout=chosen["dropout"]),
        {"aux": _auxiliary(num_classes, published=min(sides) >= 17)} if chosen["auxiliary"] == "on" else None,
        notes=notes,
    )
    initialize(network, he)
    return network


def _stem(in_channels: int, *, small: bool) -> nn.Module:
    stride, inside = (1, 1) if small else (2, 0)
    layers = OrderedDict[str, nn.Module](
        conv1=conv(in_channels, 32, 3, stride=stride, padding=inside),
        conv2=conv(32, 32, 3, padding=inside),
        conv3=conv(32, 64, 3, padding=1),
    )
    if not small:
        layers["pool1"] = nn.MaxPool2d(3, 2)
    layers.update(conv4=conv(64, 80, 1), conv5=conv(80, 192, 3, padding=inside))
    if not small:
        layers["pool2"] = nn.MaxPool2d(3, 2)
    return nn.Sequential(layers)


def _middle(side: int, *, small: bool) -> int:
    """Return the side of the second stage's maps."""
    if not small:
        side = ((side - 3) // 2 + 1 - 2 - 3) // 2 + 1
        side = (side - 2 - 3) // 2 + 1
    return (side - 3) // 2 + 1


def _chain(*convolutions: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict((f"conv{number}", layer) for number, layer in enumerate(convolutions, 1)))


def _pooled(c_in: int, c_out: int) -> nn.Module:
    return nn.Sequential(OrderedDict(pool=nn.AvgPool2d(3, 1, padding=1), project=conv(c_in, c_out, 1)))


def _a(c_in: int, pooled: int) -> nn.Module:
    """Return the module of figure 5: two 3x3 in place of a 5x5; one 5x5 was kept in the release."""
    return Branches(
        {
            "b1x1": conv(c_in, 64, 1),
            "b5x5": _chain(conv(c_in, 48, 1), conv(48, 64, 5, padding=2)),
            "b3x3dbl": _chain(conv(c_in, 64, 1), conv(64, 96, 3, padding=1), conv(96, 96, 3, padding=1)),
            "bpool": _pooled(c_in, pooled),
        }
    )


def _b(c_in: int) -> nn.Module:
    """Return the reduction of figure 10, from 35 x 35 to 17 x 17."""
    return Branches(
        {
            "b3x3": _chain(conv(c_in, 384, 3, stride=2)),
            "b3x3dbl": _chain(conv(c_in, 64, 1), conv(64, 96, 3, padding=1), conv(96, 96, 3, stride=2)),
            "bpool": nn.MaxPool2d(3, 2),
        }
    )


def _c(c_in: int, width: int) -> nn.Module:
    """Return the module of figure 6: 1x7 and 7x1 in turn."""
    return Branches(
        {
            "b1x1": conv(c_in, 192, 1),
            "b7x7": _chain(conv(c_in, width, 1), _wide(width, width), _high(width, 192)),
            "b7x7dbl": _chain(
                conv(c_in, width, 1),
                _high(width, width),
                _wide(width, width),
                _high(width, width),
                _wide(width, 192),
            ),
            "bpool": _pooled(c_in, 192),
        }
    )


def _d(c_in: int) -> nn.Module:
    """Return the reduction from 17 x 17 to 8 x 8."""
    return Branches(
        {
            "b3x3": _chain(conv(c_in, 192, 1), conv(192, 320, 3, stride=2)),
            "b7x7x3": _chain(conv(c_in, 192, 1), _wide(192, 192), _high(192, 192), conv(192, 192, 3, stride=2)),
            "bpool": nn.MaxPool2d(3, 2),
        }
    )


def _e(c_in: int) -> nn.Module:
    """Return the module of figure 7, whose 1x3 and 3x1 stand side by side for more channels."""
    single = OrderedDict[str, nn.Module](conv1=conv(c_in, 384, 1), split=_split(384))
    double = OrderedDict[str, nn.Module](
        conv1=conv(c_in, 448, 1), conv2=conv(448, 384, 3, padding=1), split=_split(384)
    )
    return Branches(
        {
            "b1x1": conv(c_in, 320, 1),
            "b3x3": nn.Sequential(single),
            "b3x3dbl": nn.Sequential(double),
            "bpool": _pooled(c_in, 192),
        }
    )


def _split(width: int) -> nn.Module:
    return Branches({"a": _wide(width, width, 3), "b": _high(width, width, 3)})


def _wide(c_in: int, c_out: int, length: int = 7) -> nn.Module:
    return conv(c_in, c_out, (1, length), padding=(0, length // 2))


def _high(c_in: int, c_out: int, length: int = 7) -> nn.Module:
    return conv(c_in, c_out, (length, 1), padding=(length // 2, 0))


def _auxiliary(num_classes: int, *, published: bool) -> Auxiliary:
    layers = OrderedDict[str, nn.Module](
        average=nn.AvgPool2d(5, 3) if published else nn.AdaptiveAvgPool2d(5),  # 17 x 17 to 5 x 5
        conv0=conv(768, 128, 1),
        conv1=conv(128, 768, 5),
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        fc=nn.Linear(768, num_classes),
    )
    return Auxiliary(layers, reads="stages.1.mixed6e", weight=LOSS_WEIGHT)
