"""Optimizers: what is decayed, and what is added to the gradient."""

import pytest
import torch
from torch import nn

from striate.train import optimizer
from striate.train.recipe import Optimizer


def _network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))


def test_biases_and_norms_are_not_decayed_unless_asked() -> None:
    network = _network()
    names = {id(p): name for name, p in network.named_parameters()}
    assert {names[id(p)] for p in optimizer.decayed_parameters(network)} == {"0.weight", "3.weight"}
    assert len(optimizer.decayed_parameters(network, everything=True)) == 6


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam", "adamw"])
def test_every_optimizer_covers_every_parameter_once(name: str) -> None:
    network = _network()
    built = optimizer.build(Optimizer.model_validate({"name": name, "l2": 0.01}), network)
    covered = [id(p) for group in built.param_groups for p in group["params"]]
    assert sorted(covered) == sorted(id(p) for p in network.parameters())
    assert [group["weight_decay"] for group in built.param_groups] == [0.01, 0.0]


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam", "adamw"])
def test_every_optimizer_lowers_a_loss(name: str) -> None:
    network = _network()
    built = optimizer.build(Optimizer.model_validate({"name": name, "lr": 0.01}), network)
    images, labels = torch.randn(16, 1, 4, 4), torch.randint(0, 3, (16,))
    losses = []
    for _ in range(60):
        value = nn.functional.cross_entropy(network(images), labels)
        built.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        built.step()
        losses.append(float(value))
    assert losses[-1] < 0.6 * losses[0]


def test_sgd_with_l2_is_the_textbook_step() -> None:
    layer = nn.Linear(3, 1, bias=False)
    before = layer.weight.detach().clone()
    built = optimizer.build(Optimizer(lr=0.1, momentum=0.0, l2=0.5), layer)
    layer(torch.ones(1, 3)).sum().backward()
    built.step()
    assert torch.allclose(layer.weight, before - 0.1 * (1 + 0.5 * before))


def test_l1_adds_the_sign_of_the_weight() -> None:
    layer = nn.Linear(3, 1, bias=False)
    layer(torch.zeros(1, 3)).sum().backward()
    optimizer.add_l1(layer.parameters(), 0.25)
    assert layer.weight.grad is not None
    assert torch.allclose(layer.weight.grad, 0.25 * layer.weight.sign())


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_weights_are_moved_in_one_pass_to_where_the_textbook_moves_them(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Optimizer.model_validate({"name": name, "lr": 0.01, "l2": 0.1})
    moved = []
    for fuses in (True, None):
        if fuses is None:
            monkeypatch.setattr(optimizer, "_fuses", lambda _: None)
        network = _network().to(memory_format=torch.channels_last)
        built = optimizer.build(recipe, network)
        assert bool(built.defaults["fused"]) is bool(fuses)
        for seed in range(3):
            images = torch.randn(4, 1, 4, 4, generator=torch.Generator().manual_seed(seed))
            built.zero_grad()
            network(images).square().sum().backward()
            built.step()
        moved.append([parameter.detach().clone() for parameter in network.parameters()])
    for fused, plain in zip(*moved, strict=True):
        assert torch.allclose(fused, plain, atol=1e-6)
