from itertools import product

import pytest
import torch
from torch import nn

from striate.layers.pooling import Maxout

KINDS = {
    "maximum": (nn.MaxPool2d, lambda window: window.max()),
    "average": (nn.AvgPool2d, lambda window: window.mean()),
    "L2": (lambda kernel, stride: nn.LPPool2d(2, kernel, stride), lambda window: window.square().sum().sqrt()),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (3, 1)])
def test_torch_s_pooling_over_places_is_its_definition_where_windows_overlap_too(kind, kernel, stride) -> None:
    layer, definition = KINDS[kind]
    maps = torch.randn(1, 2, 7, 7, generator=torch.Generator().manual_seed(0)).abs()
    pooled = layer(kernel, stride)(maps)
    for channel, i, j in product(range(2), range(pooled.shape[2]), range(pooled.shape[3])):
        window = maps[0, channel, i * stride : i * stride + kernel, j * stride : j * stride + kernel]
        assert pooled[0, channel, i, j].item() == pytest.approx(definition(window).item(), abs=1e-6)


@pytest.mark.parametrize("shape", [(3, 6), (2, 6, 4, 5)])
def test_maxout_takes_the_largest_of_every_few_channels(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    expected = torch.stack([torch.stack([x[:, i], x[:, i + 1], x[:, i + 2]]).amax(0) for i in (0, 3)], dim=1)
    assert torch.equal(Maxout(3)(x), expected)


def test_a_maxout_unit_can_be_the_absolute_value() -> None:
    layer = nn.Sequential(nn.Linear(1, 2, bias=False), Maxout(2))
    with torch.no_grad():
        layer[0].weight.copy_(torch.tensor([[1.0], [-1.0]]))
    x = torch.linspace(-2, 2, 9)[:, None]
    assert torch.equal(layer(x), x.abs())


def test_channels_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="maxout over 4 cannot take 6 channels"):
        Maxout(4)(torch.rand(1, 6))
