"""Deconvnet of the score, against a network that is unpooled, rectified and transposed by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from striate.core.errors import DoesNotApply
from striate.explain import explain


@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2)])
def test_it_is_the_explicit_network_down_to_the_pixels(kernel: int, stride: int) -> None:
    torch.manual_seed(0)
    first, second, last = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 8, 3), nn.Linear(8 * 9, 4)
    pool = nn.MaxPool2d(kernel, stride)
    side = 12 if kernel == 2 else 13
    rest = [nn.ReLU(), nn.AdaptiveAvgPool2d(3), nn.Flatten(), last]
    network = nn.Sequential(first, nn.ReLU(), pool, second, *rest).double()
    image = torch.randn(1, 3, side, side, dtype=torch.float64)
    with torch.no_grad():
        before = first(image)
        low, switches = F.max_pool2d(before.relu(), kernel, stride, return_indices=True)
        assert second(low).shape[2:] == (3, 3)  # so that the average is over single places
        x = last.weight[1].view(1, 8, 3, 3).clamp(min=0)
        x = F.conv_transpose2d(x, second.weight)
        flat = torch.zeros(1, 6, before[0, 0].numel(), dtype=torch.float64)
        x = flat.scatter_add_(2, switches.flatten(2), x.flatten(2)).view_as(before).clamp(min=0)
        x = F.conv_transpose2d(x, first.weight)
    maps = explain(network, image, torch.tensor([1]), method="deconvnet")
    assert x.abs().max() > 1e-2
    assert (maps.channels - x).abs().max() < 1e-12


def test_a_network_without_relu_is_refused() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    with pytest.raises(DoesNotApply, match="this network has none: use saliency"):
        explain(network, torch.randn(1, 1, 2, 2), torch.tensor([0]), method="deconvnet")
