"""A store: the pictures of a table, ready for a network.

Pictures are read by threads (decoders release the interpreter's lock) and placed at the input's size. Placed ones are
kept in memory while there is room; whole ones, for random crops, come from a pack on the disk where there is one, and
else from their files, decoded as small as the crop allows.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial

import numpy as np
from numpy.typing import NDArray

from striate.core import ranks
from striate.core.errors import RecipeError
from striate.data.decode import Unreadable, decode
from striate.data.pack_filling import Filling
from striate.data.packed import Packed
from striate.data.preprocess import Crop, Preprocess
from striate.data.table import Table

MEMORY = 2**28  # bytes of placed pictures kept in memory
_CHUNK = 16  # pictures a thread takes at once: handing over one by one takes a tenth of what reading 64 x 64 does
_UNSEEN, _UNREADABLE = -1, -2


class Store:
    """The pictures of `table` as `preprocess` places them.

    Args:
        table: where the pictures are.
        preprocess: their size and channels.
        threads: how many decode at once; the results do not depend on it.
        memory: the most bytes of placed pictures to keep.
        packed: pictures of the table on the disk, made for `preprocess`; what it lacks is read from the files.
    """

    def __init__(
        self,
        table: Table,
        preprocess: Preprocess,
        *,
        threads: int | None = None,
        memory: int = MEMORY,
        packed: Packed | Filling | None = None,
    ) -> None:
        if threads is not None and threads < 1:
            raise RecipeError(f"threads = {threads}: at least 1 thread must read pictures")
        self.table, self.preprocess = table, preprocess
        threads = threads or ranks.cores()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="striate-read")
        self._spread = 2 * threads
        self._shape = (preprocess.channels, *preprocess.size)
        kept = min(len(table), memory // int(np.prod(self._shape)))
        self._kept = np.empty((kept, *self._shape), np.uint8)  # the system gives memory as it is filled
        self._used = 0
        self._slots = np.full(len(table), _UNSEEN, np.int32)
        self._lock = threading.Lock()
        self._reasons: dict[int, str] = {}
        self._index = table.columns["index"].to_numpy() if table.pixels is not None else None
        self._whole = packed if packed is not None and packed.form.fit is None else None
        self._placed = packed if isinstance(packed, Packed) and packed.form.fit is not None else None

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
        images = np.empty((len(rows), *self._shape), np.uint8)
        if crops is None:
            return images, self._read_placed(rows, images)
        readable = np.zeros(len(rows), bool)
        self._each(np.arange(len(rows)), self._cutter(rows, crops, images, readable))
        return images, readable

    def reason(self, row: int) -> str | None:
        """Return why the picture of `row` could not be read, or None while it could."""
        return self._reasons.get(row)

    def close(self) -> None:
        """Let the reading threads go; a pack that is not filled yet is given up."""
        self._threads.shutdown(cancel_futures=True)
        if self._whole is not None:
            self._whole.close()

    def _read_placed(self, rows: NDArray[np.int64], images: NDArray[np.uint8]) -> NDArray[np.bool_]:
        slots = self._slots[rows]
        if (slots >= 0).all():
            np.take(self._kept, slots, axis=0, out=images, mode="clip")  # clip: without a copy in between
            return np.ones(len(rows), bool)
        readable: NDArray[np.bool_] = slots != _UNREADABLE
        kept, unseen = np.flatnonzero(slots >= 0), np.flatnonzero(slots == _UNSEEN)
        images[kept] = self._kept[slots[kept]]
        if self._placed is not None:
            unseen = self._from_pack(rows, unseen, images, readable)
        if unseen.size:
            self._fresh(rows, unseen, images, readable)
            self._keep(rows[unseen], images[unseen] if len(self._kept) > self._used else None, readable[unseen])
        return readable

    def _from_pack(
        self, rows: NDArray[np.int64], wanted: NDArray[np.int64], images: NDArray[np.uint8], readable: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Fill in what the pack of placed pictures has of the places `wanted`; return the others."""
        assert self._placed is not None
        there = self._placed.has(rows[wanted])
        mine = wanted[there]
        if len(mine) == len(rows):
            readable[:] = self._placed.placed(rows, images)
        elif mine.size:
            part = np.empty((len(mine), *self._shape), np.uint8)
            readable[mine] = self._placed.placed(rows[mine], part)
            images[mine] = part
        for row in rows[mine[~readable[mine]]].tolist():
            self._reasons[row] = str(self._placed.reason(row))
        return wanted[~there]

    def _fresh(
        self, rows: NDArray[np.int64], places: NDArray[np.int64], images: NDArray[np.uint8], readable: NDArray[np.bool_]
    ) -> None:
        """Fill in the pictures at `places` from where the table has them."""
        if self.table.pixels is not None and self._index is not None:
            pixels = self.table.pixels
            if pixels.shape[1:] == (*self.preprocess.size, self.preprocess.channels):
                images[places] = pixels[self._index[rows[places]]].transpose(0, 3, 1, 2)
                return
        self._each(places, self._cutter(rows, None, images, readable))

    def _keep(self, rows: NDArray[np.int64], images: NDArray[np.uint8] | None, readable: NDArray[np.bool_]) -> None:
        """Keep what was read while there is room, and remember what cannot be read."""
        self._slots[rows[~readable]] = _UNREADABLE
        if images is None:
            return
        with self._lock:
            fresh, first = np.unique(rows[readable], return_index=True)
            new = np.flatnonzero(self._slots[fresh] == _UNSEEN)[: len(self._kept) - self._used]
            slots = np.arange(self._used, self._used + len(new), dtype=np.int32)
            self._kept[slots] = images[np.flatnonzero(readable)[first[new]]]
            self._used += len(new)
            self._slots[fresh[new]] = slots

    def _each(self, places: NDArray[np.int64], work: Callable[[int], None]) -> None:
        """Do `work` for each of `places`, in threads."""

        def some(chunk: NDArray[np.int64]) -> None:
            for place in chunk.tolist():
                work(place)

        many = min(_CHUNK, -(-len(places) // self._spread))
        chunks = [self._threads.submit(some, places[i : i + many]) for i in range(0, len(places), many)]
        wait(chunks)  # one waking, where each result would wake this thread
        for chunk in chunks:
            chunk.result()

    def _cutter(
        self,
        rows: NDArray[np.int64],
        crops: Sequence[Crop] | None,
        images: NDArray[np.uint8],
        readable: NDArray[np.bool_],
    ) -> Callable[[int], None]:
        """Return what fills in the picture at one place of a batch."""
        paths = self.table.strings("path", rows) if self.table.pixels is None else None
        quick = None
        if crops is not None and self._whole is not None:
            quick = self._whole.crops(rows, crops, self.preprocess, images)

        def fill(place: int) -> None:
            if quick is not None and quick.cut(place):
                readable[place] = True
                return
            row, crop = int(rows[place]), None if crops is None else crops[place]
            try:
                pixels, whole = self._pixels(row, crop, paths[place] if paths is not None else None)
            except Unreadable as error:
                self._reasons[row] = error.reason
                readable[place] = False
                return
            images[place] = self.preprocess.place(pixels, crop, whole=whole).transpose(2, 0, 1)
            readable[place] = True

        return fill

    def _pixels(self, row: int, crop: Crop | None, path: str | None) -> tuple[NDArray[np.uint8], tuple[int, int]]:
        """Return the pixels to cut from, and height and width of the picture that they are a form of."""
        if self.table.pixels is not None and self._index is not None:
            pixels: NDArray[np.uint8] = self.table.pixels[self._index[row]]
            return pixels, pixels.shape[:2]
        if crop is not None and self._whole is not None:
            kept = self._whole.picture(row, partial(self.preprocess.reduction, crop), self.preprocess.rows(crop))
            if kept is not None:
                return kept
        least, rows = self.preprocess.least_size(crop), self.preprocess.rows(crop)
        picture = decode(self.table.root / (path or ""), min_size=least, rows=rows)
        return picture.pixels, picture.size
