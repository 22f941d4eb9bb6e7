"""The residual networks for CIFAR: He, Zhang, Ren and Sun, 2015, section 4.2 (https://arxiv.org/abs/1512.03385).

Each block learns a correction to its input, y = relu(x + F(x)), so that a deeper network can always fall back on
doing nothing; the plain networks, the same without shortcuts, train worse past 20 layers.
"""

from collections import OrderedDict
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.errors import DoesNotApply
from striate.layers.initial import he, initialize
from striate.layers.network import Network
from striate.zoo.options import Allowed, resolve

# fmt: off
VARIANTS = {  # blocks in each of the three stages: n of the paper's 6n + 2 layers
    "resnet20": 3, "resnet32": 5, "resnet44": 7, "resnet56": 9, "resnet110": 18, "resnet1202": 200,
    "plain20": 3, "plain32": 5, "plain44": 7, "plain56": 9, "plain110": 18,
}
# fmt: on
OPTIONS: dict[str, Allowed] = {
    "shortcut": ("A", "B")
}  # A pads with zeros, as the paper does on CIFAR; B projects, with parameters
WIDTHS = (16, 32, 64)
SMALLEST = 8  # the last stage is a quarter of the picture: 2 x 2

# Names in others' files, as (pattern, replacement); akamaster/pytorch_resnet_cifar10 is the layout most files follow.
LAYOUTS = {
    "akamaster": (
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
    ),
}


class Pad(nn.Module):
    """Option A: every second pixel, and channels of zeros around those there are; no parameters."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.before = (c_out - c_in) // 2
        self.after = c_out - c_in - self.before

    def forward(self, x: Tensor) -> Tensor:
        """Take maps (N, C, h, w) to (N, C', h/2, w/2), halves rounded up."""
        # the paper leaves open where the zeros go; half on each side, as in the files that people share
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.before, self.after))


class Residual(nn.Module):
    """The sum of the body's output and the shortcut's, then ReLU."""

    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut
        self.join = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape of `x`, or in a stage's first block halve its size and double its channels."""
        joined: Tensor = self.join(self.body(x) + self.shortcut(x))
        return joined


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 8 x 8 and more. Stages are at the picture's size, a half and a quarter of it."""
    if min(image_size) < SMALLEST:
        size = " x ".join(map(str, image_size))
        raise DoesNotApply(
            f"{name} takes pictures of 8 x 8 and more, not {size}: set the image size to 32, what it was made for"
        )
    shortcut = resolve(name, options, OPTIONS).get("shortcut")
    stages, before = [], WIDTHS[0]
    for width in WIDTHS:
        blocks = [_block(before, width, shortcut), *(_block(width, width, shortcut) for _ in range(VARIANTS[name] - 1))]
        stages.append(nn.Sequential(*blocks))
        before = width
    head = OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), linear=nn.Linear(before, num_classes))
    stem = OrderedDict(conv=_conv(in_channels, WIDTHS[0], 3), bn=nn.BatchNorm2d(WIDTHS[0]), relu=nn.ReLU())
    network = Network(nn.Sequential(stem), stages, nn.Sequential(head))
    initialize(network, he)
    return network


def _block(c_in: int, c_out: int, shortcut: str | None) -> nn.Module:
    layers = OrderedDict(
        conv1=_conv(c_in, c_out, 3, stride=1 if c_in == c_out else 2),
        bn1=nn.BatchNorm2d(c_out),
        relu=nn.ReLU(),
        conv2=_conv(c_out, c_out, 3),
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
    return nn.Sequential(OrderedDict(conv=_conv(c_in, c_out, 1, stride=2), bn=nn.BatchNorm2d(c_out)))


def _conv(c_in: int, c_out: int, kernel: int, *, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False)  # batch norm adds the bias
