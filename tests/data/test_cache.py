from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from striate.data import cache
from striate.data.examine import examine


def rows(names, size=1):
    count = len(names)
    columns = {
        "path": names,
        "size": [size] * count,
        "mtime_ns": [5] * count,
        "hash": [f"hash of {name}" for name in names],
        "notes": [["gray"]] * count,
        "height": [3] * count,
    }
    missing = {name: pa.nulls(count, cache.ROWS.field(name).type) for name in cache.ROWS.names if name not in columns}
    return pa.table({name: {**columns, **missing}[name] for name in cache.ROWS.names}, schema=cache.ROWS)


@pytest.fixture
def place(tmp_path):
    return cache.place(tmp_path)


def test_the_cache_lies_where_the_environment_says_one_file_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "mine"))
    one, other = cache.place(tmp_path / "one"), cache.place(tmp_path / "other")
    assert one.is_relative_to(tmp_path / "mine")
    assert one != other
    monkeypatch.delenv("STRIATE_CACHE")
    assert cache.place(tmp_path).is_relative_to(Path.home() / ".cache" / "striate")


def test_a_file_is_found_only_with_its_own_size_and_time(place):
    cache.save(place, rows(["a", "b", "c"]))
    keys = pa.table({"path": ["c", "a", "b", "d"], "size": [1, 2, 1, 1], "mtime_ns": [5, 5, 6, 5]})
    assert cache.find(cache.load(place), keys).tolist() == [2, -1, -1, -1]
    assert cache.find(cache.ROWS.empty_table(), keys).tolist() == [-1] * 4


def test_new_rows_take_the_place_of_old_ones_and_leave_others(place):
    cache.save(place, rows(["a", "b"]))
    cache.save(place, rows(["b", "c"], size=2))
    kept = cache.load(place)
    assert dict(zip(kept["path"].to_pylist(), kept["size"].to_pylist(), strict=True)) == {"a": 1, "b": 2, "c": 2}


def test_runs_at_once_leave_a_whole_file(place):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: cache.save(place, rows([f"{number}-{i}" for i in range(50)])), range(24)))
    kept = cache.load(place)
    assert len(kept) % 50 == 0
    assert len(kept) >= 50
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def flipped(data):
    middle = len(data) // 5
    return data[:middle] + bytes(255 - byte for byte in data[middle : middle + 4]) + data[middle + 4 :]


@pytest.mark.parametrize("damage", [lambda data: b"noise", lambda data: data[:-40], lambda data: b"", flipped])
def test_a_damaged_cache_is_ignored_said_and_built_anew(album, scene, tmp_path, capsys, damage):
    table = album({"a/one.png": scene(1), "a/two.png": scene(2)})
    first = examine(table, quiet=True)
    file = cache.place(tmp_path)
    file.write_bytes(damage(file.read_bytes()))
    assert examine(table, quiet=True).columns.equals(first.columns)
    assert f"the cache {file} is damaged" in capsys.readouterr().err
    assert examine(table, quiet=True).columns.equals(first.columns)
    assert capsys.readouterr().err == ""


def test_a_cache_of_another_version_is_ignored(place):
    cache.save(place, rows(["a"]))
    old = pq.read_table(place).replace_schema_metadata({"striate.cache": "0"})
    pq.write_table(old, place)
    assert len(cache.load(place)) == 0


def test_a_cache_that_cannot_be_written_is_said_and_done_without(album, scene, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "file"))
    table = album({"a/one.png": scene(1)})
    assert examine(table, quiet=True).readable.all()
    assert "could not be written" in capsys.readouterr().err


def test_the_cache_stays_small(album, scene, tmp_path):
    table = album({f"a/{seed}.png": scene(seed, 70, 70) for seed in range(100)})
    examine(table, quiet=True)
    assert cache.place(tmp_path).stat().st_size / 100 < 1500
    assert np.all(examine(table, quiet=True).hashed)
