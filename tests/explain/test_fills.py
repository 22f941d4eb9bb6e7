"""What stands for absence, for each picture on its own."""

import pytest
import torch

from striate.core.errors import DoesNotApply, UnknownName
from striate.explain.fills import FILLS, filled


def test_each_fill_is_what_its_name_says() -> None:
    images = torch.randn(2, 3, 8, 6)
    assert not filled(images, "gray").any()
    assert torch.equal(filled(images, "mean")[1, 2], images[1, 2].mean().expand(8, 6))
    assert torch.equal(filled(images, "black")[0, 1], images[0, 1].min().expand(8, 6))


@pytest.mark.parametrize("name", list(FILLS))
def test_a_picture_is_filled_the_same_alone_and_keeps_its_shape(name: str) -> None:
    images = torch.randn(3, 3, 9, 7, dtype=torch.float64)
    together = filled(images, name)
    assert together.shape == images.shape
    assert together.dtype == images.dtype
    assert torch.allclose(filled(images[1:2], name)[0], together[1])


def test_blur_keeps_even_areas_and_takes_outlines_away() -> None:
    even = torch.full((1, 1, 16, 16), 3.0)
    assert torch.allclose(filled(even, "blur"), even)
    point = torch.zeros(1, 1, 33, 17, dtype=torch.float64)
    point[0, 0, 16, 8] = 1
    soft = filled(point, "blur")[0, 0]
    assert torch.allclose(soft, soft.flip(0))
    assert torch.allclose(soft, soft.flip(1))
    down = (torch.arange(33) - 16.0) ** 2
    assert (soft.sum(dim=1) * down).sum().sqrt().item() == pytest.approx(33 / 16, rel=0.02)
    right = (torch.arange(17) - 8.0) ** 2
    assert (soft.sum(dim=0) * right).sum().sqrt().item() == pytest.approx(17 / 16, rel=0.02)


def test_a_color_a_picture_or_one_for_each_can_be_given() -> None:
    images = torch.randn(2, 3, 4, 4)
    assert torch.equal(filled(images, torch.tensor([1.0, 2.0, 3.0]))[1, 2], torch.full((4, 4), 3.0))
    assert torch.equal(filled(images, images[0])[1], images[0])
    assert torch.equal(filled(images, images.flip(0)), images.flip(0))
    with pytest.raises(DoesNotApply, match=r"not \(4, 4\)"):
        filled(images, images[0, 0])
    with pytest.raises(UnknownName, match="gray"):
        filled(images, "grey")
