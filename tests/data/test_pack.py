"""Packs: the same pictures as the files have, made once, whole or not at all, and never taken for another's."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from striate.core.errors import DoesNotApply, StriateError
from striate.data import pack_choice, pack_flush, packing
from striate.data.examine import with_hashes
from striate.data.pack import Wish, estimate, find, make, pack
from striate.data.pack_writer import Kept, PartWriter
from striate.data.packed import Packed
from striate.data.preprocess import Crop, Preprocess
from striate.data.store import Store
from striate.data.table import Table
from striate.sources import open_table

INPUT = Preprocess(size=(32, 32), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
CROP = (0.25, 1.0)
DRAWN = [(0.25, 0.8, 0.1, 0.9), (1.0, 1.0, 0.5, 0.5), (0.5, 1.3, 0.0, 1.0), (0.8, 0.9, 1.0, 0.2), (0.35, 1.1, 0.4, 0.6)]
CROPS = [Crop(area=area, ratio=ratio, top=top, left=left) for area, ratio, top, left in DRAWN]


@pytest.fixture
def photos(tmp_path: Path, scene: Callable[..., Image.Image]) -> Path:
    folder = tmp_path / "photos"
    for number in range(16):
        (folder / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        picture = scene(number, 240 + number, 180)
        picture.save(folder / "ab"[number % 2] / f"{number}.jpg", quality=90)
    return folder


def opened(folder: Path) -> Table:
    return with_hashes(open_table(folder), quiet=True)


def wish(folder: Path, **more: Any) -> Wish:
    return Wish(**{"table": opened(folder), "preprocess": INPUT, "crop": CROP, "quiet": True, **more})


def read(table: Table, packed: Packed | None, preprocess: Preprocess = INPUT) -> np.ndarray:
    store, count = Store(table, preprocess, packed=packed), len(table)
    images, readable = store.read(np.arange(count), [CROPS[i % len(CROPS)] for i in range(count)])
    store.close()
    assert readable.all()
    return images.astype(int)


def test_reduced_pictures_give_crops_within_the_tolerance(photos: Path) -> None:
    asked = wish(photos)
    packed = pack(asked)
    assert packed.kind == "raw"
    assert [packed.form.step(180, 240 + number) for number in (0, 15)] == [2, 2]
    difference = np.abs(read(asked.table, packed) - read(asked.table, None))
    assert difference.mean((1, 2, 3)).max() <= 2
    assert difference.max() <= 40


def test_pictures_that_are_not_reduced_give_the_same_crops(photos: Path) -> None:
    for channels, statistics in ((3, (0.5,) * 3), (1, (0.5,))):
        large = Preprocess(size=(96, 96), channels=channels, mean=statistics, std=statistics)
        asked = wish(photos, preprocess=large)
        packed = pack(asked)
        assert packed.form.step(180, 240) == 1
        assert (read(asked.table, packed, large) == read(asked.table, None, large)).all()


def test_a_crop_too_small_for_the_reduced_picture_is_cut_from_the_file(photos: Path) -> None:
    asked = wish(photos)
    small = [Crop(area=0.06, ratio=1.0, top=0.5, left=0.5)]
    images = [Store(asked.table, INPUT, packed=p).read(np.array([3]), small)[0] for p in (None, pack(asked))]
    assert (images[0] == images[1]).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_crops_of_a_batch_are_those_cut_one_by_one(
    photos: Path, monkeypatch: pytest.MonkeyPatch, channels: int
) -> None:
    Image.fromarray(np.arange(120 * 90, dtype=np.uint8).reshape(90, 120)).save(photos / "a" / "gray.jpg")
    asked = wish(photos, crop=(0.05, 1.0))
    packed = pack(asked)
    assert packed is not None
    assert packed.kind == "raw"
    preprocess = INPUT if channels == 3 else Preprocess(size=(32, 32), channels=1)
    random = np.random.default_rng(channels)
    rows = random.permutation(np.repeat(np.arange(len(asked.table)), 20))
    crops = [
        Crop(area=area, ratio=ratio, top=top, left=left)
        for area, ratio, top, left in random.uniform((0.05, 0.75, 0, 0), (1, 1.33, 1, 1), (len(rows), 4)).tolist()
    ]
    quick, slow = (Store(asked.table, preprocess, packed=packed) for _ in range(2))
    images, readable = quick.read(rows, crops)
    cuts = packed.crops(rows, crops, preprocess, images)
    assert cuts is None or 0.5 < np.mean([cuts.cut(place) for place in range(len(rows))]) < 1 or channels == 1
    monkeypatch.setattr(Packed, "crops", lambda *_: None)
    assert readable.all()
    assert (images == slow.read(rows, crops)[0]).all()


def test_jpegs_of_a_pack_give_crops_within_the_tolerance(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack_choice, "_RAW", 0)
    asked = wish(photos, preprocess=Preprocess(size=(16, 16), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3))
    packed = pack(asked)
    assert packed.kind == "jpeg"
    difference = np.abs(read(asked.table, packed, asked.preprocess) - read(asked.table, None, asked.preprocess))
    assert difference.mean((1, 2, 3)).max() <= 3
    assert packed.bytes <= sum(file.stat().st_size for file in photos.rglob("*.jpg")) / 2


def test_placed_pictures_are_the_same_as_from_the_files(photos: Path) -> None:
    (photos / "a" / "0.jpg").write_bytes((photos / "a" / "2.jpg").read_bytes()[:900])
    asked = wish(photos, crop=None)
    rows = np.array([7, 0, 3, 3, 15])
    direct, packed = Store(asked.table, INPUT), Store(asked.table, INPUT, packed=pack(asked))
    (one, readable), (two, also) = direct.read(rows), packed.read(rows)
    assert readable.tolist() == also.tolist()
    assert (one[readable] == two[readable]).all()
    lost = int(rows[~readable][0])
    assert packed.reason(lost) == direct.reason(lost)


def test_an_unreadable_picture_keeps_its_reason(photos: Path) -> None:
    (photos / "a" / "4.jpg").write_bytes(b"<html>not found")
    (photos / "b" / "5.jpg").write_bytes((photos / "b" / "7.jpg").read_bytes()[:-2000])
    asked = wish(photos)
    stores = Store(asked.table, INPUT), Store(asked.table, INPUT, packed=pack(asked))
    rows = np.arange(len(asked.table))
    answers = [store.read(rows, CROPS * 3 + CROPS[:1])[1].tolist() for store in stores]
    assert answers[0] == answers[1]
    assert answers[0].count(False) == 2
    assert [stores[0].reason(row) for row in rows] == [stores[1].reason(row) for row in rows]


def test_odd_pictures_are_packed_as_they_are_read(shared_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "x").symlink_to(shared_data / "odd-images" / "made-here")
    (folder / "y").symlink_to(shared_data / "odd-images" / "skimage")
    asked = wish(folder)
    rows = np.arange(len(asked.table))
    crops = [CROPS[1]] * len(rows)
    (one, readable), (two, also) = (
        Store(asked.table, INPUT, packed=p).read(rows, crops) for p in (None, pack(asked))
    )  # fmt: skip
    assert len(rows) > 10
    assert readable.tolist() == also.tolist()
    assert np.abs(one[readable].astype(int) - two[readable]).mean() <= 2


@pytest.mark.parametrize("fields", [{}, {"crop": None}])
def test_the_estimate_is_within_a_fifth_of_the_truth(photos: Path, fields: dict[str, Any]) -> None:
    asked = wish(photos, **fields)
    assert pack(asked).bytes == pytest.approx(estimate(asked).size, rel=0.2)


def test_estimates_of_jpegs_and_of_a_sample_are_within_a_fifth(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = wish(photos, preprocess=Preprocess(size=(16, 16), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3))
    monkeypatch.setenv("STRIATE_CACHE", str(photos.parent / "empty"))  # nothing is known of the pictures
    monkeypatch.setattr(pack_choice, "_SAMPLE", 5)
    raw = estimate(asked)
    assert pack(asked).bytes == pytest.approx(raw.size, rel=0.2)
    monkeypatch.setattr(pack_choice, "_RAW", 0)
    chosen = estimate(asked)
    assert chosen.kind == "jpeg"
    monkeypatch.setenv("STRIATE_CACHE", str(photos.parent / "other"))
    assert make(asked, chosen).bytes == pytest.approx(chosen.size, rel=0.2)


def test_what_would_be_too_large_is_not_made_and_the_reason_is_said(photos: Path) -> None:
    with pytest.raises(DoesNotApply, match="over the limit of 1 MB"):
        pack(wish(photos, limit=1000, crop=None))
    with pytest.raises(DoesNotApply, match="in memory already"):
        pack(Wish(table=with_hashes(open_table("digits"), quiet=True), preprocess=INPUT))


def test_a_pack_is_found_again_for_the_whole_table_and_for_part_of_it(photos: Path) -> None:
    asked = wish(photos, rows=np.array([1, 2, 5]))
    part = pack(asked)
    assert find(asked) is not None
    assert find(wish(photos)) is None
    assert part.has(np.array([0, 1, 5])).tolist() == [False, True, True]
    whole = pack(wish(photos))
    assert find(asked).path == whole.path  # type: ignore[union-attr]


def test_a_changed_picture_or_setting_needs_another_pack(photos: Path) -> None:
    pack(wish(photos))
    assert find(wish(photos)) is not None
    assert find(wish(photos, crop=(0.3, 1.0))) is None
    assert find(wish(photos, preprocess=INPUT.model_copy(update={"size": (31, 32)}))) is None
    assert find(wish(photos, preprocess=INPUT.model_copy(update={"mean": (0.1,) * 3}))) is not None
    Image.open(photos / "a" / "2.jpg").rotate(180).save(photos / "a" / "2.jpg")
    assert find(wish(photos)) is None


def _cut(pack: Path) -> None:
    file = pack / "pictures" / "0.bin"
    os.truncate(file, file.stat().st_size - 1)


def _renumber(pack: Path) -> None:
    about = json.loads((pack / "store.json").read_text())
    (pack / "store.json").write_text(json.dumps({**about, "format": 0}))


def _forget(pack: Path) -> None:
    (pack / "store.json").unlink()


def _garble(pack: Path) -> None:
    (pack / "index-0.arrow").write_bytes(bytes((pack / "index-0.arrow").stat().st_size))


@pytest.mark.parametrize("harm", [_cut, _renumber, _forget, _garble])
def test_a_damaged_pack_is_said_and_built_anew(
    photos: Path, harm: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = wish(photos)
    path = pack(asked).path
    harm(path)
    assert find(asked) is None
    assert "is damaged" in capsys.readouterr().err
    whole = pack(asked)
    assert whole.path == path
    assert (read(asked.table, whole) >= 0).all()


def test_a_pack_that_the_machine_did_not_live_to_flush_does_not_count(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = wish(photos)
    monkeypatch.setattr(pack_flush, "flush_meanwhile", lambda _: None)
    path = pack(asked).path
    monkeypatch.setattr(pack_flush, "boot", lambda: "another start of the machine")
    assert find(asked) is None
    monkeypatch.undo()
    pack_flush.flush(path)
    monkeypatch.setattr(pack_flush, "boot", lambda: "another start of the machine")
    assert pack_flush.trusted(path, "the first")


def test_a_full_disk_is_named_and_leaves_nothing(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StriateError, match="disk is full"):
        pack(wish(photos, where=tmp_path / "packs"))
    assert [path.name for path in (tmp_path / "packs").iterdir() if path.is_dir()] == []


PROGRAM = """
import sys, numpy as np
from pathlib import Path
from striate.data import packing
from striate.data.examine import with_hashes
from striate.data.pack import Wish, pack
from striate.data.preprocess import Preprocess
from striate.sources import open_table
import time
table = with_hashes(open_table(sys.argv[1]), quiet=True)
preprocess = Preprocess(size=(32, 32), channels=3, mean=(0.5,) * 3, std=(0.5,) * 3)
prepare = packing.prepare
packing.prepare = lambda work, row: (time.sleep(0.06), prepare(work, row))[1]
print("ready", flush=True)
pack(Wish(table=table, preprocess=preprocess, crop=(0.25, 1.0), threads=1, where=Path(sys.argv[2])))
"""


def started(folder: Path, where: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(folder), str(where)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not any(f.stat().st_size for f in where.glob(".*.part/pictures/0.bin")):
        time.sleep(0.01)
    return process


def test_a_kill_half_way_leaves_no_pack_and_its_remains_are_cleared_away(photos: Path, tmp_path: Path) -> None:
    where = tmp_path / "packs"
    process = started(photos, where)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    asked = wish(photos, where=where)
    assert list(where.glob(".*.part"))
    assert find(asked) is None
    pack(wish(photos, where=where, crop=(0.5, 1.0)))  # another one clears away too
    assert not list(where.glob(".*.part"))
    assert pack(asked).bytes == estimate(asked).size


def test_two_processes_at_once_make_one_pack(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = tmp_path / "packs"
    process = started(photos, where)
    monkeypatch.setattr(packing, "prepare", None)  # it must not be packed here
    packed = pack(wish(photos, where=where, quiet=False))
    assert "another process is making" in capsys.readouterr().err
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert [path.name for path in where.iterdir() if path.is_dir()] == [packed.path.name]


class Three:
    """Three threads that pack together, as processes would."""

    def __init__(self, rank: int, barrier: threading.Barrier, board: list[Any]) -> None:
        self.rank, self.world, self._barrier, self._board = rank, 3, barrier, board

    def gather(self, value: Any) -> list[Any]:
        self._board[self.rank] = value
        self._barrier.wait()
        values = list(self._board)
        self._barrier.wait()
        return values

    def share(self, value: Any) -> Any:
        return self.gather(value)[0]


def together(asked: Callable[[int], Wish]) -> list[Packed | StriateError]:
    barrier, board, results = threading.Barrier(3, timeout=30), [None] * 3, [None] * 3

    def one(rank: int) -> None:
        from dataclasses import replace

        try:
            results[rank] = pack(replace(asked(rank), group=Three(rank, barrier, board)))  # type: ignore[call-overload]
        except StriateError as error:
            results[rank] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results  # type: ignore[return-value]


@pytest.mark.parametrize("crop", [CROP, None])
def test_parts_of_several_processes_hold_what_one_would(photos: Path, tmp_path: Path, crop: Any) -> None:
    asked = wish(photos, crop=crop, where=tmp_path / "three")
    made = together(lambda _: asked)
    assert {type(one) for one in made} == {Packed}
    assert len(made[1].parts) == 3  # type: ignore[union-attr]
    alone = pack(wish(photos, crop=crop, where=tmp_path / "one"))
    crops = None if crop is None else CROPS * 3 + CROPS[:1]
    one, three = (Store(asked.table, INPUT, packed=p).read(np.arange(16), crops)[0] for p in (alone, made[2]))
    assert (one == three).all()


def test_the_failure_of_one_process_is_raised_in_all(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, write = wish(photos), PartWriter.write

    def fails(self: PartWriter, number: int, kept: Kept) -> None:
        if self._index.name == "index-2.arrow":
            raise OSError(28, "No space left on device")
        write(self, number, kept)

    monkeypatch.setattr(PartWriter, "write", fails)
    assert all("full" in str(error) or "space" in str(error) for error in together(lambda _: asked))
    assert find(asked) is None
