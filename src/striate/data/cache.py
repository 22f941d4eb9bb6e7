"""What was seen of each file, kept in the user's cache so that no file is read twice for it.

One Parquet file a folder of pictures. A row holds as long as the file's size and time of change do. Two runs at
once may each write: both write whole files and take the other's rows along.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from striate.core.errors import StriateError
from striate.core.files import whole_file
from striate.data.scratch import Scratch
from striate.data.table import Table
from striate.data.thumbnails import BYTES

_VERSION = b"2"  # raise it whenever `decode` or `thumbnails` would answer differently
SEEN = pa.schema(
    [
        ("hash", pa.string()),
        ("reason", pa.string()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("channels", pa.int8()),
        ("notes", pa.list_(pa.string())),
        ("dhash", pa.uint64()),
    ]
)
_KEY = pa.schema([("path", pa.string()), ("size", pa.int64()), ("mtime_ns", pa.int64())])
ROWS = pa.schema([*_KEY, *SEEN])
# Thumbnails are most of the file and are never all in memory: those of rows without a perceptual hash are null.
_FILE = pa.schema([*ROWS, ("thumbnail", pa.large_binary())], metadata={"striate.cache": _VERSION})
_GROUP = 8_192  # rows that are in memory with their thumbnails: 9 MB
_NO_THUMBNAILS = np.zeros((0, BYTES), np.uint8)


class _Damaged(Exception):
    """The file cannot be read."""


def place(root: Path) -> Path:
    """Return the cache file of the folder `root`, beneath $STRIATE_CACHE or else `~/.cache/striate`."""
    name = blake2b(str(root.resolve()).encode(errors="surrogateescape"), digest_size=8).hexdigest()
    return folder() / "examined" / f"{name}.parquet"


def folder() -> Path:
    """Return where everything that can be made again is kept: $STRIATE_CACHE or else `~/.cache/striate`."""
    named = os.environ.get("STRIATE_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "striate"


def sizes(table: Table, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return height and width (N, 2) and channels (N,) of `rows` as last examined; 0 where that is not known.

    Whether a file has changed since is not looked at: it is for estimates.
    """
    found = np.zeros((3, len(rows)), np.int64)
    path, names = place(table.root), ["height", "width", "channels"]
    if path.is_file():
        try:
            kept = pq.read_table(path, columns=["path", *names])
        except (OSError, ValueError, pa.ArrowException):  # `load` says so
            return found[:2].T, found[2]
        wanted = table.columns["path"].take(pa.array(rows)).cast(pa.string())
        at = pc.index_in(wanted, value_set=kept["path"].combine_chunks()).fill_null(-1).to_numpy()
        for values, name in zip(found, names, strict=True):
            values[at >= 0] = kept[name].fill_null(0).to_numpy()[at[at >= 0]]
    return found[:2].T, found[2]


def load(path: Path, thumbnails: Scratch | None = None) -> pa.Table:
    """Read the rows kept in `path`; none where it is absent, and none, which is said, where it is damaged.

    Args:
        path: the file.
        thumbnails: empty; those of the rows with a perceptual hash are put there, in the order of the rows.
    """
    try:
        with _opened(path) as file:
            return ROWS.empty_table() if file is None else _rows(file, thumbnails)
    except _Damaged as error:
        _say_damaged(path, error)
        if thumbnails is not None:
            thumbnails.clear()
        return ROWS.empty_table()


def _rows(file: pq.ParquetFile, thumbnails: Scratch | None) -> pa.Table:
    if thumbnails is None:
        return file.read(ROWS.names).select(ROWS.names).cast(ROWS)
    parts = [ROWS.empty_table()]
    for group in _groups(file, _FILE):
        parts.append(group.select(ROWS.names).cast(ROWS))
        for texts in group["thumbnail"].filter(group["dhash"].is_valid()).chunks:
            bounds = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
            if len(texts):
                thumbnails.append(memoryview(texts.buffers()[2])[bounds[0] : bounds[-1]])
    return pa.concat_tables(parts)


def find(kept: pa.Table, keys: pa.Table) -> NDArray[np.int64]:
    """Return where in `kept` each of `keys` (path, size, mtime_ns) stands, -1 where it does not."""
    places = pc.index_in(keys["path"], value_set=kept["path"].combine_chunks()).fill_null(-1)
    position: NDArray[np.int64] = places.to_numpy().astype(np.int64)
    found = np.flatnonzero(position >= 0)
    for column in ("size", "mtime_ns"):
        same = kept[column].to_numpy()[position[found]] == keys[column].to_numpy()[found]
        position[found[~same]] = -1
        found = found[same]
    return position


def save(path: Path, rows: pa.Table, thumbnails: NDArray[np.uint8] = _NO_THUMBNAILS) -> None:
    """Write `rows` over what `path` holds of the same files, beside what it holds of others.

    A cache that cannot be written is said and done without.

    Args:
        path: the file.
        rows: as `ROWS`.
        thumbnails: (M, `thumbnails.BYTES`) of the rows with a perceptual hash, in their order.
    """
    try:
        try:
            _write(path, chain(_others(path, rows["path"]), _with_thumbnails(rows, thumbnails)))
        except _Damaged as error:
            _say_damaged(path, error)
            _write(path, _with_thumbnails(rows, thumbnails))
    except (OSError, StriateError) as error:
        sys.stderr.write(f"the cache {path} could not be written ({error}): the pictures will be read again\n")


def _write(path: Path, groups: Iterable[pa.Table]) -> None:
    with (
        whole_file(path) as beside,
        pq.ParquetWriter(beside, _FILE, compression="zstd", write_page_checksum=True) as file,
    ):
        waiting = [_FILE.empty_table()]
        for group in groups:
            waiting.append(group)
            if sum(map(len, waiting)) >= _GROUP:
                file.write_table(pa.concat_tables(waiting), row_group_size=2 * _GROUP)
                waiting = [_FILE.empty_table()]
        file.write_table(pa.concat_tables(waiting))


def _with_thumbnails(rows: pa.Table, thumbnails: NDArray[np.uint8]) -> Iterator[pa.Table]:
    used = 0
    for start in range(0, len(rows), _GROUP):
        group = rows.slice(start, _GROUP).cast(ROWS)
        hashed = pa.array(group["dhash"].is_valid().to_numpy())
        bounds = np.append(0, np.cumsum(hashed.to_numpy(zero_copy_only=False)))
        texts = thumbnails[used : used + bounds[-1]]
        used += bounds[-1]
        # From buffers: a thumbnail each as an object of Python takes more memory and time.
        buffers = [hashed.buffers()[1], pa.py_buffer(bounds * BYTES), pa.py_buffer(np.ascontiguousarray(texts))]
        column = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(group), buffers)
        yield pa.table([*group.columns, column], schema=_FILE)


def _others(path: Path, paths: pa.ChunkedArray) -> Iterator[pa.Table]:
    """Yield what `path` holds of other files than `paths`."""
    with _opened(path) as file:
        if file is None:
            return
        theirs = file.read(["path"])["path"].combine_chunks()
        kept, start = pc.invert(pc.is_in(theirs, value_set=paths.combine_chunks())), 0
        for group in _groups(file, _FILE):
            yield group.filter(kept.slice(start, len(group))).replace_schema_metadata(_FILE.metadata)
            start += len(group)


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile | None]:
    """Open the file; None where there is none of this version.

    Raises:
        _Damaged: the file, or what the caller reads of it, cannot be read.
    """
    if not path.is_file():
        yield None
        return
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            ours = (file.schema_arrow.metadata or {}).get(b"striate.cache") == _VERSION
            yield file if ours else None
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise _Damaged(str(error)) from error


def _groups(file: pq.ParquetFile, schema: pa.Schema) -> Iterator[pa.Table]:
    for group in range(file.num_row_groups):
        yield file.read_row_group(group, schema.names).select(schema.names).cast(schema)


def _say_damaged(path: Path, error: Exception) -> None:
    sys.stderr.write(f"the cache {path} is damaged ({error}): ignored and built anew\n")
