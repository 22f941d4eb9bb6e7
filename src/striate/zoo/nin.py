"""Network in Network: Lin, Chen and Yan, 2013 (https://arxiv.org/abs/1312.4400).

After each convolution two 1x1 convolutions, a small perceptron at every place, make the filters more than linear; the
last has one map a class, whose average is the score, so that no fully connected layer can overfit. `nin_cifar10` is
the authors' definition (mavenlin/cuda-convnet, cifar-10_def), both poolings of which take the maximum;
`nin_imagenet` is that of the Caffe model zoo, whose topology is recalled and confirmed by its published size alone.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from torch import nn

from striate.layers.initial import he, initialize, normal
from striate.layers.network import Network
from striate.zoo.options import Allowed, Between, resolve
from striate.zoo.sizes import STEM, Stem, require


@dataclass(frozen=True)
class Stage:
    """A convolution and the 1x1 convolutions after it; the last stage lacks the one with a map a class, the head's.

    Args:
        kernel: of the convolution.
        widths: channels of each.
        stride: of the convolution, which keeps the size where it is 1.
        drop: whether units are dropped before it.
    """

    kernel: int
    widths: tuple[int, ...]
    stride: int = 1
    drop: bool = False


VARIANTS = {
    "nin_cifar10": (
        Stage(5, (192, 160, 96)),
        Stage(5, (192, 192, 192), drop=True),
        Stage(3, (192, 192), drop=True),
    ),
    "nin_imagenet": (
        Stage(11, (96, 96, 96), stride=4),
        Stage(5, (256, 256, 256)),
        Stage(3, (384, 384, 384)),
        Stage(3, (1024, 1024), drop=True),
    ),
}
OPTIONS: dict[str, Allowed] = {
    "dropout": Between(0, 1),
    "norm": ("none", "batch"),
    # Published: deviation 0.05, as in cifar-10_params; for nin_imagenet recalled. With he each class's map begins at 1,
    # since one that its ReLU makes 0 for all pictures would never be learned.
    "init": ("published", "he"),
    "stem": STEM,
}
SMALLEST = 8  # of nin_cifar10: the last stage is at a quarter of the picture

_STEM = Stem(
    published=39,
    small=8,
    change="begins with a 3x3 convolution of stride 1, not with 11x11 of stride 4 and pooling, so that its first two "
    "stages are of one size",
)


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 8 x 8 and more. Pooling begins every stage but the first."""
    chosen, (first, *others) = resolve(name, options, OPTIONS), VARIANTS[name]
    small, notes = False, list[str]()
    if "stem" in chosen:
        small, notes = _STEM.choose(name, image_size, chosen["stem"], 227)
        first = Stage(3, first.widths) if small else first
    else:
        require(name, image_size, SMALLEST, 32)
    stages = [nn.Sequential(_stage(in_channels, first, chosen, pooled=False))]
    c_in = first.widths[-1]
    for stage in others:
        stages.append(nn.Sequential(_stage(c_in, stage, chosen, pooled=not small or len(stages) > 1)))
        c_in = stage.widths[-1]
    head = OrderedDict[str, nn.Module](conv=nn.Conv2d(c_in, num_classes, 1), relu=nn.ReLU())
    head.update(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    network = Network(nn.Identity(), stages, nn.Sequential(head), notes=notes)
    if chosen["init"] == "he":
        initialize(network, he)
        nn.init.ones_(network.get_submodule("head.conv").get_parameter("bias"))
    else:
        initialize(network, normal(0.05))
    return network


def _stage(c_in: int, stage: Stage, chosen: dict[str, Any], *, pooled: bool) -> "OrderedDict[str, nn.Module]":
    layers = OrderedDict[str, nn.Module]()
    if pooled:
        layers["pool"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    if stage.drop and chosen["dropout"]:
        layers["drop"] = nn.Dropout(chosen["dropout"])
    normalized = chosen["norm"] == "batch"
    for number, width in enumerate(stage.widths, 1):
        kernel, stride = (stage.kernel, stage.stride) if number == 1 else (1, 1)
        padding = kernel // 2 if stride == 1 else 0
        layers[f"conv{number}"] = nn.Conv2d(c_in, width, kernel, stride, padding, bias=not normalized)
        if normalized:
            layers[f"bn{number}"] = nn.BatchNorm2d(width)
        layers[f"relu{number}"] = nn.ReLU()
        c_in = width
    return layers
