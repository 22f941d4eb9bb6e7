"""HiResCAM: its places sum to the score where all that follows is linear."""

import torch
from torch import nn

from striate.explain import explain

IMAGES = torch.randn(2, 2, 13, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CLASSES = torch.tensor([2, 0])


def test_behind_a_global_average_the_places_sum_to_the_score_less_the_bias(pooled: nn.Sequential) -> None:
    found = explain(pooled, IMAGES, CLASSES, method="hirescam", layer="1")
    scores = pooled(IMAGES).detach()[torch.arange(2), CLASSES]
    torch.testing.assert_close(found.values.sum((1, 2)) + pooled[4].bias.detach()[CLASSES], scores)
    assert found.signed


def test_it_sums_to_the_score_behind_a_linear_layer_that_does_not_average_too() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 11 * 9, 3)).double()
    found = explain(network, IMAGES, CLASSES, method="hirescam", layer="1")
    scores = network(IMAGES).detach()[torch.arange(2), CLASSES]
    torch.testing.assert_close(found.values.sum((1, 2)) + network[3].bias.detach()[CLASSES], scores)
    weights = network[3].weight.detach()[CLASSES].reshape(2, 4, 11, 9)
    torch.testing.assert_close(found.values, (weights * network[:2](IMAGES).detach()).sum(1))
