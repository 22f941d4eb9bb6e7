"""What was seen of each picture of a table."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from striate.data.scratch import Scratch
from striate.data.thumbnails import flat

_BLOCK = 8_192  # thumbnails


@dataclass(frozen=True, eq=False)
class Examined:
    """What was seen of each picture of a table, parallel to its rows.

    Args:
        columns: as `cache.SEEN`; `hash` is null where no file could be read at all, `reason` where all is well,
            and `dhash` where it was not asked for.
        likenesses: rows of `thumbnails.BYTES`: the thumbnails of the different files, or of all pictures of an array.
        places: (N,) where in `likenesses` each picture's is, -1 where it has none.
    """

    columns: pa.Table
    likenesses: Scratch
    places: NDArray[np.int32]

    @property
    def hash(self) -> list[str | None]:
        """32 hex digits of the file's bytes, or of the pixels of an array."""
        hashes: list[str | None] = self.columns["hash"].to_pylist()
        return hashes

    @property
    def reason(self) -> list[str | None]:
        """Why a picture cannot be read; None where it can."""
        reasons: list[str | None] = self.columns["reason"].to_pylist()
        return reasons

    @property
    def readable(self) -> NDArray[np.bool_]:
        """(N,) whether a picture can be read."""
        readable: NDArray[np.bool_] = self.columns["reason"].is_null().to_numpy()
        return readable

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(N, 2) height and width, upright; 0 where unreadable."""
        return np.stack([self.height, self.width], axis=1)

    @property
    def height(self) -> NDArray[np.int64]:
        """(N,) pixels; 0 where unreadable."""
        return self._numbers("height")

    @property
    def width(self) -> NDArray[np.int64]:
        """(N,) pixels; 0 where unreadable."""
        return self._numbers("width")

    @property
    def channels(self) -> NDArray[np.int64]:
        """(N,) 1 or 3, as the file has it; 0 where unreadable."""
        return self._numbers("channels")

    @property
    def notes(self) -> list[tuple[str, ...]]:
        """What was decided in reading: `decode`'s notes, `gray-as-color`, and `wrong-extension:PNG`."""
        return [tuple(notes or ()) for notes in self.columns["notes"].to_pylist()]

    @property
    def dhash(self) -> NDArray[np.uint64]:
        """(N,) perceptual hashes; only those of `hashed` mean something."""
        hashes: NDArray[np.uint64] = self.columns["dhash"].fill_null(0).to_numpy()
        return hashes

    @property
    def hashed(self) -> NDArray[np.bool_]:
        """(N,) whether a picture has a perceptual hash."""
        hashed: NDArray[np.bool_] = self.columns["dhash"].is_valid().to_numpy()
        return hashed

    @cached_property
    def flat(self) -> NDArray[np.bool_]:
        """(N,) whether a picture is known to be one flat color."""
        likenesses = self.likenesses.rows
        blocks = [flat(likenesses[start : start + _BLOCK]) for start in range(0, len(likenesses), _BLOCK)]
        return np.concatenate([*blocks, [False]])[self.places]  # place -1, of none, reads the last

    def of(self, column: str, rows: NDArray[np.int64]) -> list[Any]:
        """Return what `column` says of `rows`."""
        values: list[Any] = self.columns[column].take(pa.array(rows)).to_pylist()
        return values

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
