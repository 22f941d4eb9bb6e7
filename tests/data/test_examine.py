import os
import time
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pytest

from striate.data import cache
from striate.data import examine as module
from striate.data.decode import decode
from striate.data.examine import examine, with_hashes
from striate.data.table import Table, picture_columns
from striate.data.thumbnails import thumbnail


def look_and_count(table, monkeypatch, **options):
    read = []
    real = module.read_bytes
    monkeypatch.setattr(module, "read_bytes", lambda path: read.append(path.name) or real(path))
    found = examine(table, quiet=True, **options)
    monkeypatch.setattr(module, "read_bytes", real)
    return found, sorted(read)


def arrays(pixels):
    labels = np.zeros(len(pixels), np.int64)
    return Table(columns=picture_columns(labels), classes=("one",), source="made", location="made", pixels=pixels)


def test_each_row_says_what_its_picture_is(album, scene, encode):
    table = album(
        {
            "a/color.jpg": scene(1, 200, 150),
            "a/gray.png": scene(2).convert("L"),
            "b/as_color.png": scene(2).convert("L").convert("RGB"),
            "b/wrong.jpg": encode(scene(3), "PNG"),
            "b/cut.jpg": encode(scene(4))[:900],
        }
    )
    found = examine(table, quiet=True)
    assert found.sizes.tolist() == [[150, 200], [90, 120], [90, 120], [90, 120], [0, 0]]
    assert found.channels.tolist() == [3, 1, 3, 3, 0]
    assert found.notes == [(), ("gray",), ("gray-as-color",), ("wrong-extension:PNG",), ()]
    assert found.readable.tolist() == [True, True, True, True, False]
    assert [bool(reason) for reason in found.reason] == [False, False, False, False, True]
    assert found.hashed.tolist() == [True, True, True, True, False]
    assert found.noted("gray").tolist() == [1]
    assert found.noted("wrong-extension").tolist() == [3]
    for row in range(5):
        assert found.hash[row] == blake2b(table.path(row).read_bytes(), digest_size=16).hexdigest()


def test_a_file_of_many_rows_is_read_once_and_seen_in_each(album, scene, monkeypatch):
    table = album({"a/1.png": scene(1), "a/2.png": scene(2), "a/small.png": scene(3, 20, 20)})
    rows = np.array([1, 0, 2, 1, 2, 0, 1])
    found, read = look_and_count(table.take(rows), monkeypatch)
    assert read == ["1.png", "2.png", "small.png"]
    alone = examine(table, quiet=True)
    assert found.columns.equals(alone.columns.take(pa.array(rows)))
    assert len(found.likenesses) == 2
    assert found.places.tolist() == [0, 1, -1, 0, -1, 1, 0]  # by first appearance


def test_thumbnails_are_those_of_their_pictures_whether_kept_or_new(album, scene, monkeypatch):
    files = {f"a/{seed}.png": scene(seed, *((20, 20) if seed % 3 == 0 else (80, 80))) for seed in range(12)}
    table = album(files)
    monkeypatch.setattr(cache, "_GROUP", 4)
    examine(table.take(np.array([7, 1, 0, 4])), quiet=True)
    examine(table.take(np.array([9, 2, 7, 5, 3])), quiet=True)
    for found in (examine(table, quiet=True), examine(table, quiet=True), examine(table, near=True, quiet=True)):
        for row in np.flatnonzero(found.hashed):
            pixels = decode(table.path(row).read_bytes()).pixels
            assert found.likenesses.rows[found.places[row]].tobytes() == thumbnail(pixels)
    assert found.hashed.all()


def test_a_file_that_is_not_there_has_a_reason_and_no_hash_and_is_looked_for_again(album, scene):
    table = album({"a/one.jpg": scene(1), "a/two.jpg": scene(2)})
    content = table.path(1).read_bytes()
    table.path(1).unlink()
    found = examine(table, quiet=True)
    assert (found.hash[1], found.reason[1]) == (None, "no such file")
    table.path(1).write_bytes(content)
    assert examine(table, quiet=True).readable.all()


def test_what_was_seen_is_kept_and_only_a_changed_file_is_read_again(album, scene, encode, monkeypatch):
    table = album({"a/one.jpg": scene(1), "a/two.png": scene(2), "a/bad.jpg": b"text"})
    first, read = look_and_count(table, monkeypatch)
    assert read == ["bad.jpg", "one.jpg", "two.png"]
    again, read = look_and_count(table, monkeypatch)
    assert read == []
    assert again.columns.equals(first.columns)
    table.path(0).write_bytes(encode(scene(3)))
    changed, read = look_and_count(table, monkeypatch)
    assert read == ["one.jpg"]
    assert changed.hash[0] != first.hash[0]
    assert changed.hash[1:] == first.hash[1:]


def test_a_change_that_keeps_the_size_is_noticed_by_the_time(album, scene, monkeypatch):
    table = album({"a/one.bmp": scene(1)})
    examine(table, quiet=True)
    os.utime(table.path(0), ns=(1, 1))
    assert look_and_count(table, monkeypatch)[1] == ["one.bmp"]


def test_order_and_repetition_of_rows_do_not_matter(album, scene):
    table = album({f"a/{seed}.jpg": scene(seed) for seed in range(5)})
    examine(table.take(np.array([4, 1])), quiet=True)
    rows = np.array([3, 1, 1, 4, 0])
    found = examine(table.take(rows), quiet=True)
    assert found.hash == [blake2b(table.path(row).read_bytes(), digest_size=16).hexdigest() for row in rows]


def test_small_pictures_are_given_a_perceptual_hash_only_when_asked(album, scene, monkeypatch):
    table = album({"a/small.png": scene(1, 80, 63), "a/large.png": scene(1, 80, 64), "a/bad.png": b"text"})
    assert examine(table, quiet=True).hashed.tolist() == [False, True, False]
    asked, read = look_and_count(table, monkeypatch, near=True)
    assert asked.hashed.tolist() == [True, True, False]
    assert read == ["small.png"]
    assert examine(table, quiet=True).hashed[1]


def test_a_large_jpeg_is_hashed_like_its_small_copy(album, scene):
    large = scene(1, 1200, 900)
    table = album({"a/large.jpg": large, "a/small.png": large.resize((160, 120))})
    one, other = examine(table, quiet=True).dhash.tolist()
    assert (one ^ other).bit_count() <= 3


def test_an_interrupted_look_keeps_what_it_saw(album, scene, monkeypatch):
    table = album({f"a/{seed}.png": scene(seed, 20, 20) for seed in range(9)})
    monkeypatch.setattr(module, "_CHUNK", 3)
    monkeypatch.setattr(module, "decode", lambda data, **options: stop_at(table.path(7), data, **options))
    with pytest.raises(KeyboardInterrupt):
        examine(table, quiet=True)
    monkeypatch.setattr(module, "decode", decode)
    assert look_and_count(table, monkeypatch)[1] == ["6.png", "7.png", "8.png"]


def stop_at(path, data, **options):
    if data == path.read_bytes():
        raise KeyboardInterrupt
    return decode(data, **options)


def test_pictures_of_an_array_are_hashed_by_their_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (600, 8, 8, 3), np.uint8)
    pixels[7] = pixels[3]
    pixels[5] = pixels[5, :, :, :1]
    found = examine(arrays(pixels).take(np.array([7, 3, 5, 599])), quiet=True)
    assert found.hash[0] == found.hash[1] == blake2b(pixels[3].tobytes(), digest_size=16).hexdigest()
    assert len(set(found.hash)) == 3
    assert found.notes == [(), (), ("gray-as-color",), ()]
    assert found.sizes.tolist() == [[8, 8]] * 4
    assert not found.hashed.any()


def test_an_array_of_large_pictures_has_perceptual_hashes(scene):
    found = examine(arrays(np.stack([np.asarray(scene(seed)) for seed in range(3)])), quiet=True)
    assert found.hashed.all()
    assert found.places.tolist() == [0, 1, 2]
    assert len(found.likenesses) == 3


@pytest.mark.parametrize("table", [arrays(np.zeros((0, 8, 8, 1), np.uint8))])
def test_a_table_without_pictures_has_nothing_to_see(table, album):
    assert len(examine(table, quiet=True).columns) == 0
    assert len(with_hashes(table, quiet=True)) == 0
    assert len(examine(album({}), quiet=True).columns) == 0


def test_a_table_gets_a_hash_column_that_names_its_content(album, scene, encode):
    table = album({"a/one.jpg": scene(1), "a/gone.jpg": scene(1)})
    table.path(1).unlink()
    hashes = with_hashes(table, quiet=True).strings("hash")
    assert hashes == [blake2b(table.path(0).read_bytes(), digest_size=16).hexdigest(), None]


def test_hashes_that_are_given_are_kept_and_only_the_missing_are_made(album, scene, monkeypatch):
    files = {f"a/{seed}.png": scene(seed, 20, 20) for seed in range(4)}
    table = album(files, hash=pa.array(["given", None, "", "other"]))
    read = []
    real = module.read_bytes
    monkeypatch.setattr(module, "read_bytes", lambda path: read.append(path.name) or real(path))
    hashes = with_hashes(table, quiet=True).strings("hash")
    assert (hashes[0], hashes[3]) == ("given", "other")
    assert [len(one) for one in hashes[1:3]] == [32, 32]
    assert sorted(read) == ["1.png", "2.png"]


def test_a_million_rows_with_hashes_are_returned_at_once_and_no_file_is_touched():
    count = 1_000_000
    hashes = pa.array(np.arange(count).astype(str))
    columns = {"path": hashes, "label": pa.array(np.zeros(count, np.int32)), "hash": hashes}
    table = Table(columns=pa.table(columns), classes=("one",), source="manifest", location="nowhere")
    begun = time.perf_counter()
    assert with_hashes(table, quiet=True) is table
    assert time.perf_counter() - begun < 2


def test_progress_is_silent_when_quiet(album, scene, capfd):
    examine(album({"a/one.jpg": scene(1)}), quiet=True)
    assert capfd.readouterr() == ("", "")
