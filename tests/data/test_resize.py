"""Two ways to resize, one result."""

import numpy as np
import pytest
from PIL import Image

from striate.data import resize
from striate.data.resize import cut, outer, shrink


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).integers(0, 256, (75, 100, 3), np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(16, 16), (20, 31), (70, 90)])
@pytest.mark.parametrize("box", [(0, 0, 100, 75), (10, 5, 74, 69), (99, 0, 100, 1)])
def test_the_quick_way_is_within_1_of_pillows(noise, monkeypatch, channels, size, box):
    quick = cut(noise[..., :channels], size, box).astype(int)
    monkeypatch.setattr(resize, "_QUICK", False)
    slow = cut(noise[..., :channels], size, box)
    assert quick.shape == slow.shape == (*size, channels)
    assert np.abs(quick - slow).max() <= 1


def test_a_part_of_the_size_wanted_is_handed_on_as_it_is(noise):
    assert (cut(noise, (10, 20), (3, 4, 23, 14)) == noise[4:14, 3:23]).all()


def test_nothing_outside_the_box_is_looked_at(noise):
    other = noise.copy()
    other[:5] = other[60:] = 0
    other[:, :10] = other[:, 90:] = 0
    for box in ((10, 5, 90, 60), (10.25, 5.5, 89.5, 59.75)):
        assert (cut(noise, (16, 16), box) == cut(other, (16, 16), box)).all()
    assert outer((10.25, 5.5, 89.5, 59.75)) == (10, 5, 90, 60)


def test_memory_that_may_only_be_read_is_no_trouble(noise):
    locked = noise.copy()
    locked.setflags(write=False)
    assert (cut(locked, (16, 16), (0, 0, 100, 75)) == cut(noise, (16, 16), (0, 0, 100, 75))).all()


@pytest.mark.parametrize("step", [2, 4, 8])
def test_shrinking_takes_means(noise, step):
    whole = noise[:72, :96]
    means = whole.reshape(72 // step, step, 96 // step, step, 3).mean((1, 3))
    assert np.abs(shrink(whole, (72, 96), step) - means).max() <= 0.51
    assert shrink(noise, (75, 100), step).shape[:2] == (-(-75 // step), -(-100 // step))


def test_what_is_reduced_already_is_shrunk_by_the_rest(noise):
    half = np.asarray(Image.fromarray(noise).reduce(2))
    assert shrink(half, (75, 100), 2) is not None
    assert (shrink(half, (75, 100), 2) == half).all()
    assert shrink(half, (75, 100), 8).shape[:2] == (10, 13)
