"""A pack that fills as it is read: the same pixels at every moment, and nothing of it where it does not fill."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from striate.data import pack_filling, packing
from striate.data.examine import with_hashes
from striate.data.pack import Wish, estimate, fill, find, pack
from striate.data.pack_filling import Filling
from striate.data.preprocess import Crop, Preprocess
from striate.data.store import Store
from striate.data.table import Table

INPUT = Preprocess(size=(24, 24), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
COUNT = 12


@pytest.fixture
def wish(album: Callable[..., Table], scene: Callable[..., Image.Image], encode: Callable[..., bytes]) -> Wish:
    files: dict[str, Image.Image | bytes] = {f"{'ab'[i % 2]}/{i}.jpg": scene(i, 150 + i, 130) for i in range(COUNT - 2)}
    files |= {"a/cut.jpg": encode(scene(30))[:-600], "b/other.png": scene(31, 200, 140)}
    return Wish(table=with_hashes(album(files), quiet=True), preprocess=INPUT, crop=(0.3, 1.0), quiet=True)


def filling(wish: Wish) -> Filling:
    return fill(wish, estimate(wish))


def read(store: Store, seed: int = 0, rows: Any = range(COUNT)) -> list[Any]:
    random = np.random.default_rng(seed)
    crops = [Crop(area=random.uniform(0.2, 1), ratio=1.1, top=random.random(), left=random.random()) for _ in rows]
    images, readable = store.read(np.array(rows), crops)
    images[~readable] = 0
    return [*images.tolist(), readable.tolist(), [store.reason(row) for row in rows]]


@pytest.fixture
def expected(wish: Wish, tmp_path_factory: pytest.TempPathFactory) -> list[list[Any]]:
    """What is read, twice, from a pack made beforehand elsewhere."""
    from dataclasses import replace

    store = Store(wish.table, INPUT, packed=pack(replace(wish, where=tmp_path_factory.mktemp("elsewhere"))))
    return [read(store, seed) for seed in range(3)]


def test_the_pixels_are_those_of_the_pack_while_it_fills_and_after(wish: Wish, expected: list[list[Any]]) -> None:
    store = Store(wish.table, INPUT, packed=filling(wish))
    assert [read(store, seed) for seed in range(3)] == expected
    store.close()
    packed = find(wish)
    assert packed is not None
    assert [read(Store(wish.table, INPUT, packed=packed), seed) for seed in range(3)] == expected


def test_a_file_is_read_twice_and_then_its_place_in_the_pack_though_others_have_not_been_read_at_all(
    wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, rows, prepare, glance = filling(wish), [], packing.prepare, packing.glance
    monkeypatch.setattr(pack_filling, "prepare", lambda work, row: (rows.append(row), prepare(work, row))[1])
    monkeypatch.setattr(
        pack_filling, "glance", lambda work, row, *rest: (rows.append(row), glance(work, row, *rest))[1]
    )
    for row in (3, 1, 3, 1, 5, 3):
        made.picture(row, lambda *_: 8)
    assert rows == [3, 1, 3, 1, 5]
    made.close()


def test_one_that_is_not_filled_leaves_nothing(wish: Wish) -> None:
    store = Store(wish.table, INPUT, packed=filling(wish))
    for _ in range(2):
        read(store, rows=range(COUNT - 1))
    assert list(wish.folder.glob(".*.part"))
    store.close()
    assert not list(wish.folder.glob(".*.part"))
    assert find(wish) is None


def test_a_second_reads_the_same_pixels_and_takes_up_the_pack_of_the_first(
    wish: Wish, expected: list[list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_filling, "_LOOK_AGAIN", 0.0)
    first, second = filling(wish), filling(wish)
    assert (first.fills, second.fills) == (True, False)
    one, two = (Store(wish.table, INPUT, packed=made) for made in (first, second))
    assert read(two, 0) == expected[0]
    assert read(one, 1) == expected[1]
    assert read(one, 1) == expected[1]
    assert read(two, 2) == expected[2]
    assert second._packed is not None
    assert first._packed is not None
    one.close()
    two.close()


def test_a_disk_that_fills_up_is_said_once_and_changes_no_pixel(
    wish: Wish, expected: list[list[Any]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write, calls = os.pwrite, []

    def full(*arguments: Any) -> int:
        calls.append(arguments)
        if len(calls) > 4:
            raise OSError(28, "No space left on device")
        return write(*arguments)

    monkeypatch.setattr(os, "pwrite", full)
    store = Store(wish.table, INPUT, packed=filling(wish))
    assert [read(store, seed) for seed in range(3)] == expected
    assert capsys.readouterr().err.count("every epoch decodes the files anew: ") == 1
    assert not list(wish.folder.glob(".*.part"))
    store.close()
    assert find(wish) is None


def test_what_a_killed_one_left_is_cleared_away(wish: Wish) -> None:
    left = wish.folder / f".{'0' * 32}.abc.part"
    (left / "pictures").mkdir(parents=True)
    Path(wish.folder / f".{'0' * 32}.lock").touch()
    filling(wish).close()
    assert not left.exists()
