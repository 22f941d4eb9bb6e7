from itertools import product

import pytest
import torch
from torch.nn import functional as F

from striate.layers.local import LocallyConnected2d


@pytest.mark.parametrize(("stride", "padding", "bias"), [(1, 0, True), (2, 1, True), (3, 2, False)])
def test_each_place_weighs_its_patch_with_weights_of_its_own(stride: int, padding: int, bias: bool) -> None:
    torch.manual_seed(0)
    layer = LocallyConnected2d(2, 3, 3, (7, 6), stride=stride, padding=padding, bias=bias).double()
    images = torch.randn(4, 2, 7, 6, dtype=torch.float64)
    around = F.pad(images, [padding] * 4)
    maps = layer(images)
    assert maps.shape == (4, 3, *layer.places)
    for place, (i, j) in enumerate(product(*map(range, layer.places))):
        patch = around[:, :, i * stride : i * stride + 3, j * stride : j * stride + 3].flatten(1)
        expected = patch @ layer.weight[place].T + (0 if layer.bias is None else layer.bias[:, i, j])
        assert torch.allclose(maps[:, :, i, j], expected, atol=1e-12)


def test_with_the_same_weights_at_all_places_it_is_a_convolution() -> None:
    torch.manual_seed(0)
    layer = LocallyConnected2d(3, 4, 3, (6, 6), padding=1, bias=False)
    weight = torch.randn(4, 3, 3, 3)
    with torch.no_grad():
        layer.weight.copy_(weight.flatten(1).expand_as(layer.weight))
    images = torch.rand(2, 3, 6, 6)
    assert torch.allclose(layer(images), F.conv2d(images, weight, padding=1), atol=1e-5)


def test_gradients_reach_every_weight_and_maps_of_another_size_are_refused() -> None:
    layer = LocallyConnected2d(1, 2, 3, (5, 5))
    layer(torch.rand(2, 1, 5, 5)).square().sum().backward()
    assert all((weights.grad != 0).all() for weights in layer.parameters())
    with pytest.raises(ValueError, match=r"\(5, 5\) cannot take \(6, 5\)"):
        layer(torch.rand(2, 1, 6, 5))
    assert str(layer) == "LocallyConnected2d(1, 2, 3, size=(5, 5), stride=1, padding=0)"
