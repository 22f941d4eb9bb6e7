"""The network of the CIFAR speed runs: Jordan, 2024 (https://arxiv.org/abs/2404.00498), after Page's and hlb-CIFAR10.

Six convolutions and little else, made to reach 94 % in seconds: the first layer is to whiten patches of 2x2 pixels,
convolutions begin as passing their input on, and the scores are divided by 9. Of its 1,972,792 numbers the 1,152
scales of the batch norms stay 1 and the 288 of the first layer are fixed once `start_from` has set them.
"""

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn

from striate.layers.network import Network
from striate.zoo.options import Allowed, resolve
from striate.zoo.sizes import require

VARIANTS = {"airbench94": (64, 256, 256)}  # channels of each stage
OPTIONS: dict[str, Allowed] = {}
SMALLEST = 9  # 2x2 patches of it are 8 x 8, halved three times
PATCH = 2


class Scale(nn.Module):
    """A fixed factor."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Return the factor times `x`."""
        return x * self.factor

    def extra_repr(self) -> str:
        """Return the factor, for the printed network."""
        return f"{self.factor:g}"


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 9 x 9 and more. Every stage halves the resolution."""
    resolve(name, options, OPTIONS)
    require(name, image_size, SMALLEST, 32)
    c_in = 2 * in_channels * PATCH**2  # each whitening filter and its negative
    stem = OrderedDict[str, nn.Module](whiten=nn.Conv2d(in_channels, c_in, PATCH), gelu=nn.GELU())
    nn.init.zeros_(stem["whiten"].get_parameter("bias"))
    stages = []
    for width in VARIANTS[name]:
        stages.append(_stage(c_in, width))
        c_in = width
    head = OrderedDict[str, nn.Module](pool=nn.AdaptiveMaxPool2d(1), flatten=nn.Flatten())
    head.update(linear=nn.Linear(c_in, num_classes, bias=False), scale=Scale(1 / 9))
    return Network(nn.Sequential(stem), stages, nn.Sequential(head))


def start_from(network: Network, images: Tensor, *, eps: float = 5e-4) -> str:
    """Set the first layer to whiten patches of `images`, freeze its filters, and return a sentence that says so.

    Args:
        network: an `airbench94`, changed in place.
        images: (N, C, H, W), normalized as the network will see them; 5,000 are enough.
        eps: what is added to each variance.
    """
    layer = network.get_submodule("stem.whiten")
    weight = layer.get_parameter("weight")
    patches = images.unfold(2, PATCH, 1).unfold(3, PATCH, 1).permute(0, 2, 3, 1, 4, 5)
    flat = patches.reshape(-1, weight[0].numel()).double()
    variances, vectors = torch.linalg.eigh(flat.T @ flat / len(flat))
    filters = (vectors / (variances + eps).sqrt()).T.flip(0).view(-1, *weight.shape[1:])  # largest variance first
    with torch.no_grad():
        weight.copy_(torch.cat([filters, -filters]))
    weight.requires_grad = False
    return f"the first layer whitens patches of {len(images):,} training pictures and is not trained"


def _stage(c_in: int, width: int) -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv1=_conv(c_in, width),
            pool=nn.MaxPool2d(2),
            norm1=_norm(width),
            gelu1=nn.GELU(),
            conv2=_conv(width, width),
            norm2=_norm(width),
            gelu2=nn.GELU(),
        )
    )


def _conv(c_in: int, c_out: int) -> nn.Conv2d:
    layer = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
    if not layer.weight.is_meta:  # where there is nothing to begin with, and torch cannot do this
        with torch.no_grad():
            nn.init.dirac_(layer.weight[:c_in])
    return layer


def _norm(channels: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels, eps=1e-12, momentum=0.4)  # 0.6 of the old, as its author counts
    norm.weight.requires_grad = False
    return norm
