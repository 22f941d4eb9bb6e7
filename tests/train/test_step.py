"""One step: what it moves, what it counts, and what it leaves alone."""

import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from striate.data.preprocess import Preprocess
from striate.layers.auxiliary import Auxiliary
from striate.layers.network import Network
from striate.runtime.plan import Plan
from striate.train.recipe import Recipe
from striate.train.step import Step

CLASSES, SIZE = 3, 8


def _recipe(**fields: Any) -> Recipe:
    preprocess = Preprocess(size=SIZE, channels=1)
    return Recipe.from_values({"model": "none", "epochs": 1, "preprocess": preprocess.model_dump(), **fields})


def _network(weight: float | None = None) -> Network:
    torch.manual_seed(0)
    stage = nn.Sequential()
    stage.add_module("first", nn.Conv2d(1, 4, 3, padding=1))
    stage.add_module("second", nn.Conv2d(4, 4, 3, padding=1))
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, CLASSES))
    reads = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, CLASSES))
    extra = {} if weight is None else {"side": Auxiliary({"all": reads}, reads="stages.0.first", weight=weight)}
    return Network(nn.Identity(), [stage], head, extra)


def _step(network: Network, **fields: Any) -> Step:
    plan = Plan.reference().resolve(network)
    return Step(_recipe(**fields), plan, plan.prepare(network).train(), torch.ones(CLASSES, dtype=torch.int64))


def _pictures() -> tuple[Tensor, Tensor]:
    return torch.randn(6, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(1)), torch.arange(6) % CLASSES


def test_a_step_reports_the_mean_loss_before_its_move() -> None:
    network = _network()
    images, labels = _pictures()
    with torch.no_grad():
        expected = nn.functional.cross_entropy(network(images), labels)
        right = int((network(images).argmax(1) == labels).sum())
    outcome = _step(network).step(images, labels, 0, 0.1)
    assert outcome.loss == pytest.approx(float(expected), rel=1e-6)
    assert (outcome.right, outcome.seen) == (right, 6)


def test_a_wish_to_stop_is_told_with_what_the_step_did() -> None:
    images, labels = _pictures()
    step = _step(_network())
    assert not step.step(images, labels, 0, 0.1).asked
    assert step.step(images, labels, 1, 0.1, wish=True).asked


def test_an_auxiliary_head_learns_and_moves_what_it_reads_but_is_not_in_the_reported_loss() -> None:
    plain, aided = _network(), _network(0.3)
    aided.load_state_dict(plain.state_dict(), strict=False)
    images, labels = _pictures()
    before = {name: value.clone() for name, value in aided.named_parameters()}
    outcomes = [_step(network).step(images, labels, 0, 0.1) for network in (plain, aided)]
    assert outcomes[0] == dataclasses.replace(outcomes[1], auxiliary={})
    assert all(not torch.equal(value, before[name]) for name, value in aided.named_parameters())
    assert torch.equal(plain.stages[0].second.weight, aided.stages[0].second.weight)
    assert not torch.equal(plain.stages[0].first.weight, aided.stages[0].first.weight)


def test_each_auxiliary_head_s_own_loss_and_right_answers_are_reported() -> None:
    network = _network(0.3)
    images, _ = _pictures()
    with torch.no_grad():
        side = network(images, auxiliary=True)[1]
        labels = side.argmax(1)  # the auxiliary head is right throughout, and the network's own is not
        loss = nn.functional.cross_entropy(side, labels)
    outcome = _step(network).step(images, labels, 0, 0.1)
    assert list(outcome.auxiliary) == ["side"]
    assert outcome.auxiliary["side"] == (pytest.approx(float(loss), rel=1e-6), 6)
    assert outcome.right < 6


def test_an_auxiliary_loss_that_is_not_finite_stops_the_step() -> None:
    network = _network(0.3)
    with torch.no_grad():
        network.auxiliary["side"].layers[0][2].bias[0] = float("inf")
    before = network.stages[0].first.weight.detach().clone()
    outcome = _step(network).step(*_pictures(), 0, 0.1)
    assert outcome.loss != outcome.loss
    assert torch.equal(before, network.stages[0].first.weight)


def test_the_auxiliary_loss_counts_by_its_weight() -> None:
    network = _network(0.3)
    images, labels = _pictures()
    scores, side = network(images, auxiliary=True)
    own, other = (nn.functional.cross_entropy(part, labels) for part in (scores, side))
    expected = torch.autograd.grad(own + 0.3 * other, network.stages[0].first.weight)[0]
    step = _step(network, optimizer={"name": "sgd", "momentum": 0.0, "nesterov": False})
    before = network.stages[0].first.weight.detach().clone()
    step.step(images, labels, 0, 1.0)
    assert torch.allclose(before - network.stages[0].first.weight, expected, atol=1e-6)


def test_a_step_whose_loss_is_not_finite_is_not_taken() -> None:
    network = _network()
    with torch.no_grad():
        network.head[2].bias[0] = float("inf")
    before = network.stages[0].first.weight.detach().clone()
    outcome = _step(network).step(*_pictures(), 0, 0.1)
    assert outcome.loss != outcome.loss or outcome.loss == float("inf")
    assert torch.equal(before, network.stages[0].first.weight)


def test_a_batch_without_pictures_moves_nothing() -> None:
    network = _network()
    before = network.stages[0].first.weight.detach().clone()
    images, labels = _pictures()
    assert _step(network).step(images[:0], labels[:0], 0, 0.1).seen == 0
    assert torch.equal(before, network.stages[0].first.weight)
