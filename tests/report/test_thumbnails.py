from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from striate.report.thumbnails import collect, data_uri, in_turn, shrink, tile


def noise(count: int, height: int, width: int, channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, channels), dtype=np.uint8)


def opened(uri: str) -> np.ndarray:
    with Image.open(BytesIO(b64decode(uri.split(",")[1]))) as picture:
        return np.asarray(picture)


@pytest.mark.parametrize(("height", "width", "channels"), [(8, 8, 1), (9, 13, 3)])
def test_each_tile_holds_its_picture(height, width, channels):
    images = np.zeros((600, height, width, channels), np.uint8)
    images[:] = (np.arange(600) % 256)[:, None, None, None]
    found = collect([5, 599, 5, *range(300)], images.__getitem__, budget=10_000_000)
    assert len(found.tiles) == 301
    assert len(found.sheets) == 2
    for row, place in found.tiles.items():
        sheet = opened(found.sheets[place // 256])
        y, x = place % 256 // 16 * found.pitch[0], place % 16 * found.pitch[1]
        np.testing.assert_array_equal(sheet[y : y + height, x : x + width], images[row].squeeze())


def test_pictures_stop_where_the_budget_ends_the_most_important_first():
    images = noise(2000, 16, 16, 3)
    found = collect(range(2000), images.__getitem__, budget=500_000)
    assert 256 <= len(found.tiles) < 2000
    assert set(found.tiles) == set(range(len(found.tiles)))
    assert found.bytes <= 500_000


def test_large_pictures_are_shrunk_to_their_shape_and_small_ones_left_alone():
    assert shrink(noise(2, 300, 150, 3)).shape == (2, 112, 56, 3)
    assert shrink(noise(2, 300, 150, 1)).shape == (2, 112, 56, 1)
    small = noise(2, 30, 20, 3)
    assert shrink(small) is small


def test_shrinking_does_not_alias():
    stripes = np.tile(np.array([0, 255], np.uint8), 224)[None, None, :, None].repeat(448, axis=1)
    middle = shrink(stripes)[0, 8:-8, 8:-8]
    assert np.abs(middle.astype(int) - 127).max() < 8


@pytest.mark.parametrize(("side", "scale"), [(8, 16.0), (28, 4.0), (32, 4.0), (112, 1.0)])
def test_tiny_pictures_are_enlarged_by_whole_numbers(side, scale):
    found = collect([0], noise(1, side, side, 1).__getitem__, budget=1)
    assert found.scale == scale
    assert found.pixelated == (side < 64)


def test_gaps_between_tiles_repeat_the_edge_so_that_jpeg_does_not_bleed():
    canvas = tile(np.full((3, 5, 5, 1), 200, np.uint8), pitch=(8, 8), across=2)
    assert canvas.shape == (16, 16, 1)
    assert (canvas == 200).all()


def test_flat_pictures_stay_lossless_and_noise_may_become_jpeg():
    assert data_uri(np.zeros((64, 64, 3), np.uint8), quality=80).startswith("data:image/png")
    assert data_uri(noise(1, 64, 64, 3)[0], quality=80).startswith("data:image/jpeg")
    np.testing.assert_array_equal(opened(data_uri(noise(1, 64, 64, 3)[0])), noise(1, 64, 64, 3)[0])


def test_lists_are_taken_in_turn():
    assert list(in_turn([[1, 2, 3], [], [4], [5, 6]])) == [1, 4, 5, 2, 6, 3]
