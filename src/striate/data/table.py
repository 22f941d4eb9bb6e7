"""A table: where each picture is, its label, its split and group, and the names of the classes.

Columns, not objects (Apache Arrow): a million rows take tens of megabytes, are shared between threads and
processes, and come from Parquet or CSV without a loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from striate.core.errors import ClassMismatch, DataError, listed

SIDES = ("train", "val", "test")

_BLOCK = 65_536  # rows digested at once: a megabyte or two of text


@dataclass(frozen=True, eq=False)
class Table:
    """The list of examples of a data set. Immutable; every change returns a new table.

    Args:
        columns: one row a picture. `label` (int32, index into `classes`) is always there; so is one of
            `path` (string, relative to `root` or absolute) and `index` (int64, position in `pixels`).
            Optional: `split` (string: train, val or test), `group` (string), `hash` (string, of the content).
        classes: the class names in label order, fixed here once and for all.
        source: the name of the source that read the table: "folder", "mnist", ...
        location: what to give `open_table` to read the same table again.
        root: the folder that relative paths start from.
        pixels: (M, H, W, C) uint8 for sources that hold arrays, never copied.
        notes: sentences that the reader wants said, such as "12 files are no pictures: skipped (.txt, .db)".
    """

    columns: pa.Table
    classes: tuple[str, ...]
    source: str
    location: str
    root: Path = field(default_factory=Path)
    pixels: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes):
            raise DataError(f"{self.location}: class names repeat: {', '.join(self.classes)}")
        if ("index" if self.pixels is not None else "path") not in self.columns.column_names:
            raise DataError(f"{self.location}: the table says nowhere where its pictures are")
        self._check_range("label", len(self.classes), "classes")
        if self.pixels is not None:
            self._check_range("index", len(self.pixels), "pictures in the array")

    def __len__(self) -> int:
        return int(self.columns.num_rows)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """(N,) the class of each picture, read-only."""
        labels: NDArray[np.int64] = self.columns["label"].to_numpy().astype(np.int64)
        labels.setflags(write=False)
        return labels

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """(K,) how many pictures each class has."""
        return np.bincount(self.labels, minlength=len(self.classes)).astype(np.int64)

    def has(self, column: str) -> bool:
        """Say whether the optional `column` is there."""
        return column in self.columns.column_names

    def strings(self, column: str, rows: Sequence[int] | NDArray[np.int64] | None = None) -> list[str | None]:
        """Return a column of text as a list; `rows` picks some."""
        values = self.columns[column]
        if rows is not None:
            values = values.take(pa.array(np.asarray(rows, np.int64)))
        texts: list[str | None] = values.to_pylist()
        return texts

    def path(self, row: int) -> Path:
        """Return where the picture of `row` lies; only for tables of files."""
        return self.root / str(self.columns["path"][int(row)].as_py())

    def name(self, row: int) -> str:
        """Return what people call the picture of `row`: its path as the source wrote it, or `mnist[17]`."""
        if self.pixels is None:
            return str(self.columns["path"][int(row)].as_py())
        return f"{self.source}[{self.columns['index'][int(row)].as_py()}]"

    def names(self, rows: Iterable[int]) -> tuple[str, ...]:
        """Return what people call the pictures of `rows`."""
        return tuple(self.name(int(row)) for row in rows)

    def take(self, rows: NDArray[np.int64]) -> Table:
        """Return the table of `rows` only, in that order."""
        return replace(self, columns=self.columns.take(pa.array(np.asarray(rows, np.int64))))

    def with_column(self, name: str, values: pa.Array | pa.ChunkedArray) -> Table:
        """Return the table with `name` added or replaced."""
        columns = self.columns.drop_columns([name]) if self.has(name) else self.columns
        return replace(self, columns=columns.append_column(name, values))

    def align(
        self, classes: Sequence[str], *, unknown: Literal["error", "ignore"] = "error"
    ) -> tuple[Table, NDArray[np.int64]]:
        """Relabel by name so that labels count in `classes`, the order that a recognizer was trained with.

        Args:
            classes: the class names to follow. Other order and missing classes are fine.
            unknown: what to do with pictures of a class that `classes` lacks.

        Returns:
            The aligned table, and the rows of this table that were left out (empty unless `unknown="ignore"`).

        Raises:
            ClassMismatch: pictures are labelled with a class that is not in `classes`.
        """
        position = {name: place for place, name in enumerate(classes)}
        lookup = np.array([position.get(name, -1) for name in self.classes], np.int32)
        labels = lookup[self.labels] if len(self) else np.zeros(0, np.int32)
        strange = np.flatnonzero(labels < 0)
        if strange.size and unknown == "error":
            raise ClassMismatch(self._strangers(strange, classes))
        kept = np.flatnonzero(labels >= 0)
        columns = self.columns.take(pa.array(kept)) if strange.size else self.columns
        columns = columns.set_column(columns.column_names.index("label"), "label", pa.array(labels[kept], pa.int32()))
        return replace(self, columns=columns, classes=tuple(classes)), strange

    def _strangers(self, rows: NDArray[np.int64], classes: Sequence[str]) -> str:
        counts = np.bincount(self.labels[rows], minlength=len(self.classes))
        named = [f"'{self.classes[c]}' ({counts[c]} pictures)" for c in np.flatnonzero(counts)]
        return (
            f"{self.location} has classes that are not among the {len(classes):,} known ones: {listed(named)}. "
            f"Known: {listed(classes)}. Rename them, or leave these pictures out with --ignore-unknown."
        )

    @cached_property
    def fingerprint(self) -> str:
        """32 hex digits that change with any label, class name, split, group, picture name or known content hash.

        The pixels of arrays count; the bytes of files count where their hash is known (see `with_hashes`).
        """
        digest = blake2b(digest_size=16)
        digest.update(repr(self.classes).encode())
        for name in sorted(self.columns.column_names):
            digest.update(f"|{name}|".encode())
            for start in range(0, len(self), _BLOCK):  # not the chunks, which depend on how the table was read
                for part in _contents(self.columns[name].slice(start, _BLOCK).combine_chunks()):
                    digest.update(part)
        if self.pixels is not None and not self.has("hash"):
            digest.update(repr(self.pixels.shape).encode())
            digest.update(np.ascontiguousarray(self.pixels).reshape(-1).data)
        return digest.hexdigest()

    def _check_range(self, column: str, end: int, things: str) -> None:
        if column not in self.columns.column_names:
            raise DataError(f"{self.location}: the table has no column '{column}'")
        values = self.columns[column]
        if not pa.types.is_integer(values.type) or values.null_count:
            raise DataError(f"{self.location}: column '{column}' must hold a whole number in every row")
        low, high = pc.min_max(values).as_py().values()
        if len(self) and not 0 <= low <= high < end:
            wrong = low if low < 0 else high
            raise DataError(f"{self.location}: column '{column}' holds {wrong}, but there are {end} {things}")


def picture_columns(labels: NDArray[np.int64], splits: Sequence[str] | None = None) -> pa.Table:
    """Return the columns of a source that holds arrays: picture i is `pixels[i]`.

    Args:
        labels: (N,).
        splits: the side of each picture where the source fixes it.
    """
    columns = {
        "index": pa.array(np.arange(len(labels), dtype=np.int64)),
        "label": pa.array(labels.astype(np.int32), pa.int32()),
    }
    if splits is not None:
        columns["split"] = pa.array(splits, pa.string())
    return pa.table(columns)


def _contents(block: pa.Array) -> Iterator[bytes | memoryview | pa.Buffer]:
    """Yield the values of `block` as bytes: the same for the same values, however they are stored."""
    if pa.types.is_dictionary(block.type):
        block = block.dictionary_decode()
    if block.null_count:
        yield np.packbits(block.is_valid().to_numpy(zero_copy_only=False)).data
    if pa.types.is_integer(block.type) or pa.types.is_boolean(block.type):
        yield pc.fill_null(block.cast(pa.int64(), safe=False), 0).to_numpy().data
    elif pa.types.is_string(block.type) or pa.types.is_large_string(block.type):
        text = pc.fill_null(block.cast(pa.large_string()), "")
        yield pc.binary_length(text).to_numpy().data
        bounds = np.frombuffer(text.buffers()[1], np.int64)[text.offset : text.offset + len(text) + 1]
        if bounds[-1] > bounds[0]:
            yield text.buffers()[2][bounds[0] : bounds[-1]]
    else:
        yield repr(block.to_pylist()).encode()
