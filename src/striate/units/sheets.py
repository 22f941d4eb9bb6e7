"""Sprite sheets: thousands of small pictures in a few files, which the pages show part by part.

Tiles lie in square blocks, one block a unit, so that a page shows the nine patches of a unit as one piece, or each
alone. A sheet holds `across` by `deep` blocks; it is a PNG, or a JPEG where that is much smaller.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.core import files
from striate.report.thumbnails import encoded

GAP = 2  # pixels between tiles, white
_SIDE = 2048  # pixels of a sheet, of the file and on the screen, at most, unless a single block is larger
_PIXELATED_BELOW = 64  # smaller tiles are enlarged as squares, which is what the network sees
_QUALITY = 88


@dataclass(frozen=True)
class Sheet:
    """Tiles in files; all lengths in pixels of the files.

    Args:
        files: relative to the folder of the pages.
        sizes: height and width of each file.
        tile: height and width of a tile.
        pitch: from one tile to the next.
        block: tiles along a side of a block.
        across: blocks in a row.
        deep: rows of blocks in a full sheet.
        scale: pixels on the screen for one of the file, at which the pages begin.
    """

    files: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    tile: tuple[int, int]
    pitch: tuple[int, int]
    block: int
    across: int
    deep: int
    scale: float

    def plain(self) -> dict[str, Any]:
        """Return what the script of the pages reads."""
        return {**asdict(self), "pixelated": max(self.tile) < _PIXELATED_BELOW}


def write(folder: Path, name: str, blocks: Iterable[NDArray[np.uint8]], *, block: int = 1, shown: int = 32) -> Sheet:
    """Write sheets `folder/sheets/name-0.png`, ..., each whole; one is in memory at a time.

    Args:
        folder: of the pages.
        name: of the sheet.
        blocks: (T, h, w, C) uint8 each, T at most `block` squared; what lacks stays white. At least one.
        block: tiles along a side of a block.
        shown: how long the longer side of a tile is on the screen, in pixels, about: small tiles by whole numbers.
    """
    writing: _Writing | None = None
    for tiles in blocks:
        writing = writing or _Writing(folder, name, tiles.shape[1:], block, shown)
        writing.add(tiles)
    if writing is None:
        raise ValueError(f"no pictures for the sheet {name}")
    return writing.end()


class _Writing:
    def __init__(self, folder: Path, name: str, shape: tuple[int, ...], block: int, shown: int) -> None:
        self._folder, self._name, self._block = folder, name, block
        height, width, self._channels = shape
        self._tile = (height, width)
        self._pitch = (height + GAP, width + GAP)
        ratio = shown / max(self._tile)
        self._scale = float(max(1, int(ratio))) if ratio >= 1 else ratio
        most = int(_SIDE / max(1.0, self._scale))
        self._across, self._deep = (max(1, most // (block * pitch)) for pitch in reversed(self._pitch))
        self._open: list[NDArray[np.uint8]] = []
        self._files: list[str] = []
        self._sizes: list[tuple[int, int]] = []

    def add(self, tiles: NDArray[np.uint8]) -> None:
        self._open.append(self._laid(tiles))
        if len(self._open) == self._across * self._deep:
            self._close()

    def end(self) -> Sheet:
        if self._open:
            self._close()
        files_, sizes = tuple(self._files), tuple(self._sizes)
        return Sheet(files_, sizes, self._tile, self._pitch, self._block, self._across, self._deep, self._scale)

    def _laid(self, tiles: NDArray[np.uint8]) -> NDArray[np.uint8]:
        canvas = np.full((self._block, self._pitch[0], self._block, self._pitch[1], self._channels), 255, np.uint8)
        for place, tile in enumerate(tiles):
            row, column = divmod(place, self._block)
            canvas[row, : self._tile[0], column, : self._tile[1]] = tile
        return canvas.reshape(self._block * self._pitch[0], self._block * self._pitch[1], self._channels)

    def _close(self) -> None:
        height, width = self._open[0].shape[:2]
        rows = ceil(len(self._open) / self._across)
        sheet = np.full((rows, height, self._across, width, self._channels), 255, np.uint8)
        for place, laid in enumerate(self._open):
            row, column = divmod(place, self._across)
            sheet[row, :, column] = laid
        picture = sheet.reshape(rows * height, self._across * width, self._channels)
        form, data = encoded(picture, quality=_QUALITY)
        file = f"sheets/{self._name}-{len(self._files)}.{form}"
        files.write_bytes(self._folder / file, data)
        self._files.append(file)
        self._sizes.append((picture.shape[0], picture.shape[1]))
        self._open = []
