"""Test-time views: where they lie, that they keep their shape, and that the store cuts them."""

import numpy as np
import pytest
import torch

from striate.core.errors import UnknownName
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.data.views import VIEWS, View, views
from striate.sources import open_table

SQUARE = (224, 224)
COUNTS = {"none": 1, "flip": 2, "five": 5, "ten": 10, "multiscale": 6}


def test_every_name_has_its_views() -> None:
    assert {name: len(views(name, SQUARE)) for name in VIEWS} == COUNTS


def test_ten_are_the_corners_and_the_center_of_alexnet_and_their_mirrors() -> None:
    found = views("ten", SQUARE)
    boxes = [view.crop.box(256, 256) for view in found if view.crop]
    corners = [(0, 0), (32, 0), (0, 32), (32, 32), (16, 16)]
    assert boxes[::2] == [pytest.approx((left, top, left + 224, top + 224)) for left, top in corners]
    assert boxes[::2] == boxes[1::2]
    assert [view.flip for view in found] == [False, True] * 5


@pytest.mark.parametrize("size", [(64, 64), (32, 64), (48, 20)])
@pytest.mark.parametrize("shape", [(100, 300), (300, 100), (97, 131)])
@pytest.mark.parametrize("name", ["five", "multiscale"])
def test_a_window_keeps_the_shape_of_the_input_and_stays_inside(
    name: str, shape: tuple[int, int], size: tuple[int, int]
) -> None:
    for view in views(name, size):
        assert view.crop is not None
        left, top, right, bottom = view.crop.box(*shape)
        assert 0 <= left < right <= shape[1]
        assert 0 <= top < bottom <= shape[0]
        assert (right - left) / (bottom - top) == pytest.approx(size[1] / size[0])


def test_the_largest_center_is_what_crop_takes() -> None:
    store = Store(open_table("digits"), Preprocess(size=(6, 6), channels=1))
    rows = np.arange(5)
    whole = views("multiscale", (6, 6))[0]
    assert np.abs(store.read(rows)[0].astype(int) - store.read(rows, whole.crops(5))[0]).max() <= 1


def test_a_mirrored_view_is_mirrored_left_to_right() -> None:
    images = torch.arange(12).view(1, 1, 3, 4)
    assert torch.equal(View(flip=True).look(images), images.flip(3))
    assert View().look(images) is images
    assert View().crops(3) is None


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean ten"):
        views("tem", SQUARE)
