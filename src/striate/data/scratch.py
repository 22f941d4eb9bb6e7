"""Rows of bytes in a file without a name, for what is too much to hold in memory and not worth keeping.

The file is mapped, so the system can take its memory back at any time, and it is gone when the process ends or is
killed.
"""

import io
import mmap
import tempfile
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray


class Scratch:
    """Rows of equal width, in the order in which they are appended.

    Args:
        width: bytes a row.
        folder: where the file lies; where nothing can be written there, the rows are in memory.
    """

    def __init__(self, width: int, folder: Path) -> None:
        self._width = width
        self._size = 0
        self._file = _nameless(folder)
        self._mapped = _nothing(width)

    def __del__(self) -> None:
        self._file.close()  # what is mapped stays so

    def __len__(self) -> int:
        return self._size // self._width

    def append(self, data: bytes | memoryview) -> None:
        """Add `data`, whole rows of bytes."""
        try:
            _write_at(self._file, self._size, data)
        except OSError:  # the disk is full
            self._file = _in_memory(self._file, self._size)
            _write_at(self._file, self._size, data)
        self._size += len(data)

    def clear(self) -> None:
        """Forget all rows."""
        self._size = 0
        self._mapped = _nothing(self._width)

    @property
    def rows(self) -> NDArray[np.uint8]:
        """(N, width) what was appended so far, read-only; pages are read as they are asked for."""
        if len(self._mapped) != len(self):
            self._mapped = np.frombuffer(_mapped(self._file, self._size), np.uint8).reshape(-1, self._width)
        return self._mapped


def _nameless(folder: Path) -> IO[bytes]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder, buffering=0)
    except OSError:
        return io.BytesIO()


def _nothing(width: int) -> NDArray[np.uint8]:
    return np.zeros((0, width), np.uint8)


def _write_at(file: IO[bytes], place: int, data: bytes | memoryview) -> None:
    file.seek(place)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _in_memory(file: IO[bytes], size: int) -> IO[bytes]:
    with file:
        file.seek(0)
        return io.BytesIO(file.read(size))


def _mapped(file: IO[bytes], size: int) -> mmap.mmap | bytes:
    if isinstance(file, io.BytesIO):
        return file.getvalue()[:size]
    return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
