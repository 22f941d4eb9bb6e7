"""Loss scaling under half precision, on the CPU."""

import json

import pytest
import torch
from torch import nn

from striate.runtime.plan import Plan
from striate.runtime.scaling import Scaling

HALF = Plan(device="cpu", precision="fp16")


def one_weight() -> tuple[nn.Parameter, torch.optim.Optimizer]:
    weight = nn.Parameter(torch.ones(1))
    return weight, torch.optim.SGD([weight], lr=1.0)


def move(scaling: Scaling, optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad()
    scaling.backward(loss)
    scaling.unscale(optimizer)
    scaling.step(optimizer)


def test_the_step_is_the_one_that_would_be_taken_without() -> None:
    weight, optimizer = one_weight()
    scaling = Scaling(HALF)
    scaling.backward((weight * 2.0**-20).sum())
    assert weight.grad == 2.0**-4
    scaling.unscale(optimizer)
    assert weight.grad == 2.0**-20
    scaling.step(optimizer)
    assert weight == 1 - 2.0**-20


def test_an_overflow_leaves_the_step_out_and_halves_the_scale() -> None:
    weight, optimizer = one_weight()
    scaling = Scaling(HALF)
    move(scaling, optimizer, (weight * float("inf")).sum())
    assert weight == 1
    assert scaling.left_out
    assert scaling.state()["scale"] == 32768
    move(scaling, optimizer, (weight * 0.5).sum())
    assert weight == 0.5
    assert not scaling.left_out


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_nothing_is_scaled_in_other_precisions(precision: str) -> None:
    weight, optimizer = one_weight()
    scaling = Scaling(Plan(device="cpu", precision=precision))
    scaling.backward((weight * 0.25).sum())
    assert weight.grad == 0.25
    scaling.unscale(optimizer)
    scaling.step(optimizer)
    assert weight == 0.75
    assert scaling.state() == {}
    scaling.restore({})


def test_a_restored_one_goes_on_as_the_one_it_was() -> None:
    straight, resumed = Scaling(HALF, first=4.0), Scaling(HALF)
    weight, optimizer = one_weight()
    move(straight, optimizer, weight.sum())
    move(straight, optimizer, (weight * float("inf")).sum())
    resumed.restore(json.loads(json.dumps(straight.state())))
    assert resumed.state() == straight.state()
    assert resumed.state()["scale"] == 2
    for scaling in (straight, resumed):
        move(scaling, optimizer, weight.sum())
    assert resumed.state() == straight.state()
