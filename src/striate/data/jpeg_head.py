"""The head of an ordinary JPEG, read without opening it: its size, and its EXIF.

Most files are ordinary, and for those Pillow's look at every segment and at the list of its plugins is not needed.
"""

import struct
from dataclasses import dataclass

_SOI, _SOF0, _SOS = b"\xff\xd8\xff", 0xC0, 0xDA
_APP0, _APP1, _APP15, _COMMENT = 0xE0, 0xE1, 0xEF, 0xFE
_TABLES = frozenset({0xDB, 0xC4, 0xDD})  # quantization, Huffman codes, restart interval
_PASSED = frozenset({_COMMENT, *range(_APP0, _APP15 + 1)}) | _TABLES
_EXIF = b"Exif\0\0"
_UNUSUAL = (b"MPF\0", b"http://ns.adobe.com/xap/1.0/\0")  # several pictures; an orientation that EXIF may lack


@dataclass(frozen=True)
class Head:
    """What is known before decoding.

    Args:
        size: height and width, as stored.
        exif: the EXIF segment; empty where there is none.
        place: where the height stands in the file, two bytes, the higher first.
        block: rows that are coded together.
    """

    size: tuple[int, int]
    exif: bytes
    place: int
    block: int


def plain(data: bytes) -> Head | None:
    """Read the head of an ordinary JPEG: baseline, 8 bits, gray or of three components, in one scan, one picture.

    Returns:
        None for every other file, broken or not: it takes a closer look.
    """
    if not data.startswith(_SOI):
        return None
    frame, exif, found, place = b"", b"", 0, 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], struct.unpack_from(">H", data, place + 2)[0]
        body = data[place + 4 : place + 2 + length]
        if marker == _SOS:
            return _head(frame, body, exif, found + 5)
        if marker == _SOF0 and not frame:
            frame, found = body, place
        elif marker == _APP1 and body.startswith(_EXIF) and not exif:
            exif = body
        elif marker not in _PASSED or body.startswith((*_UNUSUAL, _EXIF)):
            return None
        place += 2 + length
    return None


def _head(frame: bytes, scan: bytes, exif: bytes, place: int) -> Head | None:
    if len(frame) < 6 or frame[0] != 8 or frame[5] not in {1, 3} or scan[:1] != frame[5:6]:
        return None
    height, width = struct.unpack_from(">HH", frame, 1)
    block = 8 * max((sampling & 15 for sampling in frame[7::3]), default=1)
    return Head((height, width), exif, place, block) if height and width else None
