import pytest
import torch
from torch import nn

from striate import zoo


@pytest.mark.parametrize("name", ["nin_cifar10", "nin_imagenet"])
def test_there_is_no_fully_connected_layer_and_the_head_has_a_map_a_class(name: str) -> None:
    with torch.device("meta"):
        network = zoo.create(name, num_classes=7)
    assert not any(isinstance(layer, nn.Linear) for layer in network.modules())
    assert network.head.conv.out_channels == 7


def test_batch_norm_takes_the_place_of_biases() -> None:
    network = zoo.create("nin_cifar10", norm="batch")
    normalized = [layer for stage in network.stages for layer in stage if isinstance(layer, nn.Conv2d)]
    assert all(layer.bias is None for layer in normalized)
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in network.modules()) == len(normalized) == 8


def test_both_poolings_take_the_maximum_and_dropout_follows_each() -> None:
    kinds = [[type(layer).__name__ for layer in stage][:2] for stage in zoo.create("nin_cifar10").stages[1:]]
    assert kinds == [["MaxPool2d", "Dropout"], ["MaxPool2d", "Dropout"]]


def test_weights_start_with_deviation_0_05() -> None:
    torch.manual_seed(0)
    weight = zoo.create("nin_cifar10").stages[1].conv1.weight
    assert weight.std().item() == pytest.approx(0.05, rel=0.01)
