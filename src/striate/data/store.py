"""A store: the pictures of a table, ready for a network.

Pictures are read by threads (decoders release the interpreter's lock) and placed at the input's size. Where all of
the table's fit into the limit they are placed once and kept; where not, and for random crops, they are read each time.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import RecipeError
from striate.data.decode import Unreadable, decode
from striate.data.preprocess import Crop, Preprocess
from striate.data.table import Table

MEMORY = 2 * 2**30  # bytes of placed pictures kept in memory


class Store:
    """The pictures of `table` as `preprocess` places them.

    Args:
        table: where the pictures are.
        preprocess: their size and channels.
        threads: how many decode at once; the results do not depend on it.
        memory: the most bytes that all pictures of the table, placed, may take to be kept.
    """

    def __init__(
        self, table: Table, preprocess: Preprocess, *, threads: int | None = None, memory: int = MEMORY
    ) -> None:
        if threads is not None and threads < 1:
            raise RecipeError(f"threads = {threads}: at least 1 thread must read pictures")
        self.table = table
        self.preprocess = preprocess
        self._threads = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="striate-read")
        shape = (preprocess.channels, *preprocess.size)
        keeps = len(table) * int(np.prod(shape)) <= memory
        self._kept: NDArray[np.uint8] | None = np.empty((len(table), *shape), np.uint8) if keeps else None
        self._known = np.zeros(len(table), np.int8)  # 1 kept, -1 unreadable
        self._reasons: dict[int, str] = {}

    def read(
        self, rows: NDArray[np.int64], crops: Sequence[Crop] | None = None
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Return the pictures of `rows`, placed, and which of them could be read.

        Args:
            rows: (N,) rows of the table.
            crops: one a row, cut from the whole picture instead of what `fit` takes.

        Returns:
            images (N, C, H, W) uint8 and readable (N,) bool. The pixels of unreadable pictures are undefined:
            leave them out. Their reasons are told by `reason`.
        """
        if crops is None and self._kept is not None:
            self._fill(rows)
            return self._kept[rows], self._known[rows] > 0
        images = np.empty((len(rows), self.preprocess.channels, *self.preprocess.size), np.uint8)
        parts: Sequence[Crop | None] = crops if crops is not None else [None] * len(rows)
        jobs = zip(range(len(rows)), rows, parts, strict=True)
        readable = list(self._threads.map(lambda job: self._place(images[job[0]], int(job[1]), job[2]), jobs))
        return images, np.array(readable, bool)

    def reason(self, row: int) -> str | None:
        """Return why the picture of `row` could not be read, or None while it could."""
        return self._reasons.get(row)

    def close(self) -> None:
        """Let the reading threads go."""
        self._threads.shutdown(cancel_futures=True)

    def _fill(self, rows: NDArray[np.int64]) -> None:
        assert self._kept is not None
        missing = np.unique(rows[self._known[rows] == 0])
        if missing.size == 0:
            return
        if self.table.pixels is not None and self._as_they_are():
            index = self.table.columns["index"].to_numpy()[missing]
            self._kept[missing] = self.table.pixels[index].transpose(0, 3, 1, 2)
            self._known[missing] = 1
            return
        kept = self._kept
        readable = list(self._threads.map(lambda row: self._place(kept[row], int(row), None), missing))
        self._known[missing] = np.where(readable, 1, -1)

    def _as_they_are(self) -> bool:
        pixels = self.table.pixels
        return pixels is not None and pixels.shape[1:] == (*self.preprocess.size, self.preprocess.channels)

    def _place(self, target: NDArray[np.uint8], row: int, crop: Crop | None) -> bool:
        try:
            pixels = self._pixels(row, crop)
        except Unreadable as error:
            self._reasons[row] = error.reason
            return False
        target[:] = self.preprocess.place(pixels, crop).transpose(2, 0, 1)
        return True

    def _pixels(self, row: int, crop: Crop | None) -> NDArray[np.uint8]:
        if self.table.pixels is not None:
            pixels: NDArray[np.uint8] = self.table.pixels[self.table.columns["index"][row].as_py()]
            return pixels
        return decode(self.table.path(row), min_size=self.preprocess.least_size(crop)).pixels
