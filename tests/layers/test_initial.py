import pytest
import torch
from torch import nn

from striate.layers.initial import INITIAL, initialize


@pytest.mark.parametrize(
    ("name", "variance"), [("he", 2 / 360), ("glorot", 2 / (360 + 720)), ("lecun", 1 / 360), ("gaussian", 0.01)]
)
def test_weights_have_the_variance_of_the_paper_and_biases_are_zero(name: str, variance: float) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(40, 80, 3), nn.BatchNorm2d(80))
    initialize(module, INITIAL[name])
    assert module[0].weight.var().item() == pytest.approx(variance, rel=0.03)
    assert module[0].weight.mean().item() == pytest.approx(0, abs=0.002)
    assert module[0].bias.count_nonzero() == 0
    assert (module[1].weight == 1).all()


def test_layers_without_bias_are_set_too() -> None:
    layer = nn.Linear(3, 2, bias=False)
    initialize(layer, nn.init.ones_)
    assert layer.weight.sum() == 6
