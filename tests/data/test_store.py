"""The store: the same pictures whoever reads them, and what cannot be read is said, never replaced."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.core.errors import RecipeError
from striate.data.preprocess import Crop, Preprocess
from striate.data.store import Store
from striate.data.table import Table
from striate.sources import open_table

PLAIN = Preprocess(size=(24, 24), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)


@pytest.fixture
def photos(tmp_path: Path) -> Table:
    draw = np.random.default_rng(0)
    for name in ("apple", "pear"):
        (tmp_path / name).mkdir()
        for number in range(6):
            pixels = draw.integers(0, 255, (40 + number, 60, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.jpg", quality=90)
    (tmp_path / "pear" / "3.jpg").write_bytes((tmp_path / "pear" / "3.jpg").read_bytes()[:300])
    return open_table(tmp_path)


def test_unreadable_pictures_are_told_apart_with_their_reason(photos: Table) -> None:
    store = Store(photos, PLAIN)
    rows = np.arange(len(photos))
    images, readable = store.read(rows)
    (lost,) = np.flatnonzero(~readable)
    assert photos.name(lost) == "pear/3.jpg"
    assert store.reason(lost)
    assert store.reason(0) is None
    assert images.shape == (12, 3, 24, 24)
    store.close()


def test_kept_pictures_and_read_again_are_the_same(photos: Table) -> None:
    rows = np.array([3, 0, 0, 7])
    kept, never = Store(photos, PLAIN), Store(photos, PLAIN, memory=0)
    first, again, fresh = kept.read(rows)[0], kept.read(rows)[0], never.read(rows)[0]
    assert (first == again).all()
    assert (first == fresh).all()


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_number_of_threads_changes_nothing(photos: Table, threads: int) -> None:
    crops = [Crop(area=0.1 + 0.05 * i, ratio=1.2, top=0.3, left=0.9) for i in range(9)]
    rows = np.arange(9)
    alone = Store(photos, PLAIN, threads=1).read(rows, crops)[0]
    assert (Store(photos, PLAIN, threads=threads).read(rows, crops)[0] == alone).all()


def test_arrays_of_the_right_size_are_handed_on_unchanged() -> None:
    table = open_table("digits")
    store = Store(table, Preprocess(size=(8, 8), channels=1))
    assert table.pixels is not None
    images, readable = store.read(np.array([5, 1700]))
    assert readable.all()
    assert (images[:, 0] == table.pixels[[5, 1700], :, :, 0]).all()


def test_no_threads_is_refused(photos: Table) -> None:
    with pytest.raises(RecipeError, match="at least 1"):
        Store(photos, PLAIN, threads=0)
