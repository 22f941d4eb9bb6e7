"""Integrated gradients: parts that sum to the change of the score, and say by how much they do not."""

import pytest
import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply, RecipeError, UnknownName
from striate.explain import explain
from striate.zoo import create


def asked(network: nn.Module, images: Tensor, classes: Tensor, **options: object):
    return explain(network, images, classes, method="integrated-gradients", **options)


def test_of_a_linear_model_it_is_weight_times_way() -> None:
    linear = nn.Linear(12, 2).double()
    images, start = torch.randn(2, 2, 3, 2, 2, dtype=torch.float64)
    maps = asked(nn.Sequential(nn.Flatten(), linear), images, torch.tensor([1, 0]), baseline=start, steps=1)
    weights = linear.weight.detach().flip(0).view(2, 3, 2, 2)
    assert torch.allclose(maps.channels, weights * (images - start))
    assert maps.completeness.max() < 1e-12


@pytest.mark.parametrize("baseline", ["gray", "black", "blur", "mean"])
def test_fifty_steps_are_complete_to_a_thousandth_in_lenet5(baseline: str) -> None:
    torch.manual_seed(0)
    network = create("lenet5", num_classes=10, in_channels=1, image_size=28).double()
    images = torch.randn(3, 1, 28, 28, dtype=torch.float64)
    maps = asked(network, images, torch.tensor([0, 5, 9]), baseline=baseline, steps=50, most=50)
    assert maps.completeness.shape == (3,)
    assert maps.completeness.max() < 1e-3


def test_the_gap_is_that_of_the_maps_own_sum() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 30), nn.ReLU(), nn.Linear(30, 2)).double()
    images = torch.randn(2, 1, 4, 4, dtype=torch.float64)
    maps = asked(network, images, torch.tensor([0, 1]), steps=3, most=3, tolerance=0.0)
    with torch.no_grad():
        change = (network(images) - network(torch.zeros_like(images)))[[0, 1], [0, 1]]
    assert torch.allclose(maps.completeness, ((maps.values.sum(dim=(1, 2)) - change) / change).abs())
    assert all("after 3 steps: raise most" in note for note in maps.notes)


def test_steps_are_doubled_until_the_gap_is_small_enough() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 30), nn.ReLU(), nn.Linear(30, 2)).double()
    images, classes = torch.randn(4, 1, 4, 4, dtype=torch.float64), torch.tensor([0, 1, 0, 1])
    few = asked(network, images, classes, steps=2, most=2, tolerance=1e-3)
    many = asked(network, images, classes, steps=2, most=2048, tolerance=1e-3)
    assert (few.completeness > 1e-3).any()
    assert (many.completeness <= 1e-3).all()
    assert many.notes == ("", "", "", "")


def test_a_picture_that_is_its_own_baseline_has_no_parts_and_says_so() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    maps = asked(network, torch.zeros(1, 1, 2, 2), torch.tensor([0]))
    assert not maps.values.any()
    assert maps.completeness.item() == 0
    assert "its own baseline" in maps.notes[0]


def test_wrong_baselines_and_steps_are_refused() -> None:
    network, image, classes = nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), torch.ones(1, 1, 2, 2), torch.tensor([0])
    with pytest.raises(UnknownName, match="blur"):
        asked(network, image, classes, baseline="blurr")
    with pytest.raises(DoesNotApply, match="a color"):
        asked(network, image, classes, baseline=torch.zeros(2, 2))
    with pytest.raises(RecipeError, match="steps = 60"):
        asked(network, image, classes, steps=60, most=50)
