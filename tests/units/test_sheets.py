"""Sheets: every tile is where the script of the pages looks for it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.units import sheets


def blocks(count: int, tiles: int, side: int) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(0, 255, (tiles, side, side, 3)).astype(np.uint8) for _ in range(count)]


def shown(folder: Path, sheet: sheets.Sheet, block: int, part: int) -> np.ndarray:
    """The tile, found as units.js finds it."""
    each = sheet.across * sheet.deep
    inside = block % each
    y = inside // sheet.across * sheet.block * sheet.pitch[0] + part // sheet.block * sheet.pitch[0]
    x = inside % sheet.across * sheet.block * sheet.pitch[1] + part % sheet.block * sheet.pitch[1]
    with Image.open(folder / sheet.files[block // each]) as picture:
        assert (picture.height, picture.width) == sheet.sizes[block // each]
        return np.asarray(picture)[y : y + sheet.tile[0], x : x + sheet.tile[1]]


def test_every_tile_is_found_again(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "_SIDE", 200)  # several sheets of few blocks
    made = blocks(11, 4, 8)
    sheet = sheets.write(tmp_path, "units", made, block=2, shown=32)
    assert len(sheet.files) > 1
    for block, tiles in enumerate(made):
        for part, tile in enumerate(tiles):
            assert np.array_equal(shown(tmp_path, sheet, block, part), tile)


def test_a_block_with_fewer_tiles_is_white_where_they_lack(tmp_path):
    made = [np.zeros((2, 8, 8, 1), np.uint8), np.zeros((0, 8, 8, 1), np.uint8)]
    sheet = sheets.write(tmp_path, "units", made, block=2)
    assert (shown(tmp_path, sheet, 0, 1) == 0).all()
    assert (shown(tmp_path, sheet, 0, 2) == 255).all()
    assert (shown(tmp_path, sheet, 1, 0) == 255).all()


def test_small_tiles_are_enlarged_by_whole_numbers_and_large_ones_shrunk(tmp_path):
    assert sheets.write(tmp_path, "a", blocks(1, 1, 5), shown=32).scale == 6
    assert sheets.write(tmp_path, "b", blocks(1, 1, 64), shown=32).scale == 0.5


def test_no_pictures_are_an_error_that_says_so(tmp_path):
    with pytest.raises(ValueError, match="no pictures for the sheet units"):
        sheets.write(tmp_path, "units", [])
