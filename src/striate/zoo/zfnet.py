"""ZFNet: Zeiler and Fergus, 2013 (https://arxiv.org/abs/1311.2901).

AlexNet as mended by looking at what its units see: 7x7 filters of stride 2 in the first layer in place of 11x11 of
stride 4, which skipped middle frequencies and aliased. Filters whose root mean square exceeds 0.1 are scaled back to
it, so that none dominates the first layer. The paper gives its contrast normalization across maps no formula: that of
AlexNet is taken, or with `norm=contrast` that of Jarrett et al., 2009. `zfnet_wide` has 512, 1024 and 512 maps in the
last three convolutions.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from striate.layers.blocks import fully_connected
from striate.layers.contrast import local_contrast_norm
from striate.layers.initial import he, initialize, normal
from striate.layers.network import Network
from striate.layers.normalization import LocalResponseNorm
from striate.zoo.options import Allowed, Between, resolve
from striate.zoo.sizes import STEM, Stem, fitted

VARIANTS = {"zfnet": (384, 384, 256), "zfnet_wide": (512, 1024, 512)}  # channels of convolutions 3 to 5
OPTIONS: dict[str, Allowed] = {
    "dropout": Between(0, 1),
    "norm": ("response", "contrast"),
    "init": ("published", "he"),  # published: "all weights 10^-2", taken as a normal deviation, and biases of 0
    "stem": STEM,
}
RADIUS = 0.1  # the largest root mean square of a filter

_STEM = Stem(
    published=47, small=11, change="begins with a 3x3 convolution of stride 1, not with 7x7 of stride 2 and pooling"
)


class BoundedConv2d(nn.Conv2d):
    """A convolution whose filters are scaled back to a root mean square of 0.1 in training, where they exceed it."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 torch's own name for it
        """Convolve, after bounding the filters."""
        if self.training:
            with torch.no_grad():
                size = self.weight.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
                self.weight.mul_((RADIUS / size).clamp(max=1))
        return super().forward(input)


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 11 x 11 and more. Its stages are the second, and the third to fifth convolution."""
    chosen, widths = resolve(name, options, OPTIONS), VARIANTS[name]
    small, notes = _STEM.choose(name, image_size, chosen["stem"], 224)
    stem = OrderedDict[str, nn.Module](conv1=BoundedConv2d(in_channels, 96, 3 if small else 7, 1 if small else 2, 1))
    stem["relu1"] = nn.ReLU()
    if not small:
        stem["pool1"] = _pool()
    norm: Callable[[], nn.Module] = LocalResponseNorm if chosen["norm"] == "response" else local_contrast_norm
    stem["norm1"] = norm()
    left = (_left(image_size[0], small=small), _left(image_size[1], small=small))
    size, more = fitted(name, left, (6, 6))
    head = OrderedDict[str, nn.Module](pool5=_pool())
    drop = [chosen["dropout"]] * 2
    head.update(fully_connected(widths[-1], size, (4096, 4096), num_classes, drop=drop, first=6))
    network = Network(nn.Sequential(stem), _stages(widths, norm), nn.Sequential(head), notes=[*notes, *more])
    initialize(network, he if chosen["init"] == "he" else normal(0.01))
    return network


def _stages(widths: tuple[int, int, int], norm: Callable[[], nn.Module]) -> list[nn.Module]:
    second = OrderedDict[str, nn.Module](conv2=BoundedConv2d(96, 256, 5, 2), relu2=nn.ReLU())
    rest = OrderedDict[str, nn.Module](pool2=_pool(), norm2=norm())
    c_in = 256
    for number, width in enumerate(widths, 3):
        rest[f"conv{number}"] = BoundedConv2d(c_in, width, 3, padding=1)
        rest[f"relu{number}"] = nn.ReLU()
        c_in = width
    return [nn.Sequential(second), nn.Sequential(rest)]


def _pool() -> nn.Module:
    return nn.MaxPool2d(3, 2, ceil_mode=True)  # 110 to 55 and 26 to 13, as printed, need the last window cut


def _left(side: int, *, small: bool) -> int:
    if not small:
        side = _pooled((side - 5) // 2 + 1)
    return _pooled(_pooled((side - 5) // 2 + 1))


def _pooled(side: int) -> int:
    return -(-(side - 3) // 2) + 1
