"""Preprocessing: from any picture to a network's input."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from striate.data.preprocess import Crop, Preprocess


def _ramp(height: int, width: int, channels: int = 1) -> NDArray[np.uint8]:
    ramp = np.linspace(0, 255, width)[None, :, None] * np.ones((height, 1, channels))
    return ramp.round().astype(np.uint8)


def _preprocess(fit: str, size: tuple[int, int] = (32, 32), channels: int = 1) -> Preprocess:
    statistics = {"mean": [0.5] * channels, "std": [0.25] * channels}
    return Preprocess.model_validate({"size": size, "fit": fit, "channels": channels, **statistics})


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch", "center"])
@pytest.mark.parametrize("shape", [(28, 28), (100, 40), (32, 32), (5, 300), (1, 1)])
def test_every_fit_gives_the_size_for_any_picture(fit: str, shape: tuple[int, int]) -> None:
    assert _preprocess(fit).place(_ramp(*shape)).shape == (32, 32, 1)


def test_a_picture_of_the_right_size_is_untouched() -> None:
    picture = _ramp(32, 32)
    for fit in ("crop", "pad", "stretch", "center"):
        assert _preprocess(fit).place(picture) is picture


def test_crop_keeps_proportions_and_cuts_the_overhang() -> None:
    placed = _preprocess("crop").place(_ramp(64, 128))
    assert abs(int(placed[0, 0, 0]) - 64) <= 2
    assert abs(int(placed[0, -1, 0]) - 191) <= 2


def test_pad_keeps_everything_and_fills_with_black() -> None:
    placed = _preprocess("pad").place(np.full((64, 128, 1), 200, np.uint8))
    assert (placed[8:24] == 200).all()
    assert (placed[:8] == 0).all()
    assert (placed[24:] == 0).all()


def test_center_does_not_resize() -> None:
    picture = np.arange(28 * 28, dtype=np.uint16).astype(np.uint8).reshape(28, 28, 1)
    placed = _preprocess("center").place(picture)
    assert (placed[2:30, 2:30] == picture).all()
    assert placed[:2].sum() == placed[30:].sum() == 0
    larger = np.arange(40 * 40, dtype=np.uint16).astype(np.uint8).reshape(40, 40, 1)
    assert (_preprocess("center").place(larger) == larger[4:36, 4:36]).all()


def test_shrinking_is_antialiased() -> None:
    stripes = np.zeros((128, 128, 1), np.uint8)
    stripes[:, ::2] = 255
    placed = _preprocess("stretch").place(stripes)
    assert np.abs(placed.astype(int) - 128).max() <= 12  # every second line left out would give 0 or 255


def test_color_becomes_luma_and_gray_is_repeated() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 255
    assert abs(int(_preprocess("crop").place(red)[0, 0, 0]) - 76) <= 1  # 0.299 of 255
    gray = _preprocess("crop", channels=3).place(_ramp(32, 32))
    assert gray.shape == (32, 32, 3)
    assert (gray[..., 0] == gray[..., 2]).all()


def test_a_crop_is_cut_from_the_whole_picture() -> None:
    crop = Crop(area=0.25, ratio=1.0, top=0.0, left=1.0)
    assert crop.box(100, 100) == (50, 0, 100, 50)
    placed = _preprocess("crop").place(_ramp(100, 100), crop)
    assert abs(int(placed[0, 0, 0]) - 129) <= 3
    assert int(placed[0, -1, 0]) >= 253
    wide = Crop(area=1.0, ratio=4 / 3, top=0.5, left=0.5).box(100, 100)
    assert wide[0] == 0
    assert wide[2] == 100
    assert wide[3] - wide[1] < 100


def test_normalize_is_its_definition() -> None:
    preprocess = Preprocess(size=(2, 2), channels=3, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    images = torch.randint(0, 256, (4, 3, 2, 2), dtype=torch.uint8)
    mean, std = torch.tensor(preprocess.mean).view(3, 1, 1), torch.tensor(preprocess.std).view(3, 1, 1)
    assert torch.allclose(preprocess.normalize(images), (images.float() / 255 - mean) / std, atol=1e-6)
    assert preprocess.normalize(images).dtype == torch.float32
