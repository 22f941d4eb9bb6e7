"""Which kind of pack a table deserves, and how large it becomes, before it is made."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from striate.data import cache
from striate.data.decode import FORMATS
from striate.data.pack_form import Form, Kind, in_words
from striate.data.packing import Work, prepare
from striate.data.preprocess import Preprocess
from striate.data.table import Table

LARGEST = 20 * 2**30  # bytes of a pack, unless the user says otherwise
_RAW = 2**22  # bytes of a reduced picture, on average, up to which its pixels are kept as they are
_SAMPLE = 400  # pictures whose headers are read where sizes are not known
_ENCODED = 48  # pictures that are encoded to learn what a pixel takes as JPEG


@dataclass(frozen=True)
class Choice:
    """What to make.

    Args:
        kind: of pack; None: no pack.
        size: bytes it will take, about.
        reason: why there is to be none.
    """

    kind: Kind | None
    size: int
    reason: str = ""


def choose(table: Table, rows: NDArray[np.int64], preprocess: Preprocess, form: Form, limit: int) -> Choice:
    """Return which pack of `rows` pays, and its size, which is within a few percent of what it becomes.

    Args:
        table: of files.
        rows: those to pack.
        preprocess: sizes and channels.
        form: what a picture is kept as.
        limit: the most bytes that the pack may take.
    """
    if form.crop is None:
        size = len(rows) * form.size[0] * form.size[1] * form.channels
        return _within(Choice("placed", size), limit)
    sizes, channels = look(table, rows)
    kept = (-(-sizes // form.steps(sizes)[:, None])).prod(axis=1)
    share = len(rows) / max(len(sizes), 1)
    raw = int((kept * np.minimum(channels, form.channels)).sum() * share)
    if raw <= _RAW * len(rows) and raw <= min(limit, _memory() // 2):
        return Choice("raw", raw)
    per_pixel, files = _encoded(Work(table, rows, preprocess, form, "jpeg", ""))
    jpeg = int(kept.sum() * share * per_pixel)
    if jpeg > files / 2:
        return Choice(None, raw, f"{in_words(raw)} of raw pixels are {_too_much(raw, len(rows), limit)}, and the JPEGs "
                      "that the crops need would be more than half as large as the files")  # fmt: skip
    return _within(Choice("jpeg", jpeg), limit)


def room(where: Path) -> int:
    """Return the most bytes that a pack beneath `where` takes by default: 20 GiB, or half of what is free there."""
    folder = where
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return min(LARGEST, shutil.disk_usage(folder).free // 2)


def look(table: Table, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return sizes (M, 2) and channels (M,) of the readable pictures of `rows`, as examined, or else of a sample."""
    sizes, channels = cache.sizes(table, rows)
    known = sizes[:, 0] > 0
    if known.mean() < 0.9:
        sample = rows[:: max(1, len(rows) // _SAMPLE)]
        found = [seen for seen in (_header(table.path(int(row))) for row in sample) if seen is not None]
        sizes = np.array([seen[:2] for seen in found], np.int64).reshape(-1, 2)
        return sizes, np.array([seen[2] for seen in found], np.int64)
    return sizes[known], channels[known]


def _header(path: Path) -> tuple[int, int, int] | None:
    try:
        with Image.open(path, formats=FORMATS) as image:
            return image.height, image.width, 1 if image.mode in {"1", "L", "LA", "I;16"} else 3
    except Exception:  # noqa: BLE001  what cannot be read takes no room; its reason is told when it is packed
        return None


def _too_much(raw: int, count: int, limit: int) -> str:
    if raw > limit:
        return f"over the limit of {in_words(limit)}"
    return "more than half of the memory" if raw <= _RAW * count else "more than 4 MiB a picture"


def _within(choice: Choice, limit: int) -> Choice:
    if choice.size <= limit:
        return choice
    return Choice(None, choice.size, f"it would take {in_words(choice.size)}, over the limit of {in_words(limit)}")


def _encoded(work: Work) -> tuple[float, float]:
    """Return bytes a pixel as JPEG, and the bytes of all files, both as in a sample."""
    sample = work.rows[:: max(1, len(work.rows) // _ENCODED)]
    kept = [prepare(work, int(row)) for row in sample]
    files = [_bytes(work.table.path(int(row))) for row in sample]
    pixels = sum(one.shape[0] * one.shape[1] for one in kept)
    return sum(one.length for one in kept) / max(1, pixels), sum(files) / len(sample) * len(work.rows)


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _memory() -> int:
    """Return the machine's memory in bytes: raw pixels that it cannot hold would be read from the disk every time."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return LARGEST
