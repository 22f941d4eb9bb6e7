"""Whether a file is whole, and what it is if it is no picture.

Pillow passes over wrong checksums and over a TIFF's damage, and says only "cannot identify" of anything else.
"""

import struct
import zlib
from collections.abc import Sequence

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from striate.data.unreadable import Unreadable

_PNG = b"\x89PNG\r\n\x1a\n"
_NEEDED = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT"})  # the chunks that decide pixels
_TEXT = bytes({7, 8, 9, 10, 12, 13, 27, *range(32, 256)})  # as file(1) tells text from data

# What the first bytes say, for formats that people take for pictures.
_STARTS = (
    (b"version https://git-lfs", "a Git LFS pointer, not the picture itself: run `git lfs pull`"),
    (b"<svg", "an SVG drawing, which has no pixels: export it as PNG"),
    (b"<!doctype html", "an HTML page, not a picture: download it again"),
    (b"<html", "an HTML page, not a picture: download it again"),
    (b"%pdf", "a PDF document: export its pages as PNG"),
    (b"%!ps", "a PostScript drawing: export it as PNG"),
    (b"8bps", "a Photoshop document: export it as PNG"),
    (b"pk\x03\x04", "a ZIP archive: unpack it"),
    (b"\x1f\x8b", "a gzip archive: unpack it"),
    (b"riff", "a RIFF file that is no readable WebP picture: damaged, a film or a sound"),
    (_PNG.lower(), "a PNG whose header is damaged"),
    (b"\xff\xd8\xff", "a JPEG whose header is damaged"),
    (b"gif8", "a GIF whose header is damaged"),
    (b"bm", "perhaps a BMP, but its header is damaged"),
    (b"ii*\x00", "a TIFF that is damaged or of a kind that cannot be read"),
    (b"mm\x00*", "a TIFF that is damaged or of a kind that cannot be read"),
)
_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}


def describe(data: bytes) -> str:
    """Return what `data` is, for a file that no reader takes for a picture."""
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for prefix, kind in _STARTS:
        if start.startswith(prefix):
            return kind
    if b"<svg" in start:
        return "an SVG drawing, which has no pixels: export it as PNG"
    if data[4:8] == b"ftyp":
        return "a HEIC picture: convert it to JPEG" if data[8:12] in _BRANDS else "a film, or an AVIF that is damaged"
    if not data[:512].translate(None, _TEXT):
        return "a text file, not a picture"
    return "not a picture in a format that can be read (JPEG, PNG, TIFF, WebP, BMP, GIF, AVIF, JPEG 2000, PPM, ...)"


def check(image: Image.Image, data: bytes) -> None:
    """Refuse a file whose damage Pillow would not notice.

    Args:
        image: opened from `data`, not loaded yet.
        data: the whole file.

    Raises:
        Unreadable: a checksum is wrong or a part lies beyond the end of the file.
    """
    if image.format == "PNG":
        _check_png(data)
    elif isinstance(image, TiffImageFile):
        _check_tiff(image, len(data))


def _check_png(data: bytes) -> None:
    place = len(_PNG)
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        if kind == b"IEND":
            return
        if kind in _NEEDED:
            if end > len(data):
                raise Unreadable(f"truncated: the PNG ends within its {kind.decode()} data")
            if zlib.crc32(data[place + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
                raise Unreadable(f"damaged: the checksum of the PNG's {kind.decode()} data is wrong")
        place = end


def _check_tiff(image: TiffImageFile, size: int) -> None:
    if image.tag_v2.get(259, 1) == 1:  # not compressed: Pillow itself notices if pixels are missing
        return
    for offsets, lengths in ((273, 279), (324, 325)):  # strips, tiles
        starts, counts = _numbers(image, offsets), _numbers(image, lengths)
        if any(start + count > size for start, count in zip(starts, counts, strict=False)):
            raise Unreadable("truncated: parts of the TIFF lie beyond the end of the file")


def _numbers(image: TiffImageFile, tag: int) -> Sequence[int]:
    value = image.tag_v2.get(tag, ())
    numbers: Sequence[int] = value if isinstance(value, tuple) else (value,)
    return numbers
