"""A training's store: none, found or made, and always said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from striate.core.errors import StriateError
from striate.data import pack_automatic
from striate.data.examine import with_hashes
from striate.data.pack import Wish
from striate.data.pack_automatic import automatic
from striate.data.pack_filling import Filling
from striate.data.packed import Packed
from striate.data.preprocess import Preprocess
from striate.data.table import Table
from striate.sources import open_table

INPUT = Preprocess(size=(16, 16), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)


@pytest.fixture
def wish(album: Callable[..., Table], scene: Callable[..., Image.Image]) -> Callable[..., Wish]:
    table = with_hashes(album({f"{'ab'[i % 2]}/{i}.jpg": scene(i) for i in range(6)}), quiet=True)
    return lambda **fields: Wish(**{"table": table, "preprocess": INPUT, "crop": (0.3, 1.0), **fields})


def test_none_is_none(wish: Callable[..., Wish], capsys: pytest.CaptureFixture[str]) -> None:
    assert automatic(wish(), "none", 100) is None
    assert capsys.readouterr().err == ""


def test_auto_fills_one_in_the_cache_and_finds_it_the_next_time(
    wish: Callable[..., Wish], capsys: pytest.CaptureFixture[str]
) -> None:
    filling = automatic(wish(rows=np.array([0, 2, 3])), "auto", 20)
    assert isinstance(filling, Filling)
    told = capsys.readouterr().err
    assert told == f"store: 3 pictures, about 1 MB as raw pixels, filled as they are read again, at {filling.path}\n"
    for row in (0, 2, 3, 0, 2, 3):
        filling.picture(row, lambda *_: 1)
    filling.close()
    found = automatic(wish(rows=np.array([0, 2, 3])), "auto", 1)
    assert isinstance(found, Packed)
    assert capsys.readouterr().err == f"store: shared, {filling.path}\n"


def test_auto_makes_none_for_one_epoch_for_memory_or_for_arrays(wish: Callable[..., Wish]) -> None:
    assert automatic(wish(), "auto", 1) is None
    assert automatic(wish(crop=None), "auto", 50) is None
    digits = with_hashes(open_table("digits"), quiet=True)
    assert automatic(wish(table=digits), "auto", 50) is None


def test_placed_pictures_are_packed_where_they_do_not_fit_into_memory(
    wish: Callable[..., Wish], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_automatic, "MEMORY", 1000)
    made = automatic(wish(crop=None), "auto", 20)
    assert made is not None
    assert made.kind == "placed"


def test_a_folder_that_is_named_is_used(wish: Callable[..., Wish], tmp_path: Path) -> None:
    made = automatic(wish(), str(tmp_path / "mine"), 1)
    assert made is not None
    assert made.path.parent == tmp_path / "mine"
    made.close()


@pytest.mark.parametrize("fields", [{"limit": 10}, {}])
def test_auto_goes_on_without_one_and_says_why_where_a_folder_that_was_named_is_an_error(
    wish: Callable[..., Wish],
    fields: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path if fields else blocked))
    assert automatic(wish(**fields), "auto", 20) is None
    assert "every epoch decodes the files anew" in capsys.readouterr().err
    with pytest.raises(StriateError):
        automatic(wish(**fields), str(blocked / "packs"), 20)
