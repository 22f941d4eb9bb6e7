import pytest
import torch
from torch import nn

from striate import zoo
from striate.layers.activations import ACTIVATIONS


def kinds(network: nn.Module) -> list[str]:
    layers = [layer for layer in network.modules() if not list(layer.children())]
    return [type(layer).__name__ for layer in layers if not isinstance(layer, nn.ModuleDict)]


def test_the_dropout_paper_s_network_drops_pixels_and_units_in_training_only() -> None:
    network = zoo.create("mlp")
    hidden = ["Linear", "ReLU", "Dropout"]
    assert kinds(network) == ["Flatten", "Dropout", *hidden * 3, "Linear"]
    assert [layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)] == [0.2, 0.5, 0.5, 0.5]
    images = torch.rand(4, 1, 28, 28)
    assert not torch.equal(network(images), network(images))
    network.eval()
    assert torch.equal(network(images), network(images))


def test_features_are_the_vectors_of_the_hidden_layers() -> None:
    shapes = [tuple(vectors.shape) for vectors in zoo.create("mlp_500_150").features(torch.rand(2, 1, 28, 28))]
    assert shapes == [(2, 500), (2, 150)]


def test_batch_normalization_stands_before_the_activation_and_replaces_the_bias() -> None:
    network = zoo.create("mlp_100x3", norm="batch")
    assert kinds(network) == ["Flatten", *["Linear", "BatchNorm1d", "Sigmoid"] * 3, "Linear"]
    assert network.parameter_count() == 99_710 + 3 * 100  # scale and shift in place of the bias


@pytest.mark.parametrize("activation", list(ACTIVATIONS))
def test_every_activation_can_be_chosen(activation: str) -> None:
    network = zoo.create("mlp_300", activation=activation)
    assert type(network.stages[0][1]) is type(ACTIVATIONS[activation]())


@pytest.mark.parametrize(
    ("name", "deviation"),
    [
        ("mlp", (2 / 784) ** 0.5),
        ("mlp_300", (1 / 784) ** 0.5),
        ("mlp_800", (2 / (784 + 800)) ** 0.5),
        ("mlp_100x3", 0.1),
    ],
)
def test_the_start_suits_the_activation_or_is_the_paper_s(name: str, deviation: float) -> None:
    torch.manual_seed(0)
    network = zoo.create(name)
    assert network.stages[0][0].weight.std().item() == pytest.approx(deviation, rel=0.02)
    assert network.stages[0][0].bias.count_nonzero() == 0


def test_the_start_can_be_chosen() -> None:
    torch.manual_seed(0)
    network = zoo.create("mlp_300", init="he")
    assert network.stages[0][0].weight.std().item() == pytest.approx((2 / 784) ** 0.5, rel=0.02)
