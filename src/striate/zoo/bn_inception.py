"""BN-Inception: Ioffe and Szegedy, 2015 (https://arxiv.org/abs/1502.03167).

GoogLeNet with batch norm before every ReLU, which lets it train at many times the learning rate and without dropout,
local response normalization and auxiliary heads; two 3x3 convolutions stand for each 5x5, and 3c and 4e halve the size.

`bn_inception` is the table in the paper's appendix, without biases, which batch norm makes idle. Its rows are recalled
and checked against a second source, TensorFlow's inception_v2.py (tensorflow/models, research/slim/nets; whose first
convolution is another one): 4c and 4d have 96 channels behind the pooling, so that every module of their size gives
576. `bn_inception_caffe` is the network of the weights that people share: 128 channels there, biases, and an epsilon
of 1e-5 where TensorFlow's 1e-3 is used otherwise (the paper gives none). He's initial weights: the paper names none.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

from torch import nn

from striate.layers.blocks import pooled_linear
from striate.layers.branches import Branches
from striate.layers.initial import he, initialize
from striate.layers.network import Network
from striate.zoo.options import Allowed, Between, Layouts, resolve
from striate.zoo.sizes import STEM, Stem

VARIANTS = {"bn_inception": 96, "bn_inception_caffe": 128}  # channels behind the pooling of 4c and 4d
# fmt: off
MODULES: tuple[dict[str, tuple[int, ...]], ...] = (
    # a stage a line: channels of 1x1; before and of 3x3; before and of both 3x3; behind the pooling
    {"3a": (64, 64, 64, 64, 96, 32), "3b": (64, 64, 96, 64, 96, 64)},
    {"3c": (0, 128, 160, 64, 96, 0), "4a": (224, 64, 96, 96, 128, 128), "4b": (192, 96, 128, 96, 128, 128),
     "4c": (160, 128, 160, 128, 160, 96), "4d": (96, 128, 192, 160, 192, 96)},
    {"4e": (0, 128, 192, 192, 256, 0), "5a": (352, 192, 320, 160, 224, 128), "5b": (352, 192, 320, 192, 224, 128)},
)
# fmt: on
MAXIMA = {"5b"}  # where the pooling takes the largest, not the mean
OPTIONS: dict[str, Allowed] = {"dropout": Between(0, 1), "stem": STEM}

_STEM = Stem(
    published=32, small=8, change="begins with a 3x3 convolution of stride 1 and no pooling, not with 7x7 of stride 2"
)

Convolution = Callable[..., nn.Sequential]


def layouts(name: str) -> Layouts:
    """Return the layout of the shared Caffe weights in PyTorch (Cadene/pretrained-models.pytorch, bninception.py)."""
    if name != "bn_inception_caffe":
        return {}
    parts = {
        "1x1": "b1x1", "3x3_reduce": "b3x3.conv1", "3x3": "b3x3.conv2", "double_3x3_reduce": "b3x3dbl.conv1",
        "double_3x3_1": "b3x3dbl.conv2", "double_3x3_2": "b3x3dbl.conv3", "pool_proj": "bpool.project",
    }  # fmt: skip
    ends = {"conv1_7x7_s2": "stem.conv1", "conv2_3x3_reduce": "stem.conv2", "conv2_3x3": "stem.conv3"}
    pairs = list(ends.items()) + [
        (f"inception_{place}_{theirs}", f"stages.{stage}.inception{place}.{ours}")
        for stage, rows in enumerate(MODULES)
        for place in rows
        for theirs, ours in parts.items()
    ]
    renames = [
        rename
        for theirs, ours in pairs
        for rename in ((rf"^{theirs}_bn\.", f"{ours}.bn."), (rf"^{theirs}\.", f"{ours}.conv."))
    ]
    return {"cadene:bninception": ((r"^last_linear\.", "head.linear."), *renames)}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 8 x 8 and more. The second and third stage begin with what halves the size."""
    chosen = resolve(name, options, OPTIONS)
    small, notes = _STEM.choose(name, image_size, chosen["stem"], 224)
    convolution = partial(_convolution, caffe=name == "bn_inception_caffe")
    stages: list[nn.Module] = []
    c_in = 192
    for rows in MODULES:
        stage = OrderedDict[str, nn.Module]()
        for place, row in rows.items():
            sizes = (*row[:5], VARIANTS[name]) if place in {"4c", "4d"} else row
            stage[f"inception{place}"] = _inception(c_in, sizes, convolution, largest=place in MAXIMA)
            c_in = sizes[0] + sizes[2] + sizes[4] + (sizes[5] or c_in)
        stages.append(nn.Sequential(stage))
    stem, head = (
        _stem(in_channels, convolution, small=small),
        pooled_linear(c_in, num_classes, dropout=chosen["dropout"]),
    )
    network = Network(stem, stages, head, notes=notes)
    initialize(network, he)
    return network


def _convolution(c_in: int, c_out: int, kernel: int, *, stride: int = 1, caffe: bool) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=caffe),
            bn=nn.BatchNorm2d(c_out, eps=1e-5 if caffe else 1e-3),
            relu=nn.ReLU(),
        )
    )


def _stem(in_channels: int, convolution: Convolution, *, small: bool) -> nn.Module:
    kernel, stride = (3, 1) if small else (7, 2)
    layers = OrderedDict[str, nn.Module](conv1=convolution(in_channels, 64, kernel, stride=stride))
    if not small:
        layers["pool1"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    layers.update(conv2=convolution(64, 64, 1), conv3=convolution(64, 192, 3))
    if not small:
        layers["pool2"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    return nn.Sequential(layers)


def _inception(c_in: int, row: tuple[int, ...], convolution: Convolution, *, largest: bool) -> nn.Module:
    one, three_reduced, three, double_reduced, double, pooled = row
    stride = 1 if pooled else 2
    branches: dict[str, nn.Module] = {"b1x1": convolution(c_in, one, 1)} if one else {}
    branches["b3x3"] = nn.Sequential(
        OrderedDict(
            conv1=convolution(c_in, three_reduced, 1), conv2=convolution(three_reduced, three, 3, stride=stride)
        )
    )
    branches["b3x3dbl"] = nn.Sequential(
        OrderedDict(
            conv1=convolution(c_in, double_reduced, 1),
            conv2=convolution(double_reduced, double, 3),
            conv3=convolution(double, double, 3, stride=stride),
        )
    )
    if not pooled:
        return Branches({**branches, "bpool": _passed_on()})
    pool = nn.MaxPool2d(3, 1, padding=1) if largest else nn.AvgPool2d(3, 1, padding=1)
    project = convolution(c_in, pooled, 1)
    return Branches({**branches, "bpool": nn.Sequential(OrderedDict(pool=pool, project=project))})


def _passed_on() -> nn.Module:
    """Return Caffe's pooling of stride 2, but with as many outputs as a padded convolution has where sizes are odd."""
    # behind a ReLU nothing is below zero, so zeros around change no maximum
    return nn.Sequential(OrderedDict(pad=nn.ZeroPad2d((0, 2, 0, 2)), pool=nn.MaxPool2d(3, 2)))
