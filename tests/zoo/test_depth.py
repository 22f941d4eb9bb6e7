"""The depth of a row is that of its network: layers with weights on the longest way to the scores."""

import re

import pytest
import torch
from torch.nn import functional as F
from torch.utils import _pytree

from striate.zoo import MODELS, create

LAYERS = {F.conv2d, F.linear}


class Measured(torch.Tensor):
    """A tensor that knows how many layers with weights lie behind it."""

    depth = 0

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        result = super().__torch_function__(function, types, args, kwargs or {})
        before = [x.depth for x in _pytree.tree_leaves((args, kwargs)) if isinstance(x, Measured)]
        for output in _pytree.tree_leaves(result):
            if isinstance(output, Measured):
                output.depth = max(before, default=0) + (function in LAYERS)
        return result


def depth(name: str) -> int:
    row = MODELS[name]
    with torch.device("meta"):
        network = create(name).eval()
        images = torch.empty(1, row.in_channels, *row.image_size).as_subclass(Measured)
    with torch.no_grad():
        return network(images).depth


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in {"resnet1202", "preresnet1001"} else n for n in MODELS]
)
def test_the_depth_of_a_row_is_that_of_its_network(name):
    assert MODELS[name].depth == depth(name)


def test_of_two_ways_the_longer_one_counts():
    images = torch.empty(1, 2, 4, 4, device="meta").as_subclass(Measured)
    kernel = torch.empty(2, 2, 1, 1, device="meta")
    long = F.conv2d(F.relu(F.conv2d(images, kernel)), kernel)
    assert (long + F.conv2d(images, kernel)).depth == 2
    assert torch.cat([images, long]).flatten(1).depth == 2
    assert (images + images).depth == 0


def test_names_that_count_layers_count_them_right():
    named = {
        row.name: re.match(r"(?:resnet|preresnet|plain|vgg|densenet_?(?:bc_)?)(\d+)", row.name)
        for row in MODELS.values()
    }
    counted = {name: int(found[1]) for name, found in named.items() if found}
    assert len(counted) > 35
    wrong = {name for name, layers in counted.items() if MODELS[name].depth != layers}
    assert wrong == {"densenet264"}  # 265 by the blocks of its own paper's table: 1 + 2 (6 + 12 + 64 + 48) + 3 + 1
    assert MODELS["densenet264"].depth == 265
    assert MODELS["googlenet"].depth == 22
