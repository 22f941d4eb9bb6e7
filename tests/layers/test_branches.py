import torch
from torch import nn

from striate.layers.branches import Branches, conv_bn_relu


def test_branches_are_joined_in_the_order_given() -> None:
    module = Branches({"first": nn.Conv2d(3, 2, 1), "second": nn.Identity()})
    maps = torch.rand(1, 3, 4, 4)
    assert torch.equal(module(maps), torch.cat([module.first(maps), maps], dim=1))


def test_a_convolution_may_be_long_in_one_direction() -> None:
    layers = conv_bn_relu(3, 4, (1, 7), padding=(0, 3))
    assert layers(torch.rand(2, 3, 8, 8)).shape == (2, 4, 8, 8)
    assert [name for name, _ in layers.named_children()] == ["conv", "bn", "relu"]
