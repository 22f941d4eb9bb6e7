"""ENet: Paszke, Chaurasia, Kim and Culurciello, 2016 (https://arxiv.org/abs/1606.02147).

A class for every pixel at the speed of video: bottlenecks that shrink the picture early, see far by dilation and by 5x1
and 1x5 filters, and have no biases; few of them enlarge it again, each value back to where the maximum was. `enet` is
the encoder as a classifier in the form that most people use (davidtvs/PyTorch-ENet): one slope in each PReLU, a PReLU
before each sum too, a quarter of the input's maps inside a bottleneck, 3x3 windows in the first pooling. `enet_torch7`
is the authors' own release (e-lab/ENet-training): a slope for every map, as the paper says, none before the sum, a
quarter of the output's maps inside, windows of 2x2. `zoo.enet.segmentation` builds the whole network, with its decoder.
"""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.errors import DoesNotApply
from striate.layers.blocks import conv_bn, pooled_linear
from striate.layers.initial import he, initialize
from striate.layers.network import Network
from striate.zoo.options import Allowed, Between, resolve
from striate.zoo.sizes import STEM, Stem

VARIANTS = {"enet": False, "enet_torch7": True}  # whether it is the authors' form
OPTIONS: dict[str, Allowed] = {
    "dropout": Between(0, 1),  # of whole maps; a tenth of it in the first stage
    "stem": STEM,
}
FIRST = 13  # maps of the first convolution, beside the picture's own channels
WIDTHS = (64, 128)
# Table 1, sections 2 and 3, which is the same twice: dilations, and 0 for the asymmetric ones
MIDDLES = (1, 2, 0, 4, 1, 8, 0, 16)

_STEM = Stem(
    published=7,
    small=4,
    change="begins with a 3x3 convolution of stride 1 beside the picture itself, not of stride 2 beside its maxima",
)


class Initial(nn.Module):
    """A convolution beside the maxima of the picture, then batch norm and PReLU: Figure 2a."""

    def __init__(self, in_channels: int, *, own: bool, small: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, FIRST, 3, 1 if small else 2, 1, bias=False)
        windows = nn.MaxPool2d(2, ceil_mode=True) if own else nn.MaxPool2d(3, 2, padding=1)
        self.pool = nn.Identity() if small else windows
        self.bn = nn.BatchNorm2d(FIRST + in_channels)
        self.act = nn.PReLU(FIRST + in_channels if own else 1)

    def forward(self, x: Tensor) -> Tensor:
        """Take pictures (N, C, H, W) to (N, 13 + C, H / 2, W / 2), rounded up; with the small stem, of their size."""
        maps: Tensor = self.act(self.bn(torch.cat([self.conv(x), self.pool(x)], dim=1)))
        return maps


class Bottleneck(nn.Module):
    """The PReLU of the input and a correction to it, which is made at fewer maps: Figure 2b.

    Args:
        convolutions: of the correction; a batch norm follows each, and a PReLU, but for the last in the authors' form.
        own: whether every map has a slope of its own, as in the authors' form.
        dropout: the part of whole maps of the correction dropped in training.
        rectified: in place of PReLUs there are ReLUs, as in the decoder.
    """

    def __init__(
        self, convolutions: Sequence[nn.Module], *, own: bool, dropout: float, rectified: bool = False
    ) -> None:
        super().__init__()
        layers, maps = OrderedDict[str, nn.Module](), 0
        for number, convolution in enumerate(convolutions, 1):
            maps = _maps(convolution)
            layers[f"conv{number}"], layers[f"bn{number}"] = convolution, nn.BatchNorm2d(maps)
            if number < len(convolutions) or not own:
                layers[f"act{number}"] = _activation(maps, own=own, rectified=rectified)
        layers["drop"] = nn.Dropout2d(dropout)
        self.correction = nn.Sequential(layers)
        self.join = _activation(maps, own=own, rectified=rectified)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape of maps (N, C, h, w)."""
        return self.joined(x, x)

    def joined(self, shortcut: Tensor, x: Tensor) -> Tensor:
        """Return the sum of `shortcut` and the correction made from `x`, after the last PReLU."""
        maps: Tensor = self.join(shortcut + self.correction(x))
        return maps


class Halving(Bottleneck):
    """A bottleneck beside maximum pooling, with maps of zeros where the correction has more."""

    def __init__(self, c_in: int, c_out: int, *, own: bool, dropout: float) -> None:
        inside = (c_out if own else c_in) // 4
        super().__init__(
            (
                nn.Conv2d(c_in, inside, 2, 2, bias=False),
                nn.Conv2d(inside, inside, 3, padding=1, bias=False),
                nn.Conv2d(inside, c_out, 1, bias=False),
            ),
            own=own,
            dropout=dropout,
        )
        self.pool = nn.MaxPool2d(2)
        self.more = c_out - c_in

    def forward(self, x: Tensor) -> Tensor:
        """Take maps (N, C, h, w) to (N, C', h / 2, w / 2), rounded down."""
        return self.joined(F.pad(self.pool(x), (0, 0, 0, 0, 0, self.more)), x)


class Doubling(Bottleneck):
    """A bottleneck beside the maps themselves, each value where the maximum was and zeros elsewhere: section 3."""

    def __init__(self, c_in: int, c_out: int, *, own: bool, dropout: float) -> None:
        inside = (c_out if own else c_in) // 4
        kernel, padding = (3, 1) if own else (2, 0)
        super().__init__(
            (
                nn.Conv2d(c_in, inside, 1, bias=False),
                nn.ConvTranspose2d(inside, inside, kernel, 2, padding, output_padding=padding, bias=False),
                nn.Conv2d(inside, c_out, 1, bias=False),
            ),
            own=own,
            dropout=dropout,
            rectified=True,
        )
        self.shortcut = conv_bn(c_in, c_out, 1)

    def forward(self, x: Tensor, halved: Tensor) -> Tensor:  # type: ignore[override]
        """Take maps (N, C, h, w) to (N, C', 2h, 2w): the shape of `halved`, the maps that the encoder halved."""
        _, places = F.max_pool2d(halved, 2, return_indices=True)
        return self.joined(F.max_unpool2d(self.shortcut(x), places, [2, 2]), x)


class Segmenter(nn.Module):
    """The encoder and a decoder that gives every pixel its scores.

    Args:
        encoder: an `enet` of two stages, whose head is left out.
        num_classes: scores of each pixel.
        own: whether the decoder has the authors' form.
        dropout: of the decoder's bottlenecks; the authors' form has none.
    """

    def __init__(self, encoder: Network, num_classes: int, *, own: bool, dropout: float) -> None:
        super().__init__()
        self.stem, self.stages = encoder.stem, encoder.stages
        first, (fine, coarse) = encoder.get_submodule("stem.bn").get_parameter("weight").numel(), WIDTHS
        how: dict[str, Any] = {"own": own, "dropout": 0.0 if own else dropout}
        self.double4 = Doubling(coarse, fine, **how)
        self.stage4 = nn.Sequential(*(_regular(fine, 1, **how, rectified=True) for _ in range(2)))
        self.double5 = Doubling(fine, first, **how)
        self.stage5 = _regular(first, 1, **how, rectified=True)
        kernel, padding = (2, 0) if own else (3, 1)
        self.full = nn.ConvTranspose2d(first, num_classes, kernel, 2, padding, output_padding=padding, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return scores (N, K, H, W) for normalized images (N, C, H, W), which zeros enlarge to multiples of 8."""
        height, width = images.shape[2:]
        halves = self.stem(F.pad(images, (0, -width % 8, 0, -height % 8)))
        quarters = self.stages[0](halves)
        x = self.double4(self.stages[1](quarters), quarters)
        x = self.double5(self.stage4(x), halves)
        scores: Tensor = self.full(self.stage5(x))
        return scores[:, :, :height, :width]


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 4 x 4 and more. Its stages are the paper's first, and its second and third."""
    chosen, own = resolve(name, options, OPTIONS), VARIANTS[name]
    small, notes = _STEM.choose(name, image_size, chosen["stem"], 224)
    widths, drop = (FIRST + in_channels, *WIDTHS), chosen["dropout"]
    middles = ([1] * 4, MIDDLES * 2)
    stages = []
    for (c_in, c_out), dilations, part in zip(pairwise(widths), middles, (drop / 10, drop), strict=True):
        first = Halving(c_in, c_out, own=own, dropout=part)
        stages.append(nn.Sequential(first, *(_regular(c_out, d, own=own, dropout=part) for d in dilations)))
    stem = Initial(in_channels, own=own, small=small)
    network = Network(stem, stages, pooled_linear(WIDTHS[-1], num_classes), notes=notes)
    initialize(network, he)  # the paper does not say
    return network


def segmentation(
    name: str = "enet", *, num_classes: int, in_channels: int = 3, dropout: float = 0.1, encoder: Network | None = None
) -> Segmenter:
    """Build the whole network, for pictures of any size.

    Args:
        name: `enet` or `enet_torch7`.
        num_classes: scores of each pixel.
        in_channels: of the pictures.
        dropout: of whole maps, as `build` has it.
        encoder: a trained `name` with its published stem, which it then shares: the paper trains the encoder first.

    Raises:
        DoesNotApply: the encoder has the stem for small pictures, which does not halve them.
    """
    if encoder is None:
        how: dict[str, Any] = {"dropout": dropout, "stem": "published"}
        encoder = build(name, num_classes=1, in_channels=in_channels, image_size=(224, 224), **how)
    if isinstance(encoder.get_submodule("stem.pool"), nn.Identity):
        raise DoesNotApply(f"{name} with the stem for small pictures has no decoder: create it with stem='published'")
    segmenter = Segmenter(encoder, num_classes, own=VARIANTS[name], dropout=dropout)
    for part in (segmenter.double4, segmenter.stage4, segmenter.double5, segmenter.stage5):
        initialize(part, he)
    return segmenter


def _regular(maps: int, dilation: int, *, own: bool, dropout: float, rectified: bool = False) -> Bottleneck:
    """Return a bottleneck that keeps the shape, with a 3x3 filter of this `dilation`, or for 0 with 5x1 and 1x5."""
    inside = maps // 4
    middle: list[nn.Module] = [nn.Conv2d(inside, inside, 3, padding=dilation, dilation=dilation or 1, bias=False)]
    if dilation == 0:
        middle = [
            nn.Conv2d(inside, inside, (5, 1), padding=(2, 0), bias=False),
            nn.Conv2d(inside, inside, (1, 5), padding=(0, 2), bias=False),
        ]
        middle = [nn.Sequential(*middle)] if own else middle
    ends = (nn.Conv2d(maps, inside, 1, bias=False), nn.Conv2d(inside, maps, 1, bias=False))
    return Bottleneck((ends[0], *middle, ends[1]), own=own, dropout=dropout, rectified=rectified)


def _activation(maps: int, *, own: bool, rectified: bool) -> nn.Module:
    return nn.ReLU() if rectified else nn.PReLU(maps if own else 1)


def _maps(convolution: nn.Module) -> int:
    last = list(convolution.modules())[-1]
    assert isinstance(last, nn.Conv2d | nn.ConvTranspose2d)
    return last.out_channels
