"""SmoothGrad: the mean over noise of a known size, the same for the same seed."""

import pytest
import torch
from torch import Tensor, nn

from striate.core.errors import RecipeError
from striate.explain import explain


class Square(nn.Module):
    """Scores that are sums of cubes, whose gradient 3 x^2 tells the size of the noise."""

    def forward(self, images: Tensor) -> Tensor:
        return images.pow(3).flatten(1).sum(dim=1, keepdim=True)


def test_of_a_linear_model_it_is_the_weights() -> None:
    linear = nn.Linear(12, 2).double()
    images = torch.randn(2, 3, 2, 2, dtype=torch.float64)
    maps = explain(nn.Sequential(nn.Flatten(), linear), images, torch.tensor([1, 1]), method="smoothgrad")
    assert torch.allclose(maps.channels[0], linear.weight[1].detach().view(3, 2, 2))


def test_the_noise_is_a_share_of_each_pictures_range() -> None:
    images = torch.zeros(2, 1, 30, 30, dtype=torch.float64)
    images[0, 0, 0, 0], images[1, 0, 0, 0] = 1.0, 10.0  # elsewhere the mean gradient is 3 times the variance
    maps = explain(Square(), images, torch.tensor([0, 0]), method="smoothgrad", noise=0.2, samples=40)
    spread = (maps.values[:, 1:].mean(dim=(1, 2)) / 3).sqrt()
    assert torch.allclose(spread, torch.tensor([0.2, 2.0], dtype=torch.float64), rtol=0.02)


def test_a_seed_settles_the_noise_and_another_draws_another() -> None:
    images, classes = torch.randn(1, 1, 6, 6), torch.tensor([0])
    first, again, other = (
        explain(Square(), images, classes, method="smoothgrad", samples=4, seed=seed).values for seed in (3, 3, 4)
    )
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)


@pytest.mark.parametrize("options", [{"samples": 0}, {"noise": -0.1}])
def test_no_samples_or_negative_noise_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(RecipeError, match="at least one sample"):
        explain(Square(), torch.ones(1, 1, 2, 2), torch.tensor([0]), method="smoothgrad", **options)
