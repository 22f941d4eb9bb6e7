"""One look at every picture of a table: its hash, size and likeness, or why it cannot be read.

Files are read once, in threads, for hash and pixels together, and what was seen is kept (see `cache`).
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from PIL import Image

from striate.core.progress import track
from striate.data import cache
from striate.data.decode import Unreadable, decode, read_bytes
from striate.data.examined import Examined
from striate.data.hashes import pixel_hashes
from striate.data.scratch import Scratch
from striate.data.table import Table
from striate.data.thumbnails import BYTES, SIDE, perceptual_hash, thumbnail

__all__ = ["NEAR_FROM", "Examined", "examine", "look", "with_hashes"]

# Below this side pictures are given no perceptual hash unless asked: it would find half of MNIST alike.
NEAR_FROM = 64

_CHUNK = 256
_BLOCK = 65_536
_SAVE_EVERY = 60.0  # seconds
_SAME_FORMAT = {"MPO": "JPEG", "DIB": "BMP"}
_Seen = tuple[Any, ...]  # in the order of `cache.SEEN`, then the thumbnail


def examine(table: Table, *, near: bool | None = None, quiet: bool = False) -> Examined:
    """Look at every picture of `table`; nothing is raised for a bad one.

    Args:
        table: of files or of arrays.
        near: True: give small pictures a perceptual hash too.
        quiet: show no progress.
    """
    seen = _seen_arrays if table.pixels is not None else _seen_files
    return seen(table, near=bool(near), quiet=quiet)


def with_hashes(table: Table, *, quiet: bool = False) -> Table:
    """Return `table` with a column `hash`; what is given is kept, and no file of those is touched.

    A file that cannot be read at all keeps a null.
    """
    given = table.columns["hash"].cast(pa.string()) if table.has("hash") else pa.nulls(len(table), pa.string())
    lacking = pc.fill_null(pc.equal(given, ""), fill_value=True)
    if len(table) and not pc.any(lacking).as_py():
        return table
    rows = np.flatnonzero(np.asarray(lacking))
    hashes = examine(table.take(rows), quiet=quiet).columns["hash"]
    return table.with_column("hash", pc.replace_with_mask(_one(given), _one(lacking), _one(hashes)))


def look(path: Path, formats: dict[str, str], *, near: bool) -> _Seen:
    """Return what is seen of one file, in the order of `cache.SEEN`, then its thumbnail.

    Args:
        path: the file.
        formats: what each file ending promises, as from `Image.registered_extensions`.
        near: give small pictures a perceptual hash too.
    """
    digest = None
    try:
        data = read_bytes(path)
        digest = blake2b(data, digest_size=16).hexdigest()
        picture = decode(data, min_size=(2 * SIDE, 2 * SIDE))
    except Unreadable as error:
        return digest, error.reason, None, None, None, (), None, None
    promised = formats.get(path.suffix.lower(), picture.format)
    notes = list(picture.notes)
    if _SAME_FORMAT.get(picture.format, picture.format) != _SAME_FORMAT.get(promised, promised):
        notes.append(f"wrong-extension:{picture.format}")
    if _is_gray(picture.pixels):
        notes.append("gray-as-color")
    likeness = _likeness(picture.pixels, near=near or min(picture.size) >= NEAR_FROM)
    return digest, None, *picture.size, picture.pixels.shape[2], notes, *likeness


def _likeness(pixels: NDArray[np.uint8], *, near: bool) -> tuple[int | None, bytes | None]:
    if not near:
        return None, None
    small = thumbnail(pixels)
    return perceptual_hash(small), small


def _is_gray(pixels: NDArray[np.uint8]) -> bool:
    if pixels.shape[-1] == 1:
        return False
    few = pixels[::16, ::16]  # settles most
    return all(bool((part == part[..., :1]).all()) for part in (few, pixels))


def _seen_files(table: Table, *, near: bool, quiet: bool) -> Examined:
    codes, keys = _keys(table)
    place, likenesses = cache.place(table.root), Scratch(BYTES, cache.folder())
    kept = cache.load(place, likenesses)
    position = cache.find(kept, keys)
    if near:
        position[_without_hash(kept)[position] & (position >= 0)] = -1
    todo = np.flatnonzero(position < 0)
    if todo.size:
        fresh = _look_at(table.root, keys.take(pa.array(todo)), likenesses, near=near, quiet=quiet)
        position[todo] = len(kept) + np.arange(todo.size)
        kept = pa.concat_tables([kept, fresh])
    places, rows = _places(kept)[position[codes]], pa.array(position[codes])
    columns = kept.select(cache.SEEN.names).take(rows)
    del kept, keys  # 100 bytes a file, which Arrow would keep for later
    pa.default_memory_pool().release_unused()
    return Examined(columns, likenesses, places)


def _places(rows: pa.Table) -> NDArray[np.int32]:
    """Return where the thumbnail of each row is, among those of the rows with a perceptual hash; -1 where none is."""
    hashed = rows["dhash"].is_valid().to_numpy()
    return np.where(hashed, np.cumsum(hashed) - 1, -1).astype(np.int32)


def _keys(table: Table) -> tuple[NDArray[np.int64], pa.Table]:
    """Return the file of each picture, (N,), and path, size and time of change of the different files."""
    coded = pc.dictionary_encode(_one(table.columns["path"].cast(pa.string())))
    paths = coded.dictionary
    sizes, times = np.full(len(paths), -1, np.int64), np.full(len(paths), -1, np.int64)
    for row, path in enumerate(chain.from_iterable(_in_blocks(paths))):
        try:
            found = os.stat(table.root / path)  # noqa: PTH116  a Path's own costs three times as much
        except (OSError, ValueError):
            continue
        sizes[row], times[row] = found.st_size, found.st_mtime_ns
    return coded.indices.to_numpy(), pa.table({"path": paths, "size": sizes, "mtime_ns": times})


def _in_blocks(texts: pa.Array) -> Iterator[list[str]]:
    # Not all at once: a path is 100 bytes as an object of Python.
    for start in range(0, len(texts), _BLOCK):
        yield texts.slice(start, _BLOCK).to_pylist()


def _without_hash(kept: pa.Table) -> NDArray[np.bool_]:
    lacking: NDArray[np.bool_] = pc.and_(kept["reason"].is_null(), kept["dhash"].is_null()).to_numpy()
    return np.append(lacking, False)  # position -1, found nowhere, reads the last


def _look_at(root: Path, keys: pa.Table, likenesses: Scratch, *, near: bool, quiet: bool) -> pa.Table:
    """Return what is seen of the files `keys`, as `cache.ROWS`; their thumbnails go to the end of `likenesses`."""
    place, parts, before, saved = cache.place(root), [cache.ROWS.empty_table()], len(likenesses), time.monotonic()
    see = partial(look, formats=Image.registered_extensions(), near=near)
    with _threads() as pool, track("examining pictures", len(keys), quiet=quiet) as tracker:
        try:
            for start in range(0, len(keys), _CHUNK):
                some, seen = keys.slice(start, _CHUNK), []
                for one in pool.map(see, [root / path for path in some["path"].to_pylist()]):
                    seen.append(one)
                    tracker.advance()
                parts.append(pa.table([*some.columns, *_seen_columns(seen, likenesses)], schema=cache.ROWS))
                if time.monotonic() - saved > _SAVE_EVERY:
                    _save(place, parts, likenesses.rows[before:])
                    saved = time.monotonic()
        finally:  # also when interrupted
            _save(place, parts, likenesses.rows[before:])
    return pa.concat_tables(parts)


def _save(place: Path, parts: list[pa.Table], thumbnails: NDArray[np.uint8]) -> None:
    # What could not be read at all may be there tomorrow with the same time and size: permissions, a network drive.
    rows = pa.concat_tables(parts)
    rows = rows.filter(rows["hash"].is_valid())
    if len(rows):
        cache.save(place, rows, thumbnails)


def _seen_columns(seen: list[_Seen], likenesses: Scratch) -> list[pa.Array]:
    """Return the columns of `cache.SEEN`; the thumbnails go to `likenesses`."""
    *columns, thumbnails = zip(*seen, strict=True)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, cache.SEEN, strict=True)]
    likenesses.append(b"".join(one for one in thumbnails if one is not None))
    return arrays


def _seen_arrays(table: Table, *, near: bool, quiet: bool) -> Examined:
    assert table.pixels is not None
    index = table.columns["index"].to_numpy()
    _, height, width, channels = table.pixels.shape
    near = near or min(height, width) >= NEAR_FROM
    parts, likenesses = [cache.SEEN.empty_table()], Scratch(BYTES, cache.folder())
    with _threads() as pool, track("examining pictures", len(index), quiet=quiet) as tracker:
        for start in range(0, len(index), _CHUNK):
            pixels = table.pixels[index[start : start + _CHUNK]]
            notes = [_array_notes(picture) for picture in pixels]
            likeness = pool.map(partial(_likeness, near=near), pixels) if near else [(None, None)] * len(pixels)
            seen = [
                (digest, None, height, width, channels, note, *one)
                for digest, note, one in zip(pixel_hashes(pixels), notes, likeness, strict=True)
            ]
            parts.append(pa.table(_seen_columns(seen, likenesses), schema=cache.SEEN))
            tracker.advance(len(pixels))
    columns = pa.concat_tables(parts).combine_chunks()
    return Examined(columns, likenesses, _places(columns))


def _array_notes(pixels: NDArray[np.uint8]) -> tuple[str, ...]:
    if pixels.shape[-1] == 1:
        return ("gray",)
    return ("gray-as-color",) if _is_gray(pixels) else ()


def _threads() -> ThreadPoolExecutor:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return ThreadPoolExecutor(cores, thread_name_prefix="striate-examine")


def _one(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
