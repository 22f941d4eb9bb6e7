"""Networks without numbers, and the original untouched."""

import pytest
import torch
from torch import nn

from striate.core.errors import UnknownName
from striate.inside.phantom import mode, of_model, phantom


def test_a_model_by_name_has_no_numbers() -> None:
    network = of_model("vgg19", num_classes=7)
    assert all(tensor.is_meta for tensor in network.state_dict().values())
    assert network.config["num_classes"] == 7
    assert phantom(network) is network


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="vgg19"):
        of_model("vgg_19")


def test_a_copy_has_the_same_names_and_shapes_and_shares_what_was_shared() -> None:
    first = nn.Linear(3, 3)
    network = nn.ModuleDict({"a": first, "b": nn.Linear(3, 3), "norm": nn.BatchNorm1d(3)})
    network["b"].weight = first.weight
    first.bias.requires_grad = False
    network["norm"].table = torch.ones(2)
    ghost = phantom(network)
    assert {key: tensor.shape for key, tensor in ghost.state_dict().items()} == {
        key: tensor.shape for key, tensor in network.state_dict().items()
    }
    assert all(tensor.is_meta for tensor in (*ghost.state_dict().values(), ghost["norm"].table))
    assert ghost["a"].weight is ghost["b"].weight
    assert not ghost["a"].bias.requires_grad
    assert not any(tensor.is_meta for tensor in network.state_dict().values())


def test_modes_are_put_back_after_an_error() -> None:
    network = nn.Sequential(nn.Dropout(), nn.Dropout().eval())
    with pytest.raises(KeyError):
        _evaluate(network)
    assert [module.training for module in network.modules()] == [True, True, False]


def _evaluate(network: nn.Module) -> None:
    with mode(network, training=False):
        assert not any(module.training for module in network.modules())
        raise KeyError
