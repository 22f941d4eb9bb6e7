"""Inception-ResNet: Szegedy, Ioffe, Vanhoucke and Alemi, 2016 (https://arxiv.org/abs/1602.07261).

Inception modules that learn a correction, as in ResNet: their branches are joined, brought to the channels of the
input by a 1x1 convolution without batch norm, scaled down and added to it. Scaling keeps wide networks from dying early
in training. v1 costs about as much as Inception v3, v2 as much as v4.

`inception_resnet_v2` is the released network of 10, 20 and 10 blocks, with v3's stem and a 1x1 convolution at the end,
which timm's is too; the paper's own has v4's stem and 5, 10 and 5 blocks. `inception_resnet_v1` was not released. It is
the network that people share (pytorchcv; timesler/facenet-pytorch): 5, 10 and 6 blocks, which are the paper's 5, 10 and
5 and one without a ReLU behind it, as in the release of v2; and 512 units before the classes. `head`: linear leaves
these out, as the paper does. Scales are the release's, 0.17, 0.1, 0.2, and 1 for the last block. The paper draws no
auxiliary head; dropout keeps 0.8. He's initial weights: the paper names none. Numbers of figures are recalled.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from striate.layers.blocks import pooled_linear
from striate.layers.branches import Chain, chains, conv_bn_relu, narrowing, projected
from striate.layers.initial import he, initialize
from striate.layers.network import Network
from striate.zoo.options import Allowed, Between, Layouts, Renames, resolve
from striate.zoo.renames import side_by_side
from striate.zoo.sizes import STEM, Stem

_WIDE, _HIGH = (1, 7), (7, 1)
_BEGIN: dict[str, tuple[int, int, int, int] | None] = {
    "conv1": (32, 3, 2, 0), "conv2": (32, 3, 1, 0), "conv3": (64, 3, 1, 1), "pool1": None,
    "conv4": (80, 1, 1, 0), "conv5": (192, 3, 1, 0),
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """One variant.

    Args:
        stem: as `layers.branches.narrowing` takes it.
        depths: residual blocks of each stage.
        blocks: the branches of each stage's blocks.
        reductions: the branches, beside a pooling, of what begins the second and third stage.
        widths: channels of each stage.
        last: channels of the 1x1 convolution at the end, or 0 for none.
    """

    stem: dict[str, tuple[int, int, int, int] | None]
    depths: tuple[int, int, int]
    blocks: tuple[tuple[Chain, ...], ...]
    reductions: tuple[tuple[Chain, ...], ...]
    widths: tuple[int, int, int]
    last: int


# fmt: off
VARIANTS = {
    "inception_resnet_v1": Layout(
        stem={**_BEGIN, "conv6": (256, 3, 2, 0)},
        depths=(5, 10, 6),
        blocks=(  # figures 10, 11 and 13
            (((32, 1),), ((32, 1), (32, 3)), ((32, 1), (32, 3), (32, 3))),
            (((128, 1),), ((128, 1), (128, _WIDE), (128, _HIGH))),
            (((192, 1),), ((192, 1), (192, (1, 3)), (192, (3, 1)))),
        ),
        reductions=(  # figures 7 and 12
            (((384, 3),), ((192, 1), (192, 3), (256, 3))),
            (((256, 1), (384, 3)), ((256, 1), (256, 3)), ((256, 1), (256, 3), (256, 3))),
        ),
        widths=(256, 896, 1792),
        last=0,
    ),
    "inception_resnet_v2": Layout(
        stem={**_BEGIN, "pool2": None},
        depths=(10, 20, 10),
        blocks=(  # figures 16, 17 and 19
            (((32, 1),), ((32, 1), (32, 3)), ((32, 1), (48, 3), (64, 3))),
            (((192, 1),), ((128, 1), (160, _WIDE), (192, _HIGH))),
            (((192, 1),), ((192, 1), (224, (1, 3)), (256, (3, 1)))),
        ),
        reductions=(  # figures 7 and 18
            (((384, 3),), ((256, 1), (256, 3), (384, 3))),
            (((256, 1), (384, 3)), ((256, 1), (288, 3)), ((256, 1), (288, 3), (320, 3))),
        ),
        widths=(320, 1088, 2080),
        last=1536,
    ),
}
# fmt: on
SCALES = (0.17, 0.10, 0.20)
EMBEDDED = 512  # units between the averages and the classes
OPTIONS: dict[str, Allowed] = {"head": ("embedding", "linear"), "dropout": Between(0, 1), "stem": STEM}

_STEM = Stem(published=75, small=7, change="keeps their size in its stem, which as published makes it an eighth")


class ScaledResidual(nn.Module):
    """relu(x + scale * F(x)): section 3.3. Without the ReLU at the end of the network."""

    def __init__(self, channels: int, branches: tuple[Chain, ...], scale: float, *, last: bool) -> None:
        super().__init__()
        self.branches = chains(channels, *branches)
        self.project = nn.Conv2d(sum(branch[-1][0] for branch in branches), channels, 1)
        self.scale = scale
        self.join: nn.Module = nn.Identity() if last else nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape of maps (N, C, h, w)."""
        joined: Tensor = self.join(self.project(self.branches(x)) * self.scale + x)
        return joined

    def extra_repr(self) -> str:
        """Return the scale, for the printed network."""
        return f"scale={self.scale:g}"


def layouts(name: str) -> Layouts:
    """Return timm's layout of `inception_resnet_v2`, and facenet-pytorch's of `inception_resnet_v1`."""
    ends: tuple[tuple[str, str], ...]
    if name == "inception_resnet_v1":
        ends = (("last_linear", "head.embed"), ("last_bn", "head.bn"), ("logits", "head.linear"))
        return {f"facenet:{name}": _layout(name, ("repeat_1", "repeat_2", "repeat_3"), ends)}
    ends = (("conv2d_7b", "stages.2.conv7b"), ("classif", "head.linear"))
    return {f"timm:{name}": _layout(name, ("repeat", "repeat_1", "repeat_2"), ends)}


def _layout(name: str, repeated: tuple[str, ...], ends: tuple[tuple[str, str], ...]) -> Renames:
    stem = zip(("1a", "2a", "2b", "3b", "4a", "4b"), (f"conv{number}" for number in range(1, 7)), strict=True)
    renames = [(rf"^conv2d_{theirs}\.", f"stem.{ours}.") for theirs, ours in stem]
    renames += [(rf"^{theirs}\.", f"{ours}.") for theirs, ours in ends]
    blocks = [(rf"^{theirs}\.(\d+)", rf"stages.{stage}.blocks.\1") for stage, theirs in enumerate(repeated)]
    blocks.append((r"^block8", f"stages.2.blocks.{VARIANTS[name].depths[2] - 1}"))
    for theirs, ours in blocks:
        renames += [(rf"{theirs}\.conv2d\.", rf"{ours}.project."), *side_by_side(theirs, f"{ours}.branches")]
    for stage, place in ((1, "6a"), (2, "7a")):
        renames += side_by_side(f"^mixed_{place}", f"stages.{stage}.mixed{place}")
    return (*renames, *side_by_side("^mixed_5b", "stages.0.mixed5b", pool=3))


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 7 x 7 and more. The second and third stage begin with what halves the size."""
    chosen = resolve(name, options, OPTIONS)
    small, notes = _STEM.choose(name, image_size, chosen["stem"], 299)
    layout = VARIANTS[name]
    stages = [_stage(layout, number) for number in range(3)]
    if layout.last:
        stages[2]["conv7b"] = conv_bn_relu(layout.widths[2], layout.last, 1)
    network = Network(
        nn.Sequential(narrowing(in_channels, layout.stem, small=small)),
        map(nn.Sequential, stages),
        _head(layout.last or layout.widths[2], num_classes, chosen),
        notes=notes,
    )
    initialize(network, he)
    return network


def _stage(layout: Layout, number: int) -> "OrderedDict[str, nn.Module]":
    stage = OrderedDict[str, nn.Module]()
    if number:
        branches = layout.reductions[number - 1]
        stage[f"mixed{number + 5}a"] = chains(layout.widths[number - 1], *branches, stride=2, pool=nn.MaxPool2d(3, 2))
    elif layout.widths[0] != _channels(layout.stem):
        stage["mixed5b"] = _mixed_5b()
    width, depth = layout.widths[number], layout.depths[number]
    last = depth - 1 if number == 2 else None  # of all blocks
    stage["blocks"] = nn.Sequential(
        *(
            ScaledResidual(width, layout.blocks[number], 1.0 if block == last else SCALES[number], last=block == last)
            for block in range(depth)
        )
    )
    return stage


def _head(channels: int, num_classes: int, chosen: dict[str, Any]) -> nn.Module:
    if chosen.get("head") != "embedding":
        return pooled_linear(channels, num_classes, dropout=chosen["dropout"])
    layers = OrderedDict[str, nn.Module](pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    if chosen["dropout"]:
        layers["drop"] = nn.Dropout(chosen["dropout"])
    layers.update(
        embed=nn.Linear(channels, EMBEDDED, bias=False),
        bn=nn.BatchNorm1d(EMBEDDED, eps=1e-3),
        linear=nn.Linear(EMBEDDED, num_classes),
    )
    return nn.Sequential(layers)


def _channels(stem: dict[str, tuple[int, int, int, int] | None]) -> int:
    return [step[0] for step in stem.values() if step][-1]


def _mixed_5b() -> nn.Module:
    """Return the release's module from the stem's 192 to the first stage's 320 channels."""
    mean = nn.AvgPool2d(3, 1, padding=1, count_include_pad=False)
    branches = (((96, 1),), ((48, 1), (64, 5)), ((64, 1), (96, 3), (96, 3)))
    return chains(192, *branches, pool=projected(mean, 192, 64))
