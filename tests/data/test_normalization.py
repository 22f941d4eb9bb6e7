import numpy as np
import pytest
import torch

from striate.data.normalization import normalize

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def pictures(count: int, side: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 3, side, side + 2), np.uint8))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_layout_is_kept_and_changes_no_bit(layout):
    images = pictures(7, 12).contiguous(memory_format=layout)
    before = images.clone()
    normalized = normalize(images, MEAN, STD)
    assert normalized.dtype == torch.float32
    assert torch.equal(normalized, normalize(images.contiguous(), MEAN, STD))
    assert torch.equal(normalized, normalize(images.float(), MEAN, STD))
    assert normalized.stride() == images.stride()
    assert torch.equal(images, before)


def test_it_is_its_definition():
    images = pictures(3, 5)
    mean, std = (torch.tensor(each, dtype=torch.float64)[:, None, None] for each in (MEAN, STD))
    expected = (images.double() / 255 - mean) / std
    assert torch.allclose(normalize(images, MEAN, STD).double(), expected, atol=1e-6)


def test_a_part_of_a_batch_that_does_not_lie_together_is_normalized_too():
    images = pictures(4, 9)
    part = images[::2, :, 1:, ::3]
    assert torch.equal(normalize(part, MEAN, STD), normalize(part.contiguous(), MEAN, STD))


@pytest.mark.parametrize("shape", [(0, 3, 4, 4), (2, 3, 1, 1), (1, 3, 4, 1)])
def test_no_pictures_and_single_pixels_have_their_shape(shape):
    assert normalize(torch.zeros(shape, dtype=torch.uint8), MEAN, STD).shape == shape


def test_gray_has_one_mean():
    assert normalize(torch.full((1, 1, 2, 2), 255, dtype=torch.uint8), (0.5,), (0.25,)).unique().tolist() == [2.0]
