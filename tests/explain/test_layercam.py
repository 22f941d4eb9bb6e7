"""Layer-CAM against its closed form on a linear layer."""

import torch
from torch import nn

from striate.explain import explain

IMAGES = torch.randn(2, 2, 13, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CLASSES = torch.tensor([2, 0])


def test_each_value_counts_by_its_own_positive_gradient() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 11 * 9, 3)).double()
    found = explain(network, IMAGES, CLASSES, method="layercam", layer="1")
    weights = network[3].weight.detach()[CLASSES].reshape(2, 4, 11, 9).clamp(min=0)
    torch.testing.assert_close(found.values, (weights * network[:2](IMAGES).detach()).sum(1))
    assert not found.signed


def test_a_layer_of_negative_values_gives_nothing_below_zero(pooled: nn.Sequential) -> None:
    found = explain(pooled, IMAGES, CLASSES, method="layercam", layer="0")
    assert found.values.min() == 0
    assert found.values.max() > 0
