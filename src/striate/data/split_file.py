"""A split as it is kept: one line a picture, with its content hash and its side.

Our own files are Parquet with columns `row`, `hash`, `split`; what drew them (salt, fractions, origin) is in the
file's metadata. Files from elsewhere, Parquet or CSV, need `split` and one of `hash` and `path`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import csv

from striate.core.errors import DataError, UnknownName
from striate.core.files import whole_file
from striate.data.sides import NONE, read_sides
from striate.data.table import SIDES

_METADATA = b"striate"
_MADE = ("salt", "val", "test", "origin", "group")  # kept as metadata
_COLUMNS = ("row", "hash", "path", "split")


@dataclass(frozen=True, eq=False, kw_only=True)
class Split:
    """The side of each picture of a table.

    Args:
        sides: (N,) int8: 0 train, 1 val, 2 test, -1 none.
        hashes: (N,) text: what each picture is known by; its content hash, in files from elsewhere perhaps its path.
        origin: one sentence: how each part came about.
        salt: what the draw depended on; None in a file from elsewhere.
        val: the fraction drawn for validation; None if validation was given, or was not to be.
        test: the fraction drawn for testing; None if the test pictures were given, or were not to be.
        key: whether `hashes` are content hashes or paths.
        group: the column whose values kept pictures together when it was drawn; None where content alone decided.
    """

    sides: NDArray[np.int8]
    hashes: pa.ChunkedArray
    origin: str
    salt: int | None = None
    val: float | None = None
    test: float | None = None
    key: Literal["hash", "path"] = "hash"
    group: str | None = None

    def __len__(self) -> int:
        return len(self.sides)

    @property
    def drawn(self) -> bool:
        """Say whether a part was drawn, so that new pictures can be too."""
        return self.val is not None or self.test is not None

    def rows(self, side: str) -> NDArray[np.int64]:
        """Return the rows of the pictures on `side`: "train", "val" or "test", in the table's order."""
        if side not in SIDES:
            raise UnknownName("side of a split", side, SIDES)
        return np.flatnonzero(self.sides == SIDES.index(side)).astype(np.int64)

    def save(self, path: Path) -> None:
        """Write the split to `path` as Parquet; the file is there whole or not at all.

        Raises:
            DataError: `path` does not end in .parquet.
        """
        if path.suffix != ".parquet":
            raise DataError(f"cannot write a split to {path}: it is a Parquet file, so name it {path.stem}.parquet")
        made = {name: getattr(self, name) for name in _MADE}
        made["checksum"] = _checksum(made, self.sides)
        codes = pa.array(self.sides, mask=self.sides == NONE)
        columns = {
            "row": pa.array(np.arange(len(self), dtype=np.int64)),
            self.key: self.hashes.cast(pa.string()),
            "split": pa.DictionaryArray.from_arrays(codes, pa.array(SIDES)),
        }
        table = pa.table(columns, metadata={_METADATA: json.dumps(made).encode()})
        with whole_file(path) as beside:
            pq.write_table(table, beside, compression="zstd", use_dictionary=["split"], write_page_checksum=True)

    @classmethod
    def load(cls, path: Path) -> Split:
        """Read a split, ours or one from elsewhere.

        Args:
            path: Parquet, or CSV if it ends in .csv.

        Raises:
            DataError: there is no such file, it is damaged, or it is no split.
        """
        if not path.is_file():
            raise DataError(f"no split file {path}; `striate data split DATA --out {path.name}` makes one")
        try:
            table = _read_csv(path) if path.suffix.lower() == ".csv" else _read_parquet(path)
            key = _key(table, path)
            table = _in_order(table, path) if "row" in table.column_names else table
            sides = read_sides(table["split"], str(path))
        except (pa.ArrowException, OSError, ValueError, IndexError) as error:
            raise DataError(f"{path} cannot be read as a split, it is damaged or something else: {error}") from error
        text = (table.schema.metadata or {}).get(_METADATA)
        made = {"origin": f"given by {path.name}"} if text is None else _made(text, sides, path)
        return cls(sides=sides, hashes=table[key].cast(pa.string()), key=key, **made)


def _read_parquet(path: Path) -> pa.Table:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read([name for name in file.schema_arrow.names if name in _COLUMNS])


def _read_csv(path: Path) -> pa.Table:
    as_text = csv.ConvertOptions(column_types=dict.fromkeys(("hash", "path", "split"), pa.string()))
    return csv.read_csv(path, convert_options=as_text)


def _key(table: pa.Table, path: Path) -> Literal["hash", "path"]:
    names = table.column_names
    key = "hash" if "hash" in names else "path"
    if key not in names or "split" not in names:
        raise DataError(f"{path} is no split: it needs columns 'split' and one of 'hash', 'path'; it has {names}")
    if table[key].null_count or pc.any(pc.equal(table[key].cast(pa.string()), "")).as_py():
        raise DataError(f"{path}: column '{key}' has empty cells, so it does not say which pictures it means")
    if key == "path" and pc.count_distinct(table[key]).as_py() < len(table):
        raise DataError(f"{path}: column 'path' names a picture twice; leave one line for each")
    return cast('Literal["hash", "path"]', key)


def _made(text: bytes, sides: NDArray[np.int8], path: Path) -> dict[str, Any]:
    """Return salt, fractions, origin and group from the metadata that `save` wrote."""
    try:
        made: dict[str, Any] = json.loads(text)
        whole = made.pop("checksum") == _checksum(made, sides)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: its metadata 'striate', on how it was drawn, is damaged: {error!r}") from error
    if not whole or set(made) != set(_MADE):
        raise DataError(
            f"{path} is damaged, or was changed after it was written: its sides are not those that were drawn. "
            "If the change is meant, write it without the metadata 'striate'"
        )
    return made


def _checksum(made: Mapping[str, Any], sides: NDArray[np.int8]) -> str:
    return blake2b(json.dumps(made, sort_keys=True).encode() + sides.tobytes(), digest_size=8).hexdigest()


def _in_order(table: pa.Table, path: Path) -> pa.Table:
    rows = table["row"]
    if not pa.types.is_integer(rows.type) or rows.null_count:
        raise DataError(f"{path}: column 'row' must hold a whole number in every line")
    numbers = rows.to_numpy()
    expected = np.arange(len(numbers))
    if np.array_equal(numbers, expected):
        return table
    order = np.argsort(numbers, kind="stable")
    if not np.array_equal(numbers[order], expected):
        raise DataError(
            f"{path}: column 'row' has gaps or repeats, so lines are missing; leave the column out if meant"
        )
    return table.take(pa.array(order))
