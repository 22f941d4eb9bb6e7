"""What was seen of each file, kept in the user's cache so that no file is read twice for it.

One Parquet file a folder of pictures. A row holds as long as the file's size and time of change do. Two runs at
once may each write: both write whole files and take the other's rows along.
"""

import os
import sys
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from striate.core.errors import StriateError
from striate.core.files import whole_file
from striate.data.table import Table

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
        ("thumbnail", pa.large_binary()),
    ]
)
_KEY = pa.schema([("path", pa.string()), ("size", pa.int64()), ("mtime_ns", pa.int64())])
ROWS = pa.schema([*_KEY, *SEEN], metadata={"striate.cache": _VERSION})


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


def load(path: Path) -> pa.Table:
    """Read the rows kept in `path`; none where it is absent, and none, which is said, where it is damaged."""
    if not path.is_file():
        return ROWS.empty_table()
    try:
        kept = pq.read_table(path, page_checksum_verification=True)
        if (kept.schema.metadata or {}).get(b"striate.cache") == _VERSION:
            return kept.select(ROWS.names).cast(ROWS)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        sys.stderr.write(f"the cache {path} is damaged ({error}): ignored and built anew\n")
    return ROWS.empty_table()


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


def save(path: Path, rows: pa.Table) -> None:
    """Write `rows` over what `path` holds of the same files, beside what it holds of others.

    A cache that cannot be written is said and done without.
    """
    old = load(path)
    others = pc.invert(pc.is_in(old["path"], value_set=rows["path"].combine_chunks()))
    merged = pa.concat_tables([old.filter(others), rows.cast(ROWS)])
    try:
        with whole_file(path) as beside:
            pq.write_table(
                merged.replace_schema_metadata(ROWS.metadata), beside, compression="zstd", write_page_checksum=True
            )
    except (OSError, StriateError) as error:
        sys.stderr.write(f"the cache {path} could not be written ({error}): the pictures will be read again\n")
