"""The small convolutional networks of the lectures: Ponti, 2019, "Deep Learning I", the slides on convolution.

Convolution, ReLU and maximum pooling, over and over, then a fully connected layer: no more than what the slides
count. `lecture_conv3` has the three layers of 608, 3,216 and 544 parameters; `lecture_mnist_conv` is the network for
MNIST "whose hidden layers are conv layers", for which the slide draws no sizes: those of the first two layers are
taken. Padding keeps the size, as on the slide before.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from torch import nn

from striate.layers.activations import ACTIVATIONS
from striate.layers.initial import he, initialize
from striate.layers.network import Network
from striate.zoo.options import Allowed, resolve
from striate.zoo.sizes import require

VARIANTS = {  # kernel and maps of each convolution
    "lecture_mnist_conv": ((5, 8), (5, 16)),
    "lecture_conv3": ((5, 8), (5, 16), (1, 32)),
}
OPTIONS: dict[str, Allowed] = {"activation": tuple(ACTIVATIONS), "pool": ("max", "average")}
SMALLEST = 8  # three poolings leave one unit


def build(name: str, *, num_classes: int, in_channels: int, image_size: tuple[int, int], **options: Any) -> Network:
    """Build `name` for pictures of 8 x 8 and more. Every convolution is a stage; a pooling follows it."""
    chosen = resolve(name, options, OPTIONS)
    require(name, image_size, SMALLEST, 32 if name == "lecture_conv3" else 28)
    pool: Callable[[int], nn.Module] = nn.MaxPool2d if chosen["pool"] == "max" else nn.AvgPool2d
    stages: list[nn.Module] = []
    c_in = in_channels
    for kernel, maps in VARIANTS[name]:
        layers = OrderedDict[str, nn.Module]({"pool": pool(2)} if stages else {})
        layers["conv"] = nn.Conv2d(c_in, maps, kernel, padding=kernel // 2)
        layers["act"] = ACTIVATIONS[chosen["activation"]]()
        stages.append(nn.Sequential(layers))
        c_in = maps
    left = [side // 2 ** len(stages) for side in image_size]
    linear = nn.Linear(c_in * left[0] * left[1], num_classes)
    head = nn.Sequential(OrderedDict(pool=pool(2), flatten=nn.Flatten(), linear=linear))
    network = Network(nn.Identity(), stages, head)
    initialize(network, he)
    return network
