"""Pre-activation ResNet: He, Zhang, Ren and Sun, 2016 (https://arxiv.org/abs/1603.05027).

Batch norm and ReLU come before each convolution and nothing after the sum, so that the signal passes from any block
to any other unchanged, forward and backward: a thousand layers train. The layout is that of the authors' file
resnet-pre-act.lua (KaimingHe/resnet-1k-layers): bottlenecks that halve the size in the first 1x1 convolution, and the
first batch norm and ReLU of a projecting block shared by both of its paths.
"""

from collections import OrderedDict
from typing import Any

from torch import Tensor, nn

from striate.layers.blocks import conv, pooled_linear
from striate.layers.checkpointing import CHECKPOINTING, Checkpointed
from striate.layers.initial import he, initialize
from striate.layers.network import Network
from striate.layers.residual import INITIAL_OF_BLOCKS, start_at_nothing
from striate.zoo.options import Allowed, resolve
from striate.zoo.sizes import require

VARIANTS = {"preresnet164": 18, "preresnet1001": 111}  # blocks in each of the three stages: n of 9n + 2 layers
OPTIONS: dict[str, Allowed] = {"checkpointing": CHECKPOINTING, "init": INITIAL_OF_BLOCKS}
WIDTHS = (16, 32, 64)  # of the 3x3 convolutions
EXPANSION = 4
SMALLEST = 8  # the last stage is a quarter of the picture: 2 x 2


class Bottleneck(nn.Module):
    """The sum of `x` and what three convolutions, each after batch norm and ReLU, make of it."""

    def __init__(self, c_in: int, width: int, stride: int, kind: type[nn.Sequential]) -> None:
        super().__init__()
        c_out = EXPANSION * width
        before = OrderedDict[str, nn.Module](bn1=nn.BatchNorm2d(c_in), relu1=nn.ReLU())
        body = OrderedDict[str, nn.Module](
            conv1=conv(c_in, width, 1, stride=stride),
            bn2=nn.BatchNorm2d(width),
            relu2=nn.ReLU(),
            conv2=conv(width, width, 3),
            bn3=nn.BatchNorm2d(width),
            relu3=nn.ReLU(),
            conv3=conv(width, c_out, 1),
        )
        self.projects = c_in != c_out
        self.before: nn.Module = nn.Sequential(before) if self.projects else nn.Identity()
        self.body = kind(body if self.projects else before | body)
        self.shortcut: nn.Module = conv(c_in, c_out, 1, stride=stride) if self.projects else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape of `x`, or in a stage's first block change it."""
        x = self.before(x)
        summed: Tensor = self.body(x) + self.shortcut(x)
        return summed


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 8 x 8 and more. Stages are at the picture's size, a half and a quarter of it."""
    chosen = resolve(name, options, OPTIONS)
    require(name, image_size, SMALLEST, 32)
    kind = Checkpointed if chosen["checkpointing"] == "on" else nn.Sequential
    stages: list[nn.Module] = []
    c_in = WIDTHS[0]
    for width in WIDTHS:
        places = [(c_in, 2 if stages else 1)] + [(EXPANSION * width, 1)] * (VARIANTS[name] - 1)
        stages.append(nn.Sequential(*(Bottleneck(before, width, stride, kind) for before, stride in places)))
        c_in = EXPANSION * width
    head = pooled_linear(c_in, num_classes, [("bn", nn.BatchNorm2d(c_in)), ("relu", nn.ReLU())])
    network = Network(nn.Sequential(OrderedDict(conv=conv(in_channels, WIDTHS[0], 3))), stages, head)
    initialize(network, he)
    if chosen["init"] == "zero":
        start_at_nothing(network)
    return network
