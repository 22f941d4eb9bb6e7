"""Making a pack: read each picture once, limit its size, write it down.

Several processes may each make a part, in the same folder; then one seals it.
"""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import PIL
import simplejpeg
from numpy.typing import NDArray

from striate.core import ranks
from striate.core.files import write_json
from striate.core.progress import Tracker, track
from striate.data import decode, pack_flush
from striate.data.decode import Picture, Rows, Unreadable, read_bytes, to_channels
from striate.data.jpeg import reduced
from striate.data.pack_form import FORMAT, Form, Kind
from striate.data.pack_writer import Kept, PartWriter, index_of, pictures_of
from striate.data.packed import Reduction, Shown
from striate.data.preprocess import Preprocess
from striate.data.resize import shrink
from striate.data.table import Table

QUALITY = 95  # of limited pictures kept as JPEG, with color at full resolution
_AHEAD = 8  # pictures a thread may be ahead of the slowest


@dataclass(frozen=True, eq=False)
class Work:
    """What is to be packed.

    Args:
        table: of files, with hashes.
        rows: as `pack_form.packable` returns them.
        preprocess: sizes and channels.
        form: what a picture is kept as.
        kind: raw pixels, JPEG, or placed pictures.
        key: the pack's name.
        threads: how many read; the result does not depend on it.
    """

    table: Table
    rows: NDArray[np.int64]
    preprocess: Preprocess
    form: Form
    kind: Kind
    key: str
    threads: int = field(default_factory=ranks.cores)


def write_part(folder: Path, work: Work, number: int = 0, parts: int = 1, *, quiet: bool = False) -> None:
    """Write part `number` of `parts` into `folder`: the pictures of a run of rows and their index."""
    bounds = np.linspace(0, len(work.rows), parts + 1).astype(np.int64)
    rows = work.rows[bounds[number] : bounds[number + 1]]
    writer = PartWriter(folder, number, len(rows), slot(work))
    try:
        with track("packing pictures", len(rows), quiet=quiet) as tracker:
            _write(work, rows, writer, tracker)
        writer.finish()
    finally:
        writer.close()


def seal(folder: Path, work: Work, parts: int = 1) -> None:
    """Write the description of a pack whose parts are all there; without it the folder is no pack."""
    files = [(pictures_of(folder, number), index_of(folder, number)) for number in range(parts)]
    made_with = {"pillow": PIL.__version__, "simplejpeg": simplejpeg.__version__}
    about = {
        "format": FORMAT,
        "decode": decode.VERSION,
        "key": work.key,
        "kind": work.kind,
        "form": work.form.model_dump(mode="json"),
        "location": work.table.location,
        "fingerprint": work.table.fingerprint,
        "rows": len(work.rows),
        "of": len(work.table),
        "parts": [{"pictures": p.stat().st_size, "index": i.stat().st_size} for p, i in files],
        "made_with": made_with,
        "boot": pack_flush.boot(),
    }
    write_json(folder / "store.json", about)


def prepare(work: Work, row: int) -> Kept:
    """Return what the pack keeps of the picture of `row`: of one that cannot be decoded, the reason.

    Raises:
        Unreadable: the file, whose content was known, cannot be read now; that may pass, so it is not kept.
    """
    try:
        data = read_bytes(work.table.path(row))
    except Unreadable as error:
        if work.table.has("hash") and work.table.columns["hash"][row].is_valid:
            raise
        return _unreadable(work, error.reason)
    try:
        if work.kind == "placed":
            return _placed(work, decode.decode(data, min_size=work.preprocess.least_size()))
        return _limited(work, data, decode.decode(data, min_size=lambda *size: reduced(size, work.form.step(*size))))
    except Unreadable as error:
        return _unreadable(work, error.reason)


def glance(work: Work, row: int, reduction: Reduction, rows: Rows | None) -> Shown:
    """Return as much as a crop needs of the pixels that a raw pack would keep, or of the file's where it needs more.

    Args:
        work: for raw pixels.
        row: of the table.
        reduction: as for `Packed.picture`.
        rows: likewise.

    Raises:
        Unreadable: the file cannot be read.
    """

    def step(*size: int) -> int:
        kept, allowed = work.form.step(*size), reduction(*size)
        return kept if kept <= allowed else allowed

    picture = decode.decode(work.table.path(row), min_size=lambda *size: reduced(size, step(*size)), rows=rows)
    whole, kept = picture.size, work.form.step(*picture.size)
    if kept > reduction(*whole):
        return picture.pixels, whole
    pixels = shrink(picture.pixels, whole, kept)
    return to_channels(pixels, min(pixels.shape[2], work.form.channels)), whole


def slot(work: Work) -> int | None:
    """Return how many bytes every picture takes, where they all take the same."""
    return work.form.size[0] * work.form.size[1] * work.form.channels if work.kind == "placed" else None


def _write(work: Work, rows: NDArray[np.int64], writer: PartWriter, tracker: Tracker) -> None:
    def one(number: int, row: int) -> None:
        writer.write(number, prepare(work, row))

    waiting: deque[Future[None]] = deque()
    with ThreadPoolExecutor(work.threads, thread_name_prefix="striate-pack") as pool:
        try:
            for number, row in enumerate(rows.tolist()):
                waiting.append(pool.submit(one, number, row))
                if len(waiting) >= work.threads * _AHEAD:
                    waiting.popleft().result()
                    tracker.advance()
            for future in waiting:
                future.result()
                tracker.advance()
        finally:
            pool.shutdown(cancel_futures=True)


def _placed(work: Work, picture: Picture) -> Kept:
    placed = work.preprocess.place(picture.pixels, whole=picture.size)
    pixels = np.ascontiguousarray(placed.transpose(2, 0, 1))  # as batches have it
    return Kept(pixels, (*work.form.size, work.form.channels), picture.size)


def _limited(work: Work, data: bytes, picture: Picture) -> Kept:
    whole, step = picture.size, work.form.step(*picture.size)
    pixels = shrink(picture.pixels, whole, step)
    height, width, channels = pixels.shape
    if work.kind == "jpeg" and step == 1 and picture.format == "JPEG":
        return Kept(data, (height, width, channels), whole, jpeg=True)  # the very file
    channels = min(channels, work.form.channels)
    pixels = to_channels(pixels, channels)
    if work.kind == "raw" or step == 1:
        return Kept(pixels, (height, width, channels), whole, step)
    space, sampling = ("GRAY", "Gray") if channels == 1 else ("RGB", "444")
    coded = simplejpeg.encode_jpeg(pixels, QUALITY, space, sampling)
    return Kept(coded, (height, width, channels), whole, step, jpeg=True)


def _unreadable(work: Work, reason: str) -> Kept:
    # Placed pictures are found by their number, so that one takes its room too.
    height, width, channels = (*work.form.size, work.form.channels)
    room = np.zeros((height, width, channels) if work.kind == "placed" else 0, np.uint8)
    return Kept(room, (0, 0, 0), (0, 0), reason=reason)
