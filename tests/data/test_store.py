"""The store: the same pictures whoever reads them, and what cannot be read is said, never replaced."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from striate.core.errors import RecipeError
from striate.data import store as module
from striate.data.decode import decode
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


def test_what_does_not_fit_into_memory_is_read_again_and_the_same(photos: Table) -> None:
    room = 5 * 3 * 24 * 24
    some, every = Store(photos, PLAIN, memory=room), Store(photos, PLAIN)
    for rows in (np.arange(12), np.arange(12)[::-1].copy(), np.array([11, 0, 11, 4])):
        (one, readable), (two, also) = some.read(rows), every.read(rows)
        assert readable.tolist() == also.tolist()
        assert (one[readable] == two[readable]).all()


def test_a_picture_kept_in_memory_is_decoded_once(photos: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[Path] = []

    def counted(path: Path, **options: Any) -> Any:
        decoded.append(path)
        return decode(path, **options)

    monkeypatch.setattr(module, "decode", counted)
    store = Store(photos, PLAIN)
    for rows in (np.array([2, 5]), np.array([5, 2, 7]), np.arange(12)):
        store.read(rows)
    assert len(decoded) == len(set(decoded)) == 12


def test_arrays_of_another_size_are_placed_and_cut() -> None:
    table = open_table("digits")
    assert table.pixels is not None
    wide = Preprocess(size=(16, 12), channels=1, fit="stretch")
    store, rows = Store(table, wide), np.array([9, 3])
    placed = wide.place(table.pixels[9])
    assert (store.read(rows)[0][0] == placed.transpose(2, 0, 1)).all()
    crop = Crop(area=0.25, ratio=1.0, top=1.0, left=0.0)
    assert (store.read(rows, [crop, crop])[0][1] == wide.place(table.pixels[3], crop).transpose(2, 0, 1)).all()


def test_memory_grows_with_what_is_read_not_with_the_table(photos: Table) -> None:
    many = photos.take(np.zeros(500_000, np.int64))
    tracemalloc.start()
    store = Store(many, PLAIN, memory=2**20)
    store.read(np.array([3, 499_999]))
    assert tracemalloc.get_traced_memory()[1] < 2**20 + 500_000 * 8
    tracemalloc.stop()
