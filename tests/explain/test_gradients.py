"""What the methods share that look back to the pixels."""

import pytest
import torch
from torch import nn

from striate.core.errors import DoesNotApply
from striate.explain.gradients import FLAT, gradients, mapped
from striate.inside.inspecting import inspecting


def test_one_pass_gives_the_gradient_of_each_pictures_own_class() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    with inspecting(network) as inside:
        found = gradients(inside, torch.randn(2, 1, 2, 2), torch.tensor([2, 0]))
        with pytest.raises(DoesNotApply, match="class 3"):
            gradients(inside, torch.randn(1, 1, 2, 2), torch.tensor([3]))
    assert torch.equal(found.flatten(1), network[1].weight.detach()[[2, 0]])


def test_a_map_is_the_sum_over_channels_and_an_empty_one_is_noted() -> None:
    channels = torch.stack([torch.ones(3, 2, 4), torch.zeros(3, 2, 4)])
    maps = mapped(channels, "saliency")
    assert torch.equal(maps.values[0], torch.full((2, 4), 3.0))
    assert (maps.picture, maps.notes) == ((2, 4), ("", FLAT))
    assert mapped(channels, "saliency", ["one", "other"]).notes == ("one", "other")
