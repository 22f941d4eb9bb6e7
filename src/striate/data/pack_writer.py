"""The files of one part of a pack, while they are written."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from striate.data.packed import INDEX


@dataclass(frozen=True, eq=False)
class Kept:
    """What a pack keeps of one picture.

    Args:
        data: bytes, or an array that is written as it lies.
        shape: height, width and channels of what is kept.
        whole: height and width of the whole picture.
        step: what it was reduced by.
        jpeg: whether `data` is a JPEG.
        reason: why the picture cannot be read, or None.
    """

    data: Any  # bytes, or an array that is written as it lies
    shape: tuple[int, int, int]
    whole: tuple[int, int]
    step: int = 1
    jpeg: bool = False
    reason: str | None = None

    @property
    def length(self) -> int:
        """How many bytes it takes."""
        return memoryview(self.data).nbytes


class PartWriter:
    """The pictures of a part and their index; threads write, each where there is room.

    Each thread writes its own: handing a picture to another one that writes took three times as long (of 560 kB).

    Args:
        folder: of the pack, being made.
        number: of the part.
        count: how many pictures it has.
        slot: the bytes that every picture takes, one after the other; None: they come as they are written.
    """

    def __init__(self, folder: Path, number: int, count: int, slot: int | None) -> None:
        path = pictures_of(folder, number)
        path.parent.mkdir(exist_ok=True)
        self._file, self._slot, self._end, self._lock = path.open("w+b", 0), slot, 0, threading.Lock()
        self._index = index_of(folder, number)
        self._columns = {field.name: np.zeros(count, field.type.to_pandas_dtype()) for field in _NUMBERS}
        self._reasons: dict[int, str] = {}

    def write(self, number: int, kept: Kept) -> None:
        """Write picture `number` of the part."""
        with self._lock:
            place = self._end if self._slot is None else number * self._slot
            self._end += kept.length
        left, done = memoryview(kept.data).cast("B") if kept.length else memoryview(b""), 0
        while done < kept.length:
            done += self._some(left[done:], place + done)
        values = (place, kept.length, *kept.shape, *kept.whole, kept.step, kept.jpeg)
        for column, value in zip(self._columns.values(), values, strict=True):
            column[number] = value
        if kept.reason is not None:
            self._reasons[number] = kept.reason

    def read(self, number: int) -> Kept:
        """Return what was written as picture `number`."""
        place, length, height, width, channels, whole_height, whole_width, step, jpeg = (
            column[number].item() for column in self._columns.values()
        )
        with self._lock:
            self._file.seek(place)
            data = self._file.read(length)
        shape, whole = (height, width, channels), (whole_height, whole_width)
        return Kept(data, shape, whole, step, jpeg, self._reasons.get(number))

    def finish(self) -> None:
        """Write the index; every picture has been written."""
        reasons = [self._reasons.get(number) for number in range(len(self._columns["offset"]))]
        columns = [pa.array(values) for values in self._columns.values()]
        table = pa.table([*columns, pa.array(reasons, pa.string())], schema=INDEX)
        with pa.ipc.new_file(str(self._index), INDEX) as out:
            out.write_table(table)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _some(self, data: memoryview, place: int) -> int:
        if hasattr(os, "pwrite"):
            return os.pwrite(self._file.fileno(), data, place)
        with self._lock:  # Windows
            self._file.seek(place)
            return self._file.write(data) or 0


_NUMBERS = [field for field in INDEX if field.name != "reason"]


def pictures_of(folder: Path, number: int) -> Path:
    """Return the file of a part's pictures."""
    return folder / "pictures" / f"{number}.bin"


def index_of(folder: Path, number: int) -> Path:
    """Return the file of a part's index."""
    return folder / f"index-{number}.arrow"
