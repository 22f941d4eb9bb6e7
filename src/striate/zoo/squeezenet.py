"""SqueezeNet: Iandola, Han, Moskewicz et al., 2016 (https://arxiv.org/abs/1602.07360).

A fire module squeezes maps into few by 1x1 convolutions and expands them by 1x1 and 3x3 side by side: AlexNet's
accuracy from a fiftieth of its weights. 1.1 is the authors' later release, which subsamples earlier, for 2.4 times
less arithmetic.
"""

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn

from striate.layers.initial import INITIAL, initialize
from striate.layers.network import Network
from striate.zoo.options import Allowed, Between, Layouts, resolve
from striate.zoo.sizes import STEM, Stem

VARIANTS = {  # channels and kernel of the first convolution; the fire modules of each stage
    "squeezenet1_0": ((96, 7), ((2, 3, 4), (5, 6, 7, 8), (9,))),
    "squeezenet1_1": ((64, 3), ((2, 3), (4, 5), (6, 7, 8, 9))),
}
SQUEEZED = {2: 16, 3: 16, 4: 32, 5: 32, 6: 48, 7: 48, 8: 64, 9: 64}  # Table 1; each half of the expansion has 4 times
OPTIONS: dict[str, Allowed] = {
    "dropout": Between(0, 1),
    # The authors' Caffe definition says xavier, and deviation 0.01 for the last convolution. With he each class's map
    # begins at 1, since one that its ReLU makes 0 for all pictures would never be learned.
    "init": ("glorot", "he"),
    "stem": STEM,
}


class Fire(nn.Module):
    """A 1x1 convolution into few maps, then 1x1 and 3x3 convolutions of those, side by side."""

    def __init__(self, c_in: int, squeezed: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(c_in, squeezed, 1)
        self.relu = nn.ReLU()
        self.expand1x1 = nn.Conv2d(squeezed, 4 * squeezed, 1)
        self.expand3x3 = nn.Conv2d(squeezed, 4 * squeezed, 3, padding=1)
        self.join = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Take maps (N, C, h, w) to (N, 8 times the squeezed, h, w)."""
        few = self.relu(self.squeeze(x))
        joined: Tensor = self.join(torch.cat([self.expand1x1(few), self.expand3x3(few)], dim=1))
        return joined


def layouts(name: str) -> Layouts:
    """Return torchvision's layout of `name`."""
    renames, place = [(r"^features\.0\.", "stem.conv."), (r"^classifier\.1\.", "head.conv10.")], 3
    for stage, numbers in enumerate(VARIANTS[name][1]):
        for number in numbers:
            renames.append((rf"^features\.{place}\.", f"stages.{stage}.fire{number}."))
            place += 1
        place += 1  # the pooling
    return {f"torchvision:{name}": tuple(renames)}


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 8 x 8 and more. Pooling begins every stage but the first."""
    chosen = resolve(name, options, OPTIONS)
    (c_in, kernel), fires = VARIANTS[name]
    change = f"begins with a 3x3 convolution of stride 1, not with {kernel}x{kernel} of stride 2 and pooling"
    choice = Stem(published=21 if kernel == 7 else 17, small=8, change=change)
    small, notes = choice.choose(name, image_size, chosen["stem"], 224)
    first = nn.Conv2d(in_channels, c_in, 3, padding=1) if small else nn.Conv2d(in_channels, c_in, kernel, 2)
    stem = OrderedDict[str, nn.Module](conv=first, relu=nn.ReLU())
    if not small:
        stem["pool"] = _pool()
    stages: list[nn.Module] = []
    for numbers in fires:
        layers = OrderedDict[str, nn.Module]({"pool": _pool()} if stages else {})
        for number in numbers:
            layers[f"fire{number}"] = Fire(c_in, SQUEEZED[number])
            c_in = 8 * SQUEEZED[number]
        stages.append(nn.Sequential(layers))
    network = Network(nn.Sequential(stem), stages, _head(c_in, num_classes, chosen["dropout"]), notes=notes)
    initialize(network, INITIAL[chosen["init"]])
    last = network.get_submodule("head.conv10")
    nn.init.normal_(last.get_parameter("weight"), std=0.01)
    if chosen["init"] == "he":
        nn.init.ones_(last.get_parameter("bias"))
    return network


def _pool() -> nn.Module:
    return nn.MaxPool2d(3, 2, ceil_mode=True)  # Caffe rounds up


def _head(c_in: int, num_classes: int, dropout: float) -> nn.Module:
    layers = OrderedDict[str, nn.Module]({"drop": nn.Dropout(dropout)} if dropout else {})
    layers.update(conv10=nn.Conv2d(c_in, num_classes, 1), relu=nn.ReLU())
    layers.update(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    return nn.Sequential(layers)
