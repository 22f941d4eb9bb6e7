"""The residual networks for CIFAR: He, Zhang, Ren and Sun, 2015, section 4.2 (https://arxiv.org/abs/1512.03385).

Each block learns a correction to its input, y = relu(x + F(x)), so that a deeper network can always fall back on
doing nothing; the plain networks, the same without shortcuts, train worse past 20 layers.
"""

from collections import OrderedDict
from typing import Any

from torch import nn

from striate.layers.blocks import conv, conv_bn, pooled_linear
from striate.layers.initial import he, initialize
from striate.layers.network import Network
from striate.layers.residual import INITIAL_OF_BLOCKS, Pad, Residual, start_at_nothing
from striate.zoo.options import Allowed, Layouts, resolve
from striate.zoo.sizes import require

# fmt: off
VARIANTS = {  # blocks in each of the three stages: n of the paper's 6n + 2 layers
    "resnet20": 3, "resnet32": 5, "resnet44": 7, "resnet56": 9, "resnet110": 18, "resnet1202": 200,
    "plain20": 3, "plain32": 5, "plain44": 7, "plain56": 9, "plain110": 18,
}
# fmt: on
OPTIONS: dict[str, Allowed] = {
    "shortcut": ("A", "B"),  # A pads with zeros, as the paper does on CIFAR; B projects, with parameters
    "init": INITIAL_OF_BLOCKS,
}
WIDTHS = (16, 32, 64)
SMALLEST = 8  # the last stage is a quarter of the picture: 2 x 2

# Names in others' files, as (pattern, replacement); akamaster/pytorch_resnet_cifar10 is the layout most files follow.
_AKAMASTER = (
    (r"^conv1\.", "stem.conv."),
    (r"^bn1\.", "stem.bn."),
    (r"^layer1\.(\d+)\.(conv|bn)", r"stages.0.\1.body.\2"),
    (r"^layer2\.(\d+)\.(conv|bn)", r"stages.1.\1.body.\2"),
    (r"^layer3\.(\d+)\.(conv|bn)", r"stages.2.\1.body.\2"),
    (r"^layer2\.0\.shortcut\.0\.", "stages.1.0.shortcut.conv."),
    (r"^layer2\.0\.shortcut\.1\.", "stages.1.0.shortcut.bn."),
    (r"^layer3\.0\.shortcut\.0\.", "stages.2.0.shortcut.conv."),
    (r"^layer3\.0\.shortcut\.1\.", "stages.2.0.shortcut.bn."),
    (r"^linear\.", "head.linear."),
)


def layouts(name: str) -> Layouts:
    """Return the layouts of others' files of `name`."""
    return {f"akamaster:{name}": _AKAMASTER}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 8 x 8 and more. Stages are at the picture's size, a half and a quarter of it."""
    require(name, image_size, SMALLEST, 32)
    chosen = resolve(name, options, OPTIONS)
    shortcut = chosen.get("shortcut")
    stages, before = [], WIDTHS[0]
    for width in WIDTHS:
        blocks = [_block(before, width, shortcut), *(_block(width, width, shortcut) for _ in range(VARIANTS[name] - 1))]
        stages.append(nn.Sequential(*blocks))
        before = width
    stem = OrderedDict(conv=conv(in_channels, WIDTHS[0], 3), bn=nn.BatchNorm2d(WIDTHS[0]), relu=nn.ReLU())
    network = Network(nn.Sequential(stem), stages, pooled_linear(before, num_classes))
    initialize(network, he)
    if chosen.get("init") == "zero":
        start_at_nothing(network)
    return network


def _block(c_in: int, c_out: int, shortcut: str | None) -> nn.Module:
    layers = OrderedDict(
        conv1=conv(c_in, c_out, 3, stride=1 if c_in == c_out else 2),
        bn1=nn.BatchNorm2d(c_out),
        relu=nn.ReLU(),
        conv2=conv(c_out, c_out, 3),
        bn2=nn.BatchNorm2d(c_out),
    )
    if shortcut is None:
        return nn.Sequential(OrderedDict(body=nn.Sequential(layers), join=nn.ReLU()))
    return Residual(nn.Sequential(layers), _shortcut(c_in, c_out, shortcut))


def _shortcut(c_in: int, c_out: int, option: str) -> nn.Module:
    if c_in == c_out:
        return nn.Identity()
    if option == "A":
        return Pad(c_in, c_out)
    return conv_bn(c_in, c_out, 1, stride=2)
