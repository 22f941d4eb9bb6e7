"""Many small pictures in one page: each is embedded once, as a tile of a sheet.

A sheet is one PNG or JPEG with 16 by 16 tiles; the page shows a tile as the background of an element. So a picture
that appears in several places costs its bytes once, and the file header is paid per sheet, not per picture.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from striate.report.contents import Pictures

ACROSS = 16  # tiles a row of a sheet, and rows of a full sheet
_TILES = ACROSS * ACROSS
_LARGEST = 112  # longest side of a thumbnail, in pixels; larger pictures are shrunk
_SHOWN = 132  # how large the page shows a tile at most, in CSS pixels
_BLOCK = 8  # JPEG's block: tiles that start on one do not bleed into each other
_PREFER_PNG = 1.3  # lossless where it costs at most this much more
_PIXELATED_BELOW = 64  # smaller pictures are enlarged as squares, which is what the network sees


@dataclass(frozen=True)
class Thumbnails:
    """The pictures of a page.

    Args:
        tiles: a picture's row to its tile; tile t lies on sheet t // 256 at column t % 16, row t % 256 // 16.
        sheets: data URIs.
        depths: how many rows of tiles each sheet has.
        size: (h, w) of every picture in its tile, in pixels.
        pitch: (h, w) from one tile to the next; at least `size`.
        scale: CSS pixels for one pixel.
    """

    tiles: dict[int, int]
    sheets: tuple[str, ...] = ()
    depths: tuple[int, ...] = ()
    size: tuple[int, int] = (1, 1)
    pitch: tuple[int, int] = (1, 1)
    scale: float = 1.0

    @property
    def pixelated(self) -> bool:
        """Whether the page should show pixels as squares."""
        return max(self.size) < _PIXELATED_BELOW

    @property
    def bytes(self) -> int:
        """The bytes that the sheets add to the page."""
        return sum(map(len, self.sheets))


NO_THUMBNAILS = Thumbnails({})


def collect(rows: Iterable[int], pictures: Pictures, *, budget: int) -> Thumbnails:
    """Lay the pictures of `rows` on sheets until the page has grown by `budget` bytes.

    Args:
        rows: the most important first; repeats are fine.
        pictures: gives (N, H, W, C) uint8 for rows, all of one size.
        budget: bytes of the data URIs; at least one sheet is made, at most one more than fits.
    """
    wanted = list(dict.fromkeys(int(row) for row in rows))
    tiles: dict[int, int] = {}
    sheets: list[str] = []
    depths: list[int] = []
    size = pitch = (1, 1)
    for start in range(0, len(wanted), _TILES):
        if sum(map(len, sheets)) * (1 + 1 / max(1, len(sheets))) > budget:
            break
        chosen = wanted[start : start + _TILES]
        small = shrink(pictures(chosen))
        size = (small.shape[1], small.shape[2])
        pitch = (_blocks(size[0]), _blocks(size[1]))
        sheet = tile(small, pitch=pitch)
        sheets.append(data_uri(sheet, quality=95 if max(size) < _PIXELATED_BELOW else 82))
        depths.append(sheet.shape[0] // pitch[0])
        tiles.update({row: start + place for place, row in enumerate(chosen)})
    return Thumbnails(tiles, tuple(sheets), tuple(depths), size, pitch, _scale(size))


def shrink(pictures: NDArray[np.uint8], largest: int = _LARGEST) -> NDArray[np.uint8]:
    """Return the pictures (N, H, W, C) with their longest side at most `largest`, shrunk without aliasing."""
    height, width = pictures.shape[1:3]
    factor = largest / max(height, width)
    if factor >= 1:
        return pictures
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    shrunk = [np.asarray(as_image(p).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)) for p in pictures]
    return np.stack(shrunk).reshape(len(pictures), size[1], size[0], -1)


def tile(pictures: NDArray[np.uint8], *, pitch: tuple[int, int], across: int = ACROSS) -> NDArray[np.uint8]:
    """Lay (N, H, W, C) pictures on one canvas, `across` to a row; the gaps repeat the pictures' edges."""
    count, height, width, channels = pictures.shape
    deep = -(-count // across)
    gaps = ((0, deep * across - count), (0, pitch[0] - height), (0, pitch[1] - width), (0, 0))
    filled = np.pad(pictures, gaps, mode="edge")
    grid = filled.reshape(deep, across, *pitch, channels).swapaxes(1, 2)
    return grid.reshape(deep * pitch[0], across * pitch[1], channels)


def data_uri(picture: NDArray[np.uint8], *, quality: int | None = None) -> str:
    """Return (H, W, C) uint8 as a data URI: PNG, or where a `quality` is given and it is much smaller, JPEG."""
    return _uri(*encoded(picture, quality=quality))


def encoded(picture: NDArray[np.uint8], *, quality: int | None = None) -> tuple[str, bytes]:
    """Return the form, png or jpeg, and the file of (H, W, C) uint8; JPEG as `data_uri` has it."""
    image = as_image(picture)
    png = _encoded(image, "PNG")
    if quality is None:
        return "png", png
    jpeg = _encoded(image, "JPEG", quality=quality, subsampling=0)
    return ("png", png) if len(png) <= _PREFER_PNG * len(jpeg) else ("jpeg", jpeg)


def as_image(picture: NDArray[np.uint8]) -> Image.Image:
    """Return (H, W, C) uint8, C 1 or 3, as a Pillow image."""
    return Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)


def in_turn(lists: Iterable[Iterable[int]]) -> Iterator[int]:
    """Yield the first of every list, then the second of every list, and so on."""
    waiting = [iter(items) for items in lists]
    while waiting:
        left = []
        for items in waiting:
            found = next(items, None)
            if found is not None:
                yield found
                left.append(items)
        waiting = left


def _scale(size: tuple[int, int]) -> float:
    # Whole multiples keep the squares of tiny pictures equal.
    return float(max(1, _SHOWN // max(size)))


def _blocks(side: int) -> int:
    return -(-side // _BLOCK) * _BLOCK


def _encoded(image: Image.Image, form: str, **options: bool | int) -> bytes:
    buffer = BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _uri(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{b64encode(data).decode()}"
