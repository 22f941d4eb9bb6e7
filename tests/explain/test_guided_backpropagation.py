"""Guided backpropagation: the rule written out, in every style of ReLU, and its warning."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.errors import DoesNotApply
from striate.explain import explain


class Styled(nn.Module):
    """Two layers with a ReLU in between that is written as asked."""

    def __init__(self, style: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.last, self.style = nn.Linear(4, 20), nn.Linear(20, 3), style

    def forward(self, images: Tensor) -> Tensor:
        return self.last(self.style(self.first(images.flatten(1))))


@pytest.mark.parametrize(
    "style", [nn.ReLU(), nn.ReLU(inplace=True), F.relu, torch.relu, Tensor.relu, Tensor.relu_, torch.relu_]
)
def test_it_is_the_rule_written_out_in_every_style(style: Callable[[Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    network, image = Styled(style).double(), torch.randn(1, 1, 2, 2, dtype=torch.float64)
    with torch.no_grad():
        hidden = network.first(image.flatten(1))[0]
        passed = network.last.weight[2].clamp(min=0) * (hidden > 0)
        wanted = passed @ network.first.weight
    maps = explain(network, image, torch.tensor([2]), method="guided-backpropagation")
    assert torch.allclose(maps.values.flatten(), wanted)
    assert maps.notes == ("shows structure of the picture, not evidence for the class",)


def test_a_network_without_relu_is_refused() -> None:
    with pytest.raises(DoesNotApply, match="this network has none: use saliency"):
        explain(Styled(nn.Identity()), torch.randn(1, 1, 2, 2), torch.tensor([0]), method="guided-backpropagation")
    with pytest.raises(DoesNotApply, match="this network uses gelu"):
        explain(Styled(F.gelu), torch.randn(1, 1, 2, 2), torch.tensor([0]), method="guided-backpropagation")
