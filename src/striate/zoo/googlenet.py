"""GoogLeNet: Szegedy, Liu, Jia et al., 2014 (https://arxiv.org/abs/1409.4842).

A module looks at the same maps with 1x1, 3x3 and 5x5 filters and a pooling side by side, after 1x1 convolutions that
reduce what the large filters read: 22 layers for a twelfth of AlexNet's weights. Two auxiliary heads bring the
gradient to the middle. `googlenet` is the paper's; `googlenet_bn` is torchvision's, with batch norm, without biases
and with 3x3 filters where the 5x5 should be.

`googlenet_naive` is the module that the paper draws first (figure 2a) and discards, with table 1's 1x1, 3x3 and 5x5
filters and nothing else: large filters read every map there is, and the pooling passes all of its maps on, so that
the width can only grow, "an inevitable increase in the number of outputs from stage to stage": from 192 to 4,944.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn

from striate.layers.auxiliary import Auxiliary
from striate.layers.blocks import pooled_linear
from striate.layers.branches import Branches, conv_bn_relu
from striate.layers.initial import INITIAL, initialize
from striate.layers.network import Network
from striate.layers.normalization import LocalResponseNorm
from striate.zoo.options import Allowed, Between, Layouts, resolve
from striate.zoo.sizes import STEM, Stem

VARIANTS = ("googlenet", "googlenet_bn", "googlenet_naive")
# fmt: off
MODULES = (  # Table 1, a stage a line: channels of 1x1; before and of 3x3; before and of 5x5; after the pooling
    {"3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64)},
    {"4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64),
     "4d": (112, 144, 288, 32, 64, 64), "4e": (256, 160, 320, 32, 128, 128)},
    {"5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128)},
)
# fmt: on
OPTIONS: dict[str, Allowed] = {
    "dropout": Between(0, 1),  # before the last layer; the auxiliary heads drop 0.7
    "auxiliary": ("on", "off"),
    "init": ("glorot", "he"),  # the paper names none; glorot is that of its Caffe replica
    "stem": STEM,
}
LOSS_WEIGHT = 0.3

_STEM = Stem(
    published=32, small=8, change="begins with a 3x3 convolution of stride 1 and no pooling, not with 7x7 of stride 2"
)

Convolution = Callable[..., nn.Sequential]


def layouts(name: str) -> Layouts:
    """Return torchvision's layout, which is of `googlenet_bn` alone."""
    if name != "googlenet_bn":
        return {}
    branches = {
        "branch1": "b1x1", "branch2.0": "b3x3.reduce", "branch2.1": "b3x3.expand",
        "branch3.0": "b5x5.reduce", "branch3.1": "b5x5.expand", "branch4.1": "pool.project",
    }  # fmt: skip
    modules = [
        (
            rf"^inception{stage + 3}(\w)\.{theirs.replace('.', '[.]')}\.",
            rf"stages.{stage}.inception{stage + 3}\1.{ours}.",
        )
        for stage in range(3)
        for theirs, ours in branches.items()
    ]
    ends = ((r"^conv(\d)\.", r"stem.conv\1."), (r"^aux(\d)\.", r"auxiliary.aux\1.layers."), (r"^fc\.", "head.linear."))
    return {"torchvision:googlenet": (*ends, *modules)}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 8 x 8 and more. Pooling begins every stage but the first."""
    chosen, foreign = resolve(name, options, OPTIONS), name == "googlenet_bn"
    small, notes = _STEM.choose(name, image_size, chosen["stem"], 224)
    convolution = conv_bn_relu if foreign else _conv_relu
    stages: list[nn.Module] = []
    c_in, widths = 192, dict[str, int]()
    for rows in MODULES:
        stage = OrderedDict[str, nn.Module]()
        if stages:
            stage["pool"] = _pool(2 if foreign and len(stages) == 2 else 3)
        for place, row in rows.items():
            stage[f"inception{place}"], c_in = _MODULE[name](c_in, row, convolution)
            widths[place] = c_in
        stages.append(nn.Sequential(stage))
    windows = not (foreign or small) and (min(image_size) + 1) // 16 >= 5  # published ones need maps of 5 x 5
    extra = _auxiliary(num_classes, convolution, widths, published=windows)
    if chosen["auxiliary"] == "on" and not (foreign or windows):
        notes.append(f"{name}'s auxiliary heads average to 4 x 4: the published windows need maps of 5 x 5 and more")
    network = Network(
        _stem(in_channels, convolution, small=small, normalized=not foreign),
        stages,
        pooled_linear(c_in, num_classes, dropout=chosen["dropout"]),
        extra if chosen["auxiliary"] == "on" else None,
        notes=notes,
    )
    initialize(network, INITIAL[chosen["init"]])
    return network


def _conv_relu(c_in: int, c_out: int, kernel: int, *, stride: int = 1, padding: int = 0) -> nn.Sequential:
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(c_in, c_out, kernel, stride, padding), relu=nn.ReLU()))


def _pool(kernel: int = 3) -> nn.Module:
    return nn.MaxPool2d(kernel, 2, ceil_mode=True)


def _stem(in_channels: int, convolution: Convolution, *, small: bool, normalized: bool) -> nn.Module:
    kernel, stride = (3, 1) if small else (7, 2)
    layers = OrderedDict[str, nn.Module](conv1=convolution(in_channels, 64, kernel, stride=stride, padding=kernel // 2))
    if not small:
        layers["pool1"] = _pool()
    if normalized:  # with the constants of AlexNet: the paper gives none
        layers["norm1"] = LocalResponseNorm()
    layers.update(conv2=convolution(64, 64, 1), conv3=convolution(64, 192, 3, padding=1))
    if normalized:
        layers["norm2"] = LocalResponseNorm()
    if not small:
        layers["pool2"] = _pool()
    return nn.Sequential(layers)


def _inception(c_in: int, row: tuple[int, ...], convolution: Convolution, *, wide: int = 5) -> tuple[nn.Module, int]:
    """Return figure 2b, and how many channels it gives."""
    one, three_reduced, three, five_reduced, five, pooled = row
    branches = {
        "b1x1": convolution(c_in, one, 1),
        "b3x3": _reduced(c_in, three_reduced, three, 3, convolution),
        "b5x5": _reduced(c_in, five_reduced, five, wide, convolution),
        "pool": nn.Sequential(OrderedDict(pool=_kept(), project=convolution(c_in, pooled, 1))),
    }
    return Branches(branches), one + three + five + pooled


def _naive(c_in: int, row: tuple[int, ...], convolution: Convolution) -> tuple[nn.Module, int]:
    """Return figure 2a: neither reductions nor a projection."""
    one, _, three, _, five, _ = row
    branches = {
        "b1x1": convolution(c_in, one, 1),
        "b3x3": convolution(c_in, three, 3, padding=1),
        "b5x5": convolution(c_in, five, 5, padding=2),
        "pool": _kept(),
    }
    return Branches(branches), one + three + five + c_in


def _kept() -> nn.Module:
    return nn.MaxPool2d(3, 1, padding=1)


def _reduced(c_in: int, reduced: int, c_out: int, kernel: int, convolution: Convolution) -> nn.Module:
    expand = convolution(reduced, c_out, kernel, padding=kernel // 2)
    return nn.Sequential(OrderedDict(reduce=convolution(c_in, reduced, 1), expand=expand))


def _auxiliary(
    num_classes: int, convolution: Convolution, widths: Mapping[str, int], *, published: bool
) -> dict[str, Auxiliary]:
    return {
        name: Auxiliary(
            OrderedDict[str, nn.Module](
                # 14 x 14 to 4 x 4 as published; torchvision's windows, and those for other sizes, are others
                **({"average": nn.AvgPool2d(5, 3)} if published else {}),
                fit=nn.AdaptiveAvgPool2d(4),
                conv=convolution(widths[place], 128, 1),
                flatten=nn.Flatten(),
                fc1=nn.Linear(128 * 4 * 4, 1024),
                relu=nn.ReLU(),
                drop=nn.Dropout(0.7),
                fc2=nn.Linear(1024, num_classes),
            ),
            reads=f"stages.1.inception{place}",
            weight=LOSS_WEIGHT,
        )
        for name, place in (("aux1", "4a"), ("aux2", "4d"))
    }


_MODULE: dict[str, Callable[[int, tuple[int, ...], Convolution], tuple[nn.Module, int]]] = {
    "googlenet": _inception,
    "googlenet_bn": partial(_inception, wide=3),
    "googlenet_naive": _naive,
}
