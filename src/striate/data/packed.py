"""A pack that was made: pictures on the disk, mapped into memory, and what each of them is.

    KEY/pictures/0.bin     the pictures, one after the other
    KEY/index-0.arrow      for each, in the order of the packed rows: where it is, its size, or why it cannot be read
    KEY/store.json         what all this is; a folder without it is no pack

Of what is found there the description, the key, and the sizes of all files are checked, and that every picture lies
within its file. The pixels themselves are not: that would take as long as reading them all.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from striate.core.errors import DataError
from striate.data import decode, pack_flush
from striate.data.decode import Unreadable
from striate.data.jpeg import reduced
from striate.data.pack_crops import RawCrops, Where
from striate.data.pack_form import FORMAT, KINDS, Form, in_words
from striate.data.preprocess import Crop, Preprocess
from striate.data.resize import is_quick

INDEX = pa.schema(
    [
        ("offset", pa.int64()),
        ("length", pa.int64()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("channels", pa.int32()),
        ("whole_height", pa.int32()),
        ("whole_width", pa.int32()),
        ("step", pa.int32()),
        ("jpeg", pa.bool_()),
        ("reason", pa.string()),
    ]
)


Reduction = Callable[[int, int], int]
Shown = tuple[NDArray[np.uint8], tuple[int, int]]


def shown(
    data: NDArray[np.uint8],
    shape: tuple[int, int, int],
    whole: tuple[int, int],
    steps: tuple[int, int],
    *,
    jpeg: bool,
    rows: decode.Rows | None = None,
) -> Shown:
    """Return the pixels (h, w, C) of what a pack keeps of a picture, and height and width of the whole picture.

    Args:
        data: the bytes kept.
        shape: height, width and channels of what is kept.
        whole: height and width of the whole picture.
        steps: what it was reduced by, and what it may be reduced by.
        jpeg: whether the bytes are a JPEG.
        rows: of the whole picture's height and width, says how many rows from the top are looked at; None: all.
    """
    if not jpeg:
        return data.reshape(shape), whole
    least = reduced(shape[:2], steps[1] // steps[0])
    wanted = None if rows is None else lambda *_: -(-rows(*whole) // steps[0])
    return decode.decode(data.tobytes(), min_size=least, rows=wanted).pixels, whole


class Damaged(DataError):
    """A folder that is not the pack it should be."""


@dataclass(frozen=True, eq=False)
class Part:
    """What one process packed.

    Args:
        pictures: the bytes, mapped.
        index: as `INDEX`.
    """

    pictures: NDArray[np.uint8]
    index: pa.Table


class Packed:
    """The pictures of some rows of a table, as a pack holds them.

    Args:
        path: the pack's folder.
        about: its description.
        parts: in the order of the rows.
        rows: (M,) the table's rows that it holds.
        total: how many rows the table has.
    """

    def __init__(
        self, path: Path, about: dict[str, Any], parts: list[Part], rows: NDArray[np.int64], total: int
    ) -> None:
        self.path, self.about, self.parts = path, about, parts
        self.form = Form(**about["form"])
        self.kind: str = about["kind"]
        self._position = np.full(total, -1, np.int32)
        self._position[rows] = np.arange(len(rows), dtype=np.int32)
        self._starts = np.cumsum([0, *(len(part.index) for part in parts)])

    def has(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(N,) which of `rows` the pack holds, be it only the reason why they cannot be read."""
        held: NDArray[np.bool_] = self._position[rows] >= 0
        return held

    def reason(self, row: int) -> str | None:
        """Return why the picture of `row` cannot be read, or None."""
        return self._reasons.get(int(self._position[row]))

    def picture(self, row: int, reduction: Reduction, rows: decode.Rows | None = None) -> Shown | None:
        """Return the pixels kept of the picture of `row`, and the size of the whole picture.

        Args:
            row: any.
            reduction: of a picture's height and width, says what it may be reduced by (1, 2, 4 or 8) for what is
                wanted of it.
            rows: of the same, says how many rows from the top are wanted of it; None: all.

        Returns:
            None where the pack does not have it, or only reduced by more.

        Raises:
            Unreadable: it could not be read when the pack was made, or the pack is damaged.
        """
        position = int(self._position[row])
        if position < 0:
            return None
        if position in self._reasons:
            raise Unreadable(self._reasons[position])
        part, place = self._place(position)
        columns = self._columns[part]
        start, length, height, width, channels, whole_height, whole_width, step = (int(c[place]) for c in columns[:8])
        data, whole = self.parts[part].pictures[start : start + length], (whole_height, whole_width)
        shape, allowed = (height, width, channels), reduction(*whole)
        if step > allowed:
            return None
        return shown(data, shape, whole, (step, allowed), jpeg=bool(columns[8][place]), rows=rows)

    def crops(
        self, rows: NDArray[np.int64], crops: Sequence[Crop], preprocess: Preprocess, images: NDArray[np.uint8]
    ) -> RawCrops | None:
        """Return what cuts `crops` of the pictures of `rows` into `images` (N, C, H, W), where that is quicker.

        Returns:
            None where `picture` and `Preprocess.place` must do it.
        """
        if self.kind != "raw" or not is_quick(preprocess.interpolation):
            return None
        return RawCrops(self._where(self._position[rows]), crops, preprocess, images)

    def placed(self, rows: NDArray[np.int64], images: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Fill `images` (N, C, H, W) with the pictures of `rows` and return which could be read; for placed packs."""
        positions = self._position[rows]
        for start, part in zip(self._starts, self.parts, strict=False):
            mine = (positions >= start) & (positions < start + len(part.index))
            stored = part.pictures.reshape(-1, *images.shape[1:])
            if mine.all():
                np.take(stored, positions - start, axis=0, out=images, mode="clip")
            elif mine.any():
                images[mine] = stored[positions[mine] - start]
        return ~self._unreadable[positions]

    @property
    def bytes(self) -> int:
        """How many bytes its pictures take."""
        return sum(part.pictures.size for part in self.parts)

    @property
    def unreadable(self) -> int:
        """How many of its pictures cannot be read."""
        return len(self._reasons)

    def in_words(self) -> str:
        """Return size and kind: "0.6 GB as raw pixels"."""
        return f"{in_words(self.bytes)} {KINDS[self.kind]}"

    def close(self) -> None:
        """Do nothing: the system lets go of what is mapped."""

    @cached_property
    def _columns(self) -> list[list[NDArray[Any]]]:
        names = INDEX.names[:-1]
        return [[part.index[name].to_numpy() for name in names] for part in self.parts]

    @cached_property
    def _reasons(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for start, part in zip(self._starts, self.parts, strict=False):
            wrong = np.flatnonzero(part.index["reason"].is_valid().to_numpy())
            told = part.index["reason"].take(pa.array(wrong)).to_pylist()
            found.update(zip((wrong + start).tolist(), told, strict=True))
        return found

    @cached_property
    def _unreadable(self) -> NDArray[np.bool_]:
        unreadable = np.zeros(self._starts[-1], bool)
        unreadable[list(self._reasons)] = True
        return unreadable

    def _where(self, positions: NDArray[np.int32]) -> Where:
        columns, owner = np.zeros((8, len(positions)), np.int64), np.zeros(len(positions), np.int64)
        for number, start in enumerate(self._starts[:-1]):
            mine = (positions >= start) & (positions < self._starts[number + 1])
            owner[mine] = number
            for target, column in zip(columns, self._columns[number], strict=False):
                target[mine] = column[positions[mine] - start]
        there = (positions >= 0) & ~self._unreadable[positions]
        return Where([part.pictures for part in self.parts], owner, columns, there)

    def _place(self, position: int) -> tuple[int, int]:
        if len(self.parts) == 1:
            return 0, position
        part = int(np.searchsorted(self._starts, position, side="right")) - 1
        return part, position - int(self._starts[part])


def open_pack(path: Path, name: str, rows: NDArray[np.int64], total: int) -> Packed | None:
    """Open the pack in the folder `path`, or return None where there is none.

    Args:
        path: the folder.
        name: the key it must have.
        rows: (M,) what it must hold, in this order.
        total: how many rows the table has.

    Raises:
        Damaged: something is there, and it is not this pack, or not all of it.
    """
    if not path.is_dir():
        return None
    try:
        about = json.loads((path / "store.json").read_text(encoding="utf-8"))
        if (about["format"], about["key"]) != (FORMAT, name):
            raise Damaged(f"{path}: it is of another format or of other pictures")
        if not pack_flush.trusted(path, about["boot"]):
            raise Damaged(f"{path}: the machine stopped before all of it was on the disk")
        parts = [_open_part(path, number, sizes) for number, sizes in enumerate(about["parts"])]
        packed = Packed(path, about, parts, rows, total)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
        raise Damaged(f"{path}: {error}") from error
    if sum(len(part.index) for part in parts) != len(rows):
        raise Damaged(f"{path}: it holds another number of pictures")
    return packed


def _open_part(path: Path, number: int, sizes: dict[str, int]) -> Part:
    files = {"pictures": path / "pictures" / f"{number}.bin", "index": path / f"index-{number}.arrow"}
    for name, file in files.items():
        if file.stat().st_size != sizes[name]:
            raise Damaged(f"{file}: {file.stat().st_size} bytes instead of {sizes[name]}")
    index = pa.ipc.open_file(pa.memory_map(str(files["index"]))).read_all().cast(INDEX).combine_chunks()
    if len(index) and not _within(index, sizes["pictures"]):
        raise Damaged(f"{files['index']}: pictures beyond the end of their file")
    empty = sizes["pictures"] == 0
    pictures = np.zeros(0, np.uint8) if empty else np.memmap(files["pictures"], np.uint8, "r")
    return Part(np.asarray(pictures), index)


def _within(index: pa.Table, end: int) -> bool:
    columns = {name: index[name].to_numpy() for name in INDEX.names[:-1]}
    start, length = columns["offset"], columns["length"]
    area = columns["height"].astype(np.int64) * columns["width"] * columns["channels"]
    fits = columns["jpeg"] | (area == length) | index["reason"].is_valid().to_numpy()
    return bool(((start >= 0) & (length >= 0) & (start + length <= end) & fits).all())
