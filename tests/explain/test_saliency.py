"""Saliency: the weights of a linear model, and nothing where nothing reaches the pixels."""

import pytest
import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.explain import explain


class Deaf(nn.Module):
    """Answers without a gradient, as a network does that rounds its pictures."""

    def forward(self, images: Tensor) -> Tensor:
        return images.detach().mean(dim=(2, 3))


def test_of_a_linear_model_it_is_the_weights() -> None:
    linear = nn.Linear(3 * 5 * 4, 2)
    images = torch.randn(2, 3, 5, 4)
    maps = explain(nn.Sequential(nn.Flatten(), linear), images, torch.tensor([1, 0]), method="saliency")
    weights = linear.weight.detach().view(2, 3, 5, 4)
    assert torch.equal(maps.channels, weights.flip(0))
    assert torch.allclose(maps.values, weights.flip(0).sum(dim=1))
    assert maps.notes == ("", "")


def test_a_score_that_does_not_move_is_noted() -> None:
    network = nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))
    maps = explain(
        network, torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1).expand(2, 1, 2, 2), torch.tensor([0, 0]), method="saliency"
    )
    assert maps.notes[0].startswith("flat")
    assert maps.notes[1] == ""


def test_a_network_without_gradients_is_refused() -> None:
    with pytest.raises(DoesNotApply, match="use occlusion or rise"):
        explain(Deaf(), torch.randn(1, 3, 4, 4), torch.tensor([0]), method="saliency")
