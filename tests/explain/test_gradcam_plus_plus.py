"""Grad-CAM++ against third derivatives of exp(score), taken one by one."""

import pytest
import torch
from torch import nn

from striate.explain import explain

IMAGES = torch.randn(2, 2, 13, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CLASSES = torch.tensor([2, 0])


def test_it_is_the_paper_s_quotient_of_third_derivatives(pooled: nn.Sequential) -> None:
    images, classes = IMAGES[:1], CLASSES[:1]
    maps = pooled[:2](images).detach().requires_grad_()
    rising = torch.exp(pooled[2:](maps)[0, classes[0]])
    (first,) = torch.autograd.grad(rising, maps, create_graph=True)
    importance = torch.zeros(6, dtype=torch.float64)
    for k, y, x in torch.cartesian_prod(torch.arange(6), torch.arange(6), torch.arange(5)).tolist():
        (row,) = torch.autograd.grad(first[0, k, y, x], maps, create_graph=True)
        (third,) = torch.autograd.grad(row[0, k, y, x], maps, retain_graph=True)
        below = 2 * row[0, k, y, x] + maps[0, k].sum() * third[0, k, y, x]
        importance[k] += (row[0, k, y, x] / below * first[0, k, y, x].relu()).detach()
    expected = (importance[:, None, None] * maps.detach()[0]).sum(0).relu() / rising.detach()  # without exp(y)
    found = explain(pooled, images, classes, method="gradcam++", layer="1")
    torch.testing.assert_close(found.values[0], expected)
    assert expected.max() > 0


def test_gradients_of_zero_and_negative_sums_give_finite_bounded_weights() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.Flatten(), nn.Linear(8, 1, bias=False)).double()
    with torch.no_grad():
        network[0].weight[:] = torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1)
        network[2].weight[:] = torch.tensor([0.0, 0, 0, 1, 2, 0, 0, 0])
    image = torch.tensor(
        [[[[1.0, 0], [0, -0.0]]]], dtype=torch.float64
    )  # the second channel sums to -1: a pole at g = 2
    found = explain(network, image, torch.tensor([0]), method="gradcam++", layer="0")
    # alpha: 1 / (2 + 1) for the first channel, held at 1 / 2 for the second; weights 1 / 3 and 1
    assert found.values[0, 0, 0] == 0
    assert explain(network, -image, torch.tensor([0]), method="gradcam++", layer="0").values[0, 0, 0] == (
        pytest.approx(2 / (2 + 2) - 1 / 2)
    )
