"""A pack that fills as a training reads its pictures for the second time: no file is decoded for it alone.

Not the first time: a training that is given up after an epoch has then paid nothing for later ones.

Whoever reads gets the pixels that the pack holds or will hold, so a run reads the same ones whether the pack was there,
fills, is being filled by another run, or was given up because the disk is full.
"""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import StriateError
from striate.core.files import whole_directory
from striate.data import pack_flush, pack_lock
from striate.data.decode import Rows, Unreadable
from striate.data.pack_crops import RawCrops
from striate.data.pack_writer import Kept, PartWriter
from striate.data.packed import Packed, Reduction, Shown, shown
from striate.data.packing import Work, glance, prepare, seal
from striate.data.preprocess import Crop, Preprocess

_LOOK_AGAIN = 5.0  # seconds until we see whether another process has made the pack
_FREE, _SEEN, _CLAIMED, _WRITTEN = 0, 1, 2, 3


class Filling:
    """A pack of whole pictures at `path`, filled by reading.

    Args:
        work: what is to be packed.
        path: the pack's folder, absent yet.
        opened: opens the pack once it is there.
    """

    def __init__(self, work: Work, path: Path, opened: Callable[[], Packed | None]) -> None:
        self.form, self.kind, self.path = work.form, work.kind, path
        self.about = {"kind": work.kind, "key": work.key}
        self._work, self._opened, self._packed = work, opened, opened()
        self._position = np.full(len(work.table), -1, np.int32)
        self._position[work.rows] = np.arange(len(work.rows), dtype=np.int32)
        self._state = np.full(len(work.rows), _FREE, np.int8)
        self._left, self._looked, self._lock = len(work.rows), time.monotonic(), threading.Lock()
        self._writer: PartWriter | None = None
        self._held = ExitStack()
        if self._packed is None:
            self._begin()

    def _begin(self) -> None:
        with ExitStack() as stack:
            if not stack.enter_context(pack_lock.tried(self.path)):
                return
            pack_lock.clear_away(self.path.parent)
            self._folder = stack.enter_context(whole_directory(self.path))
            self._writer = PartWriter(self._folder, 0, len(self._work.rows), None)
            self._held = stack.pop_all()

    @property
    def fills(self) -> bool:
        """Whether this process fills it; else another one does."""
        return self._writer is not None

    def picture(self, row: int, reduction: Reduction, rows: Rows | None = None) -> Shown | None:
        """Return the pixels that the pack holds, or will hold, of the picture of `row`; as `Packed.picture`.

        Where they are not written down and the crop needs more than the pack will hold, it is from the file.
        """
        if self._packed is None and self._writer is None:
            self._look_again()
        if self._packed is not None:
            return self._packed.picture(row, reduction, rows)
        position = int(self._position[row])
        if position < 0:
            return None
        if self.kind == "raw" and self._only_seen(position):
            return glance(self._work, row, reduction, rows)
        kept = self._kept(position, row)
        if kept.reason is not None:
            raise Unreadable(kept.reason)
        allowed = reduction(*kept.whole)
        if kept.step > allowed:
            return None
        return shown(_bytes(kept), kept.shape, kept.whole, (kept.step, allowed), jpeg=kept.jpeg, rows=rows)

    def crops(
        self, rows: NDArray[np.int64], crops: Sequence[Crop], preprocess: Preprocess, images: NDArray[np.uint8]
    ) -> RawCrops | None:
        """Return what cuts many crops quickly; see `Packed.crops`. None until the pack is whole."""
        return None if self._packed is None else self._packed.crops(rows, crops, preprocess, images)

    def close(self) -> None:
        """Give up what is not filled: nothing is left of it."""
        with self._lock:
            self._give_up()

    def _only_seen(self, position: int) -> bool:
        """Say whether the picture is neither written nor to be written now; from now on it counts as seen."""
        with self._lock:
            state = self._state[position]
            if self._writer is not None and state in {_SEEN, _WRITTEN}:
                return False
            self._state[position] = max(state, _SEEN)
            return True

    def _kept(self, position: int, row: int) -> Kept:
        with self._lock:
            state, writer = self._state[position], self._writer
            if writer is not None and state == _WRITTEN:
                return writer.read(position)
            self._state[position] = _SEEN if state == _FREE else _CLAIMED
        try:
            kept = prepare(self._work, row)
        except Unreadable:
            self._state[position] = min(state, _SEEN)
            raise
        if writer is not None and state == _SEEN:
            self._write(writer, position, kept)
        return kept

    def _write(self, writer: PartWriter, position: int, kept: Kept) -> None:
        try:
            writer.write(position, kept)
            with self._lock:
                self._state[position] = _WRITTEN
                self._left -= 1
                if self._left == 0 and self._writer is not None:
                    self._finish(writer)
        except (OSError, StriateError, ValueError) as error:  # ValueError: given up meanwhile, its file closed
            with self._lock:
                if self._give_up():
                    sys.stderr.write(f"store: given up, so every epoch decodes the files anew: {error}\n")

    def _finish(self, writer: PartWriter) -> None:
        writer.finish()
        writer.close()
        seal(self._folder, self._work)
        if pack_flush.boot() is None:
            pack_flush.flush(self._folder)
        self._writer = None
        self._held.close()
        self._packed = self._opened()

    def _give_up(self) -> bool:
        """Leave nothing of what was begun; return whether there was something."""
        writer, self._writer = self._writer, None
        if writer is None:
            return False
        writer.close()
        self._held.__exit__(_GivenUp, _GivenUp(), None)
        return True

    def _look_again(self) -> None:
        with self._lock:
            if time.monotonic() - self._looked > _LOOK_AGAIN:
                self._looked = time.monotonic()
                self._packed = self._opened() if self.path.is_dir() else None


class _GivenUp(Exception):
    pass


def _bytes(kept: Kept) -> NDArray[np.uint8]:
    return kept.data if isinstance(kept.data, np.ndarray) else np.frombuffer(kept.data, np.uint8)
