"""OverFeat: Sermanet, Eigen, Zhang, Mathieu, Fergus and LeCun, 2013 (https://arxiv.org/abs/1312.6229).

A network that is a filter: its fully connected layers are convolutions, so that a larger picture is answered at many
places at the cost of one pass. The network averages the scores of all places, which lie as far apart as its strides
multiply to (coarse); `fine_scores` gives those between too, by the paper's offsets of the last pooling. Layer sizes are
recalled; the counts of parameters and connections that the paper gives agree with them.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from striate.layers.initial import he, initialize, normal
from striate.layers.network import Network
from striate.zoo.options import Allowed, Between, resolve
from striate.zoo.sizes import STEM, Stem


@dataclass(frozen=True)
class Variant:
    """A column of Tables 1 and 3.

    Args:
        first: kernel and stride of the first convolution.
        second: kernel of the second.
        rest: channels of the others, all 3x3.
        pools: windows of the poolings, which do not overlap.
        reads: the size of the maps that the first fully connected layer reads.
        units: of it.
        stem: the sizes that it takes.
    """

    first: tuple[int, int]
    second: int
    rest: tuple[int, ...]
    pools: tuple[int, int, int]
    reads: int
    units: int
    stem: Stem


_CHANGE = "begins with a 3x3 convolution of stride 1, not with {}x{} of stride {} and pooling"
VARIANTS = {
    "overfeat_fast": Variant((11, 4), 5, (512, 1024, 1024), (2, 2, 2), 6, 3072, Stem(71, 8, _CHANGE.format(11, 11, 4))),
    "overfeat_accurate": Variant(
        (7, 2), 7, (512, 512, 1024, 1024), (3, 2, 3), 5, 4096, Stem(77, 12, _CHANGE.format(7, 7, 2))
    ),
}
OPTIONS: dict[str, Allowed] = {
    "dropout": Between(0, 1),
    "init": ("published", "he"),  # published: normal of deviation 0.01, section 3.1
    "stem": STEM,
}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name`. Its stages are the second convolution, and those after it."""
    chosen, variant = resolve(name, options, OPTIONS), VARIANTS[name]
    small, notes = variant.stem.choose(name, image_size, chosen["stem"], 231 if name == "overfeat_fast" else 221)
    kernel, stride = variant.first
    first = nn.Conv2d(in_channels, 96, 3, padding=1) if small else nn.Conv2d(in_channels, 96, kernel, stride)
    stem = OrderedDict[str, nn.Module](conv1=first, relu1=nn.ReLU())
    if not small:
        stem["pool1"] = nn.MaxPool2d(variant.pools[0])
    left = (_left(image_size[0], variant, small=small), _left(image_size[1], variant, small=small))
    reads = (min(left[0], variant.reads), min(left[1], variant.reads))
    if reads != (variant.reads, variant.reads):
        whole = f"{variant.reads} x {variant.reads}"
        notes.append(
            f"{name}'s first fully connected layer reads maps of {reads[0]} x {reads[1]}; as published: {whole}"
        )
    elif left != reads:
        notes.append(f"{name} is applied at {left[0] - reads[0] + 1} x {left[1] - reads[1] + 1} places, and averaged")
    head = nn.Sequential(_head(variant, reads, num_classes, chosen["dropout"]))
    network = Network(nn.Sequential(stem), _stages(variant), head, notes=notes)
    initialize(network, he if chosen["init"] == "he" else normal(0.01))
    return network


def fine_scores(network: Network, images: Tensor) -> Tensor:
    """Return the scores at every offset of the last pooling, for p x p as many places: section 3.3, Figure 3.

    The paper answers with the largest score of each class over all places, `.amax((2, 3))`, averaged over scales and
    mirrored pictures.

    Args:
        network: an OverFeat.
        images: normalized, (N, C, H, W), so large that at least one window is left at every offset.

    Returns:
        Scores (N, K, h, w), whose every p-th row and column are those of the coarse places.
    """
    maps = network.features(images)[-1]
    pool = network.get_submodule("head.pool")
    rest = [layer for name, layer in network.head.named_children() if name not in {"pool", "average", "flatten"}]
    assert isinstance(pool, nn.MaxPool2d)
    assert isinstance(pool.kernel_size, int)
    window = pool.kernel_size
    height, width = ((side - window + 1) // window * window for side in maps.shape[2:])
    rows = []
    for top in range(window):
        shifted = [maps[:, :, top : top + height, left : left + width] for left in range(window)]
        rows.append(torch.stack([nn.Sequential(pool, *rest)(part) for part in shifted], dim=-1))  # (N, K, h, w, p)
    return torch.stack(rows, dim=3).flatten(4, 5).flatten(2, 3)


def _stages(variant: Variant) -> list[nn.Module]:
    second = OrderedDict[str, nn.Module](conv2=nn.Conv2d(96, 256, variant.second), relu2=nn.ReLU())
    rest = OrderedDict[str, nn.Module](pool2=nn.MaxPool2d(variant.pools[1]))
    c_in = 256
    for number, width in enumerate(variant.rest, 3):
        rest[f"conv{number}"] = nn.Conv2d(c_in, width, 3, padding=1)
        rest[f"relu{number}"] = nn.ReLU()
        c_in = width
    return [nn.Sequential(second), nn.Sequential(rest)]


def _head(variant: Variant, reads: tuple[int, int], num_classes: int, dropout: float) -> "OrderedDict[str, nn.Module]":
    layers = OrderedDict[str, nn.Module](pool=nn.MaxPool2d(variant.pools[2]))
    number, c_in = len(variant.rest) + 3, variant.rest[-1]
    for units, kernel in ((variant.units, reads), (4096, (1, 1))):
        layers[f"fc{number}"] = nn.Conv2d(c_in, units, kernel)
        layers[f"relu{number}"] = nn.ReLU()
        if dropout:
            layers[f"drop{number}"] = nn.Dropout(dropout)
        number, c_in = number + 1, units
    layers[f"fc{number}"] = nn.Conv2d(c_in, num_classes, 1)
    layers.update(average=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    return layers


def _left(side: int, variant: Variant, *, small: bool) -> int:
    kernel, stride = variant.first
    if not small:
        side = ((side - kernel) // stride + 1) // variant.pools[0]
    return (side - variant.second + 1) // variant.pools[1] // variant.pools[2]
