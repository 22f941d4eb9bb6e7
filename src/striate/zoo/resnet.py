"""ResNet: He, Zhang, Ren and Sun, 2015 (https://arxiv.org/abs/1512.03385).

Each block learns a correction to its input, y = relu(x + F(x)), so that a deeper network can always fall back on
doing nothing. The names of 50 layers and more are torchvision's networks, which halve the size in a block's 3x3
convolution (also called v1.5); those that end in `_v1` halve it in the first 1x1 convolution, as published. Both have
the same weights, by the same names. `plain18` and `plain34` have no shortcuts.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from torch import nn

from striate.layers.blocks import conv, conv_bn, pooled_linear
from striate.layers.initial import he, initialize
from striate.layers.network import Network
from striate.layers.residual import INITIAL_OF_BLOCKS, Pad, Residual, start_at_nothing
from striate.zoo.options import Allowed, Layouts, resolve
from striate.zoo.sizes import STEM, Stem

WIDTHS = (64, 128, 256, 512)
EXPANSION = 4  # a bottleneck's output has four times the channels of its 3x3 convolution
OPTIONS: dict[str, Allowed] = {
    "shortcut": ("A", "B", "C"),  # where the shape changes: A pads with zeros, B projects; C projects everywhere
    "stem": STEM,
    "init": INITIAL_OF_BLOCKS,
}

_STEM = Stem(
    published=32,
    small=8,
    change="begins with a 3x3 convolution of stride 1, not with 7x7 of stride 2 and pooling",
)

Body = Callable[[int, int, int], "OrderedDict[str, nn.Module]"]


def _basic(c_in: int, width: int, stride: int) -> "OrderedDict[str, nn.Module]":
    return OrderedDict(
        conv1=conv(c_in, width, 3, stride=stride),
        bn1=nn.BatchNorm2d(width),
        relu=nn.ReLU(),
        conv2=conv(width, width, 3),
        bn2=nn.BatchNorm2d(width),
    )


def _bottleneck(c_in: int, width: int, stride: int, *, first: bool = False) -> "OrderedDict[str, nn.Module]":
    return OrderedDict(
        conv1=conv(c_in, width, 1, stride=stride if first else 1),
        bn1=nn.BatchNorm2d(width),
        relu1=nn.ReLU(),
        conv2=conv(width, width, 3, stride=1 if first else stride),
        bn2=nn.BatchNorm2d(width),
        relu2=nn.ReLU(),
        conv3=conv(width, EXPANSION * width, 1),
        bn3=nn.BatchNorm2d(EXPANSION * width),
    )


def _bottleneck_v1(c_in: int, width: int, stride: int) -> "OrderedDict[str, nn.Module]":
    return _bottleneck(c_in, width, stride, first=True)


# fmt: off
VARIANTS: dict[str, tuple[Body, tuple[int, ...]]] = {  # Table 1 of the paper: block, blocks in each stage
    "resnet18":     (_basic,         (2, 2, 2, 2)),
    "resnet34":     (_basic,         (3, 4, 6, 3)),
    "resnet50":     (_bottleneck,    (3, 4, 6, 3)),
    "resnet101":    (_bottleneck,    (3, 4, 23, 3)),
    "resnet152":    (_bottleneck,    (3, 8, 36, 3)),
    "resnet50_v1":  (_bottleneck_v1, (3, 4, 6, 3)),
    "resnet101_v1": (_bottleneck_v1, (3, 4, 23, 3)),
    "resnet152_v1": (_bottleneck_v1, (3, 8, 36, 3)),
    "plain18":      (_basic,         (2, 2, 2, 2)),
    "plain34":      (_basic,         (3, 4, 6, 3)),
}
# fmt: on


def layouts(name: str) -> Layouts:
    """Return torchvision's and timm's layout of `name`; of the variants as published neither has files."""
    if not name.startswith("resnet") or name.endswith("_v1"):
        return {}
    stages = [
        rename
        for stage in range(4)
        for rename in (
            (rf"^layer{stage + 1}\.(\d+)\.downsample\.0\.", rf"stages.{stage}.\1.shortcut.conv."),
            (rf"^layer{stage + 1}\.(\d+)\.downsample\.1\.", rf"stages.{stage}.\1.shortcut.bn."),
            (rf"^layer{stage + 1}\.(\d+)\.(conv|bn)", rf"stages.{stage}.\1.body.\2"),
        )
    ]
    ends = ((r"^conv1\.", "stem.conv."), (r"^bn1\.", "stem.bn."), (r"^fc\.", "head.linear."))
    table = (*ends, *stages)
    return {f"torchvision:{name}": table, f"timm:{name}": table}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 8 x 8 and more. Every stage but the first halves the resolution."""
    chosen = resolve(name, options, OPTIONS)
    small, notes = _STEM.choose(name, image_size, chosen["stem"], 224)
    body, depths = VARIANTS[name]
    stages: list[nn.Module] = []
    c_in = WIDTHS[0]
    for width, depth in zip(WIDTHS, depths, strict=True):
        c_out = width if body is _basic else EXPANSION * width
        strides = (2 if stages else 1, *[1] * (depth - 1))
        places = ((c_in, strides[0]), *((c_out, stride) for stride in strides[1:]))
        blocks = [_block(body(before, width, stride), (before, c_out, stride), chosen) for before, stride in places]
        stages.append(nn.Sequential(*blocks))
        c_in = c_out
    network = Network(_stem(in_channels, small=small), stages, pooled_linear(c_in, num_classes), notes=notes)
    initialize(network, he)
    if chosen.get("init") == "zero":
        start_at_nothing(network)
    return network


def _stem(in_channels: int, *, small: bool) -> nn.Module:
    first = conv(in_channels, WIDTHS[0], 3) if small else conv(in_channels, WIDTHS[0], 7, stride=2)
    layers = OrderedDict[str, nn.Module](conv=first, bn=nn.BatchNorm2d(WIDTHS[0]), relu=nn.ReLU())
    if not small:
        layers["pool"] = nn.MaxPool2d(3, 2, padding=1)
    return nn.Sequential(layers)


def _block(layers: "OrderedDict[str, nn.Module]", shape: tuple[int, int, int], chosen: dict[str, Any]) -> nn.Module:
    body = nn.Sequential(layers)
    if "shortcut" not in chosen:
        return nn.Sequential(OrderedDict(body=body, join=nn.ReLU()))
    c_in, c_out, stride = shape
    changes = c_in != c_out or stride != 1
    if chosen["shortcut"] == "C" or (changes and chosen["shortcut"] == "B"):
        return Residual(body, conv_bn(c_in, c_out, 1, stride=stride))
    return Residual(body, Pad(c_in, c_out, stride) if changes else nn.Identity())
