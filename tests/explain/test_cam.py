"""CAM: parts of the score, where they are that."""

import pytest
import torch
from torch import nn

from striate.core.errors import DoesNotApply
from striate.explain import explain

IMAGES = torch.randn(2, 2, 13, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CLASSES = torch.tensor([2, 0])


def test_its_mean_is_the_score_less_the_bias(pooled: nn.Sequential) -> None:
    found = explain(pooled, IMAGES, CLASSES, method="cam", layer="1")
    scores = pooled(IMAGES).detach()[torch.arange(2), CLASSES]
    torch.testing.assert_close(found.values.mean((1, 2)) + pooled[4].bias.detach()[CLASSES], scores)
    assert found.signed


def test_a_convolution_of_one_pixel_before_the_average_is_as_linear() -> None:
    torch.manual_seed(0)
    head = [nn.Conv2d(6, 3, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    network = nn.Sequential(nn.Conv2d(2, 6, 3, stride=2), nn.ReLU(), *head).double()
    found = explain(network, IMAGES, CLASSES, method="cam", layer="1")
    expected = network[:3](IMAGES).detach() - network[2].bias.detach()[:, None, None]
    torch.testing.assert_close(found.values, expected[torch.arange(2), CLASSES])


@pytest.mark.parametrize(
    "head",
    [
        [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(6, 3)],
        [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.ReLU(), nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 3)],
        [nn.Flatten(), nn.Linear(180, 3)],
        [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3), nn.Softmax(1)],
    ],
    ids=["maximum", "two layers", "no average", "softmax"],
)
def test_another_head_is_refused_with_the_cure(head: list[nn.Module]) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 6, 3, stride=2), nn.ReLU(), *head).double()
    with pytest.raises(DoesNotApply, match=r"not one linear layer of the averages of 1's maps.*use gradcam"):
        explain(network, IMAGES, CLASSES, method="cam", layer="1")


def test_a_layer_that_a_relu_follows_is_not_the_one_that_is_averaged(pooled: nn.Sequential) -> None:
    with pytest.raises(DoesNotApply, match="averages of 0's maps"):
        explain(pooled, IMAGES, CLASSES, method="cam", layer="0")
