import torch
from torch import nn

from striate.layers.branches import Branches, chain, chains, conv_bn_relu, narrowing, projected, split


def test_branches_are_joined_in_the_order_given() -> None:
    module = Branches({"first": nn.Conv2d(3, 2, 1), "second": nn.Identity()})
    maps = torch.rand(1, 3, 4, 4)
    assert torch.equal(module(maps), torch.cat([module.first(maps), maps], dim=1))


def test_a_convolution_may_be_long_in_one_direction() -> None:
    layers = conv_bn_relu(3, 4, (1, 7), padding=(0, 3))
    assert layers(torch.rand(2, 3, 8, 8)).shape == (2, 4, 8, 8)
    assert [name for name, _ in layers.named_children()] == ["conv", "bn", "relu"]


def test_a_chain_keeps_the_size_but_for_a_last_step_that_halves_it_without_padding() -> None:
    maps = torch.rand(2, 3, 9, 9)
    assert chain(3, (4, 1), (5, (1, 7)), (6, 3))(maps).shape == (2, 6, 9, 9)
    layers = chain(3, (4, 1), (5, 3), (6, 3), stride=2)
    assert [name for name, _ in layers.named_children()] == ["conv1", "conv2", "conv3"]
    assert layers(maps).shape == (2, 6, 4, 4)
    assert layers.conv2(layers.conv1(maps)).shape == (2, 5, 9, 9)


def test_chains_stand_side_by_side_with_the_pooling_last() -> None:
    module = chains(3, ((4, 3),), ((2, 1), (5, 3)), stride=2, pool=nn.MaxPool2d(3, 2)).eval()
    assert [name for name, _ in module.named_children()] == ["branch0", "branch1", "pool"]
    maps = torch.rand(2, 3, 9, 9)
    joined = module(maps)
    assert joined.shape == (2, 12, 4, 4)
    assert torch.equal(joined[:, 9:], nn.functional.max_pool2d(maps, 3, 2))


def test_a_split_sees_a_cross() -> None:
    maps = torch.zeros(1, 1, 5, 5, requires_grad=True)
    module = split(1, 1).eval()
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight.fill_(1.0)
            if isinstance(layer, nn.BatchNorm2d):
                layer.bias.fill_(1.0)  # so that every ReLU is open
    module(maps)[..., 2, 2].sum().backward()
    assert (maps.grad[0, 0] > 0).int().tolist() == [
        [0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 1, 1, 1, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0],
    ]


def test_a_projection_reads_what_was_pooled() -> None:
    module = projected(nn.AvgPool2d(3, 1, padding=1), 3, 2).eval()
    maps = torch.rand(1, 3, 4, 4)
    assert torch.equal(module(maps), module.project(module.pool(maps)))


def test_a_stem_narrows_by_its_steps_or_keeps_the_size_of_small_pictures() -> None:
    steps = {"conv1": (4, 3, 2, 0), "conv2": (5, 3, 1, 1), "pool1": None, "conv3": (6, 1, 1, 0)}
    pictures = torch.rand(2, 3, 19, 19)
    layers = narrowing(3, steps, small=False)
    assert list(layers) == ["conv1", "conv2", "pool1", "conv3"]
    assert nn.Sequential(layers)(pictures).shape == (2, 6, 4, 4)
    layers = narrowing(3, steps, small=True)
    assert list(layers) == ["conv1", "conv2", "conv3"]
    assert nn.Sequential(layers)(pictures).shape == (2, 6, 19, 19)
