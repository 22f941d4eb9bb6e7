"""What was seen of each picture of a table."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from striate.data.thumbnails import BYTES


@dataclass(frozen=True, eq=False)
class Examined:
    """What was seen of each picture of a table, parallel to its rows.

    Args:
        columns: as `cache.SEEN`; `hash` is null where no file could be read at all, `reason` where all is well,
            and `dhash` and `thumbnail` where they were not asked for.
    """

    columns: pa.Table

    @cached_property
    def hash(self) -> list[str | None]:
        """32 hex digits of the file's bytes, or of the pixels of an array."""
        hashes: list[str | None] = self.columns["hash"].to_pylist()
        return hashes

    @cached_property
    def reason(self) -> list[str | None]:
        """Why a picture cannot be read; None where it can."""
        reasons: list[str | None] = self.columns["reason"].to_pylist()
        return reasons

    @cached_property
    def readable(self) -> NDArray[np.bool_]:
        """(N,) whether a picture can be read."""
        readable: NDArray[np.bool_] = self.columns["reason"].is_null().to_numpy()
        return readable

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """(N, 2) height and width, upright; 0 where unreadable."""
        return np.stack([self.height, self.width], axis=1)

    @cached_property
    def height(self) -> NDArray[np.int64]:
        """(N,) pixels; 0 where unreadable."""
        return self._numbers("height")

    @cached_property
    def width(self) -> NDArray[np.int64]:
        """(N,) pixels; 0 where unreadable."""
        return self._numbers("width")

    @cached_property
    def channels(self) -> NDArray[np.int64]:
        """(N,) 1 or 3, as the file has it; 0 where unreadable."""
        return self._numbers("channels")

    @cached_property
    def notes(self) -> list[tuple[str, ...]]:
        """What was decided in reading: `decode`'s notes, `gray-as-color`, and `wrong-extension:PNG`."""
        return [tuple(notes or ()) for notes in self.columns["notes"].to_pylist()]

    @cached_property
    def dhash(self) -> NDArray[np.uint64]:
        """(N,) perceptual hashes; only those of `hashed` mean something."""
        hashes: NDArray[np.uint64] = self.columns["dhash"].fill_null(0).to_numpy()
        return hashes

    @cached_property
    def hashed(self) -> NDArray[np.bool_]:
        """(N,) whether a picture has a perceptual hash."""
        hashed: NDArray[np.bool_] = self.columns["dhash"].is_valid().to_numpy()
        return hashed

    def thumbnails(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return (N, `thumbnails.BYTES`) of `rows`, which must be `hashed`."""
        texts = self.columns["thumbnail"].take(pa.array(rows)).to_pylist()
        return np.frombuffer(b"".join(texts), np.uint8).reshape(len(rows), BYTES)

    def noted(self, start: str) -> NDArray[np.int64]:
        """Return the rows with a note that is `start`, or begins with `start` and a colon."""
        notes = self.columns["notes"].combine_chunks()
        texts = pc.list_flatten(notes)
        fitting = pc.or_(pc.equal(texts, start), pc.starts_with(texts, f"{start}:"))
        rows: NDArray[np.int64] = pc.list_parent_indices(notes).filter(fitting).to_numpy().astype(np.int64)
        return rows

    def _numbers(self, name: str) -> NDArray[np.int64]:
        numbers: NDArray[np.int64] = self.columns[name].fill_null(0).to_numpy().astype(np.int64)
        return numbers
