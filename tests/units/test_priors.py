"""Priors: what a picture begins as, and that it stays a picture."""

import pytest
import torch
from torch import Tensor

from striate.data.preprocess import Preprocess
from striate.units.priors import Ball, Draw, Fourier, color_directions

GRAY = Preprocess(size=(28, 28), channels=1, mean=(0.13,), std=(0.31,))
COLOR = Preprocess(size=(31, 64), channels=3, mean=(0.5, 0.4, 0.3), std=(0.2, 0.2, 0.3))


def _draw(scale: float = 0.02) -> Draw:
    def draw(shape: tuple[int, ...]) -> Tensor:
        return scale * torch.randn((50, *shape), generator=torch.Generator().manual_seed(0))

    return draw


@pytest.mark.parametrize("preprocess", [GRAY, COLOR], ids=["28 gray", "31 x 64 color"])
def test_a_coefficient_of_one_moves_pixels_by_the_data_s_deviation(preprocess: Preprocess) -> None:
    prior = Fourier(_draw(0.1), preprocess, lr=0.1, decay=0.5, colors=None)
    pictures = prior.pictures().detach()
    assert pictures.shape == (50, preprocess.channels, *preprocess.size)
    mean, std = pictures.mean(dim=(0, 2, 3)), pictures.std(dim=(0, 2, 3))
    torch.testing.assert_close(mean, torch.tensor(preprocess.mean), atol=0.01, rtol=0)
    torch.testing.assert_close(std, 0.1 * torch.tensor(preprocess.std), atol=0, rtol=0.1)


@pytest.mark.parametrize("prior", [
    Fourier(_draw(), COLOR, lr=5.0, decay=0.0, colors=None), Ball(_draw(), COLOR, radius=500.0, lr=1.0),
], ids=["fourier", "ball"])  # fmt: skip
def test_pictures_stay_pictures_however_far_they_climb(prior: Fourier | Ball) -> None:
    for _ in range(5):
        prior.ascend(1e9 * prior.pictures().flatten(1).sum(1))
    pictures = prior.pictures().detach()
    assert float(pictures.min()) >= -1e-6
    assert float(pictures.max()) <= 1 + 1e-6
    assert float(pictures.mean()) > 0.7  # from 0.4


def test_colors_are_those_of_the_data() -> None:
    images = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(1)).expand(-1, 3, -1, -1)
    gray = color_directions(images)
    torch.testing.assert_close(gray, torch.full((3, 3), 1 / 3**0.5).double())
    pictures = Fourier(_draw(), COLOR, lr=0.1, decay=0.5, colors=gray).pictures().detach()
    offset = (pictures.logit() - torch.tensor(COLOR.mean).logit()[:, None, None]) / 1.0
    red, green = offset[:, 0].flatten(), offset[:, 1].flatten()
    assert float(torch.corrcoef(torch.stack([red, green]))[0, 1]) > 0.999
