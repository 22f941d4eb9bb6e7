"""JPEG through libjpeg-turbo, strictly.

libjpeg fills what is missing with gray and only warns, and Pillow does not pass the warning on. So every JPEG goes
through simplejpeg's strict mode, whose first complaint decides.
"""

import re
import struct
from collections.abc import Iterator

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from striate.data.jpeg_head import Head
from striate.data.unreadable import Unreadable

# libjpeg's warnings (jerror.h) after which pixels are missing or invented, and what to tell people.
_DAMAGE = {
    "Premature end of JPEG file": "truncated: the JPEG ends before its picture does",
    "Corrupt JPEG data: premature end": "damaged: parts of the JPEG's picture are missing",
    "Corrupt JPEG data": "damaged",
    "Inconsistent progression": "damaged: scans of the progressive JPEG are missing",
}
_STRAY_BEFORE_END = "extraneous bytes before marker 0xd9"  # after the last pixel: padding of some cameras
_START_OF_SCAN, _APP0, _APP15, _COMMENT, _END = 0xDA, 0xE0, 0xEF, 0xFE, 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # one with a body, or the end; none of those within a scan

# libjpeg-turbo shrinks by these as it decodes. By the eighths in between it takes longer than at full size: 500 x 375
# at 5/8 0.75 ms, at 8/8 0.56, at 4/8 0.45 (`simplejpeg.decode_jpeg`, one core with AVX-512).
REDUCTIONS = (8, 4, 2, 1)


def decode(data: bytes, least: tuple[int, int] | None) -> tuple[NDArray[np.uint8] | None, bool]:
    """Decode a JPEG, or say that it is whole but Pillow must decode it.

    Args:
        data: the whole file.
        least: height and width, as stored, that the result must keep; it may then be smaller than the file's
            picture by one of `REDUCTIONS`. None: full size.

    Returns:
        (H, W, C) with C 1 or 3, or None where Pillow must decode (CMYK, and what is irregular); and whether the
        file breaks the format's rules although every pixel is there.

    Raises:
        Unreadable: pixels are missing or damaged.
    """
    _check_scans(data)
    try:
        height, width, kind, _ = simplejpeg.decode_jpeg_header(data)
        if kind in {"CMYK", "YCCK"}:
            simplejpeg.decode_jpeg(data, "CMYK", min_height=8, min_width=8)  # for its verdict; small is quicker
            return None, False
        return _decode(data, (height, width), kind, least), False
    except ValueError:
        _judge(data)
        return None, True


def decode_plain(
    data: bytes, head: Head, least: tuple[int, int] | None, rows: int | None = None
) -> NDArray[np.uint8] | None:
    """Decode a file with a `jpeg_head.plain` head.

    Args:
        data: the whole file.
        head: the file's.
        least: as for `decode`.
        rows: how many rows, as stored, are wanted; what lies below may be left undefined. None: all.

    Returns:
        (H, W, C), or None where anything at all is wrong: `decode` finds out what.
    """
    try:
        height, width, kind, _ = simplejpeg.decode_jpeg_header(data)
        if (height, width) != head.size:
            return None
        if rows is not None:
            upper = _upper(data, head, kind, least, rows)
            if upper is not None:
                return upper
        return _decode(data, head.size, kind, least)
    except ValueError:
        return None


def _upper(data: bytes, head: Head, kind: str, least: tuple[int, int] | None, rows: int) -> NDArray[np.uint8] | None:
    """Decode the upper `rows` alone; None where that does not pay, or something is wrong.

    The decoder is told that the picture ends there. It fills our memory and then complains about bytes that are left
    before the end mark, its first complaint, so all above is whole, and the end mark is there.
    """
    last = -(-(rows + 1) // head.block) * head.block  # interpolated colors of a row look at the next one
    if last >= head.size[0]:
        return None
    step = reduction(head.size, least) if least else 1
    height, width = reduced(head.size, step)
    low, space = last // step, "GRAY" if kind == "Gray" else "RGB"
    pixels = np.empty((height, width, 1 if kind == "Gray" else 3), np.uint8)
    shortened = bytearray(data)
    struct.pack_into(">H", shortened, head.place, last)
    try:
        simplejpeg.decode_jpeg(shortened, space, min_height=low, min_width=width, buffer=pixels)
    except ValueError as error:
        return pixels if str(error).endswith(_STRAY_BEFORE_END) else None
    return None


def _decode(data: bytes, size: tuple[int, int], kind: str, least: tuple[int, int] | None) -> NDArray[np.uint8]:
    low = reduced(size, reduction(size, least)) if least else (0, 0)
    space = "GRAY" if kind == "Gray" else "RGB"
    pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, space, min_height=low[0], min_width=low[1])
    return pixels


def reduction(size: tuple[int, int], least: tuple[int, int]) -> int:
    """Return the largest of `REDUCTIONS` by which a picture of `size` keeps `least`."""
    for step in REDUCTIONS:
        height, width = reduced(size, step)
        if height >= least[0] and width >= least[1]:
            return step
    return 1


def reduced(size: tuple[int, int], step: int) -> tuple[int, int]:
    """Return height and width of a picture of `size` that libjpeg-turbo shrinks by `step`."""
    return -(-size[0] // step), -(-size[1] // step)


def _check_scans(data: bytes) -> None:
    # A progressive JPEG cut between two scans and closed again passes for whole: libjpeg smooths over what is missing.
    missing: dict[int, set[int]] = {}  # by component, the coefficients without their last bit
    progressive = False
    for marker, body in _segments(data):
        if marker in _FRAMES:
            progressive = marker in _PROGRESSIVE
            missing = {component: set(range(64)) for component in body[6::3]}
        elif marker == _START_OF_SCAN:
            first, last, bits = body[-3:] if progressive else (0, 63, 0)
            for component in body[1:-3:2] if bits % 16 == 0 else b"":
                missing.get(component, set()).difference_update(range(first, last + 1))
            if not any(missing.values()):  # most JPEGs have one scan, which need not be searched
                return
    if any(missing.values()):
        raise Unreadable("truncated: scans of the JPEG are missing")


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = 2
    while found := _MARKER.search(data, place):
        start, marker = found.end(), data[found.start() + 1]
        if marker == _END or len(data) < start + 2:
            return
        place = start + struct.unpack_from(">H", data, start)[0]
        if place > start + 4:
            yield marker, data[start + 2 : place]


def _judge(data: bytes) -> None:
    # Only the first complaint is told, so harmless ones about metadata are taken out of its way.
    complaint = _complaint(_without_metadata(data))
    if complaint is None or complaint.endswith(_STRAY_BEFORE_END):
        return
    for start, reason in _DAMAGE.items():
        if complaint.startswith(start):
            raise Unreadable(f"{reason} ({complaint})")
    # Any other complaint is of a kind of JPEG that simplejpeg does not know; Pillow decides.


def _complaint(data: bytes) -> str | None:
    try:
        kind = simplejpeg.decode_jpeg_header(data)[2]
        space = {"CMYK": "CMYK", "YCCK": "CMYK", "Gray": "GRAY"}.get(kind, "RGB")
        simplejpeg.decode_jpeg(data, space, min_height=8, min_width=8)
    except ValueError as error:
        return str(error)
    return None


def _without_metadata(data: bytes) -> bytes:
    kept, place = [data[:2]], 2
    while place + 4 <= len(data):
        if data[place] != 0xFF or data[place + 1] in {0x00, 0xFF}:  # stray bytes between segments
            place += 1
            continue
        marker, length = data[place + 1], struct.unpack_from(">H", data, place + 2)[0]
        if marker == _START_OF_SCAN:
            return b"".join((*kept, data[place:]))
        if not _APP0 <= marker <= _APP15 and marker != _COMMENT:
            kept.append(data[place : place + 2 + length])
        place += 2 + length
    return data
