"""Color changes, each against its definition; and that one matrix is all of them after one another."""

import colorsys

import numpy as np
import pytest
import torch
from torch import Tensor

from striate.data.augment import Augment, Draws, apply, draw
from striate.data.color import COMPONENTS, LUMA, VARIANCES

IMAGES = torch.randint(0, 256, (4, 3, 10, 12), generator=torch.Generator().manual_seed(0)).float()
WEIGHTS = torch.tensor(LUMA, dtype=torch.float32)


def _changed(images: Tensor = IMAGES, **drawn: object) -> Tensor:
    count = len(images)
    return apply(images, Draws.still(np.arange(count), **{k: np.array([v] * count) for k, v in drawn.items()}))


def _luma(images: Tensor) -> Tensor:
    return torch.einsum("nchw,c->nhw", images, WEIGHTS)[:, None]


def test_brightness_multiplies() -> None:
    assert torch.allclose(_changed(brightness=1.3), IMAGES * 1.3, atol=1e-3)


def test_contrast_stretches_about_the_mean_luma() -> None:
    mean = _luma(IMAGES).mean((2, 3), keepdim=True)
    assert torch.allclose(_changed(contrast=0.4), 0.4 * IMAGES + 0.6 * mean, atol=1e-3)
    assert torch.allclose(_changed(contrast=1.8), 1.8 * IMAGES - 0.8 * mean, atol=1e-3)


def test_contrast_0_is_the_mean_luma_everywhere() -> None:
    assert _changed(contrast=0.0).flatten(1).std(1).max() < 1e-3


def test_saturation_0_is_luma_in_every_channel() -> None:
    assert torch.allclose(_changed(saturation=0.0), _luma(IMAGES).expand_as(IMAGES), atol=1e-3)


def test_saturation_moves_away_from_luma() -> None:
    luma = _luma(IMAGES)
    assert torch.allclose(_changed(saturation=1.5), luma + 1.5 * (IMAGES - luma), atol=1e-3)


def test_hue_comes_back_after_a_full_turn() -> None:
    assert torch.allclose(_changed(hue=1.0), IMAGES, atol=1e-3)
    assert torch.allclose(_changed(_changed(hue=0.3), hue=-0.3), IMAGES, atol=1e-3)


def test_hue_keeps_luma_and_gray() -> None:
    turned = _changed(hue=0.2)
    assert torch.allclose(_luma(turned), _luma(IMAGES), atol=1e-2)
    gray = IMAGES[:, :1].expand(-1, 3, -1, -1)
    assert torch.allclose(_changed(gray, hue=0.2), gray, atol=1e-2)


@pytest.mark.parametrize("degrees", [15, 30, -20])
def test_hue_turns_the_way_that_hsv_does(degrees: int) -> None:
    red, green, blue = (torch.eye(3)[:, :, None, None] * 60 + 120)[:, :, :, 0]
    for pixel in (red, green, blue):
        turned = _changed(pixel.view(1, 3, 1, 1), hue=degrees / 360).flatten()
        before, after = (colorsys.rgb_to_hsv(*(p / 255).flatten().tolist())[0] * 360 for p in (pixel, turned))
        assert (after - before + 180) % 360 - 180 == pytest.approx(degrees, abs=abs(degrees) * 0.5)


def test_color_noise_moves_every_pixel_along_the_components() -> None:
    for component in range(3):
        drawn = [0.0, 0.0, 0.0]
        drawn[component] = 0.1
        moved = _changed(principal=drawn) - IMAGES
        expected = 255 * 0.1 * VARIANCES[component] * COMPONENTS[:, component]  # Krizhevsky et al., section 4.1
        assert torch.allclose(moved, torch.tensor(expected).float()[None, :, None, None].expand_as(moved), atol=1e-3)


def test_the_components_are_orthogonal_and_of_length_1() -> None:
    assert np.allclose(COMPONENTS.T @ COMPONENTS, np.eye(3), atol=1e-3)


def test_one_matrix_is_all_of_them_after_one_another() -> None:
    drawn = {"brightness": 1.2, "contrast": 0.7, "saturation": 1.4, "hue": 0.07, "principal": [0.1, -0.2, 0.05]}
    step = IMAGES
    for name, value in drawn.items():
        step = _changed(step, **{name: value})
    assert torch.allclose(_changed(**drawn), step, atol=1e-2)


def test_the_matrices_that_are_read_back_are_those_applied() -> None:
    draws = draw(Augment(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.2, pca_noise=0.1), 0, 1, np.arange(4))
    matrices = torch.from_numpy(draws.colors(IMAGES.mean((2, 3)).numpy())).float()
    by_hand = torch.einsum("nij,njhw->nihw", matrices[:, :, :3], IMAGES) + matrices[:, :, 3, None, None]
    assert torch.allclose(apply(IMAGES, draws), by_hand, atol=1e-2)


def test_values_are_not_clamped() -> None:
    assert float(_changed(brightness=2.0).max()) > 255
    assert float(_changed(contrast=3.0).min()) < 0


def test_gray_pictures_know_brightness_and_contrast() -> None:
    gray = IMAGES[:, :1]
    expected = 1.5 * (0.5 * gray + 0.5 * gray.mean((2, 3), keepdim=True))
    assert torch.allclose(_changed(gray, brightness=1.5, contrast=0.5), expected, atol=1e-3)


def test_a_picture_without_a_draw_stays_exact_beside_one_with() -> None:
    factors = np.array([1.0, 0.5, 1.0, 2.0])
    changed = apply(IMAGES, Draws.still(np.arange(4), contrast=factors))
    assert torch.equal(changed[[0, 2]], IMAGES[[0, 2]])
