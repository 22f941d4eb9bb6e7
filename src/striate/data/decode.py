"""From the bytes of a picture file to its pixels, whole and right, or the reason why not.

JPEG goes through simplejpeg (see `jpeg`), all else through Pillow, which also reads every header. Thread-safe.
"""

import io
import os
import re
import stat
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from striate.data import jpeg, jpeg_head, modes, soundness
from striate.data.jpeg_head import Head
from striate.data.unreadable import Unreadable

__all__ = ["FORMATS", "MAX_BYTES", "MAX_PIXELS", "Least", "Picture", "Rows", "Unreadable", "decode", "read_bytes"]
__all__ += ["VERSION", "to_channels"]

VERSION = 2  # raise it whenever the same bytes would give other pixels
MAX_PIXELS = 178_956_970  # Pillow's own limit, 512 MiB as RGB; above the 108 megapixels of large phone pictures
MAX_BYTES = 2 * 2**30

# Formats with a signature that noise does not have. Not: TGA and PCX, which have none to speak of; EPS, which starts
# other programs; PSD, whose frames are layers.
# fmt: off
FORMATS = (
    "JPEG", "PNG", "GIF", "BMP", "PPM", "TIFF", "WEBP", "AVIF", "JPEG2000", "ICO", "ICNS", "DDS", "SGI", "QOI", "XBM",
    "XPM",
)
# fmt: on

Size = tuple[int, int]
Least = Size | Callable[[int, int], Size]
"""Height and width to keep at least, or what says so of a picture's own height and width, upright."""
Rows = Callable[[int, int], int]
"""Says of a picture's own height and width, upright, how many of its rows, from the top, are looked at."""

_Turn = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
_TURNS: dict[int, _Turn] = {  # what EXIF's orientation asks for, on (H, W, C)
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.transpose(1, 0, 2),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90,
}
_UNKNOWN = 0  # an orientation that cannot be read
_QUIET = ("ignore", None, Warning, re.compile(r"PIL\."), 0)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was meant to be seen.

    Args:
        pixels: (H, W, C) uint8, C 1 or 3, upright.
        notes: what was decided on the way: `modes.flatten`'s, and `exif-rotated`, `animated` (the first of several
            frames or pages), `irregular` (breaks its format's rules, yet every pixel is there), `gray` (C is 1).
        size: height and width of the whole picture, upright; larger than `pixels` where it was decoded reduced.
        format: of the content, as Pillow names it: "JPEG", "PNG".
    """

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...]
    size: tuple[int, int]
    format: str


def decode(
    source: bytes | Path,
    *,
    channels: int | None = None,
    min_size: Least | None = None,
    rows: Rows | None = None,
) -> Picture:
    """Read a picture.

    Args:
        source: a file, or the bytes of one.
        channels: 1 or 3; None for what the file has.
        min_size: height and width to keep at least; a larger JPEG may then be decoded at a half, a quarter or an
            eighth, which is quicker.
        rows: how many rows are looked at, from the top; those below may be left undefined, and damage to them be
            overlooked, which is quicker. A file that ends too early is found out in any case.

    Raises:
        Unreadable: for any reason; nothing else is raised for a bad file.
    """
    name = str(source) if isinstance(source, Path) else "the picture"
    data = source if isinstance(source, bytes) else read_bytes(source)
    try:
        picture = _decode(data, min_size, rows)
    except Unreadable as error:
        raise Unreadable(error.reason, name) from error
    except Exception as error:  # Pillow's readers raise nearly every kind on bad bytes
        raise Unreadable(_reason(error, data), name) from error
    if channels is None or channels == picture.pixels.shape[2]:
        return picture
    return Picture(to_channels(picture.pixels, channels), picture.notes, picture.size, picture.format)


def to_channels(pixels: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Return (H, W, channels): ITU-R 601 luma of color, or gray repeated.

    Args:
        pixels: (H, W, 1 or 3).
        channels: 1 or 3.
    """
    if channels not in {1, 3}:
        raise ValueError(f"{channels} channels: a picture has 1 or 3")
    if pixels.shape[2] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=2)
    red, green, blue = (pixels[:, :, i].astype(np.uint32) for i in range(3))
    luma = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16  # Pillow's constants: same bits as its "L"
    return luma.astype(np.uint8)[:, :, None]


def read_bytes(path: Path) -> bytes:
    """Return the bytes of the file `path`.

    Raises:
        Unreadable: it is absent, not permitted, no file, or over `MAX_BYTES`.
    """
    try:
        found = os.stat(path)  # noqa: PTH116  a Path's own costs three times as much
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("it is a folder" if stat.S_ISDIR(found.st_mode) else "it is no regular file", str(path))
        if found.st_size > MAX_BYTES:
            raise Unreadable(f"too large: {found.st_size} bytes, over the limit of {MAX_BYTES}", str(path))
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  as above
            return file.read()
    except FileNotFoundError as error:
        raise Unreadable("no such file", str(path)) from error
    except OSError as error:
        raise Unreadable(error.strerror or str(error), str(path)) from error
    except ValueError as error:  # a null byte in the name
        raise Unreadable(str(error), str(path)) from error


def _decode(data: bytes, min_size: Least | None, rows: Rows | None) -> Picture:
    if not data:
        raise Unreadable("the file is empty (0 bytes)")
    head = jpeg_head.plain(data)
    picture = _from_plain(head, data, min_size, rows) if head is not None else None
    return picture or _by_pillow(data, min_size)


def _by_pillow(data: bytes, min_size: Least | None) -> Picture:
    _hush_pillow()
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise Unreadable(f"too large: {width} x {height} pixels, over the limit of {MAX_PIXELS}")
        if image.format in {"JPEG", "MPO"}:
            return _from_jpeg(image, data, min_size)
        return _from_other(image, data)


def _from_plain(head: Head, data: bytes, min_size: Least | None, rows: Rows | None) -> Picture | None:
    if head.size[0] * head.size[1] > MAX_PIXELS:
        return None
    turn = _orientation(head.exif) if head.exif else 1
    upper = rows(*head.size) if rows is not None and turn == 1 else None
    pixels = jpeg.decode_plain(data, head, _lying(min_size, head.size, turn), upper)
    return None if pixels is None else _picture("JPEG", pixels, [], turn, head.size)


def _from_jpeg(image: Image.Image, data: bytes, min_size: Least | None) -> Picture:
    turn = _orientation(image)
    size = image.size[::-1]
    pixels, irregular = jpeg.decode(data, _lying(min_size, size, turn))
    notes: list[str] = []
    if pixels is None:
        pixels, notes = modes.flatten(image, data)
    if irregular:
        notes.append("irregular")
    if _animated(image):
        notes.append("animated")
    return _picture(image.format or "", pixels, notes, turn, size)


def _lying(min_size: Least | None, size: Size, turn: int) -> Size | None:
    """Return the least size of the picture as stored, of `size`, whose upright size `min_size` speaks of."""
    if min_size is None:
        return None
    upright = size[::-1] if turn >= 5 else size
    least = min_size(*upright) if callable(min_size) else min_size
    return least[::-1] if turn >= 5 else least


def _from_other(image: Image.Image, data: bytes) -> Picture:
    soundness.check(image, data)
    # Pillow turns a TIFF as it loads; others must be loaded first, because their EXIF may follow the pixels, and a
    # failure to load must not pass for unreadable EXIF.
    turned = image.format == "TIFF" and _orientation(image) > 1
    image.load()
    turn = _orientation(image)
    pixels, notes = modes.flatten(image, data)
    if turned:
        notes.append("exif-rotated")
    if _animated(image):
        notes.append("animated")
    return _picture(image.format or "", pixels, notes, turn, image.size[::-1])


def _picture(kind: str, pixels: NDArray[np.uint8], notes: list[str], turn: int, size: Size) -> Picture:
    if turn in _TURNS:
        pixels = np.ascontiguousarray(_TURNS[turn](pixels))
        notes.append("exif-rotated")
    if turn == _UNKNOWN and "irregular" not in notes:
        notes.append("irregular")
    if pixels.shape[2] == 1:
        notes.append("gray")
    return Picture(pixels, tuple(notes), size[::-1] if turn >= 5 else size, kind)


def _orientation(source: Image.Image | bytes) -> int:
    """Return EXIF's orientation of an opened picture, or of an EXIF segment."""
    try:
        if isinstance(source, bytes):
            exif = Image.Exif()
            exif.load(source)
        else:
            exif = source.getexif()
        turn = exif.get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001  EXIF is a TIFF of its own, with as many ways to be broken; the pixels are not
        return _UNKNOWN
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1


def _animated(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # noqa: BLE001  a broken second frame: the first, which we have, is not concerned
        return False


def _hush_pillow() -> None:
    # Its warnings say what our notes and reasons say. `catch_warnings` is not safe among threads, so the filter
    # stays; it is put back where someone reset the filters.
    if _QUIET not in warnings.filters:
        warnings.filterwarnings("ignore", module=_QUIET[3].pattern)


def _reason(error: Exception, data: bytes) -> str:
    if isinstance(error, UnidentifiedImageError):
        return soundness.describe(data)
    if isinstance(error, Image.DecompressionBombError):
        return f"too large: over the limit of {MAX_PIXELS} pixels ({error})"
    if isinstance(error, MemoryError):
        return "there is not enough memory to decode it"
    text = str(error) or type(error).__name__
    return f"{'truncated' if 'truncated' in text.lower() else 'damaged'}: {text}"
