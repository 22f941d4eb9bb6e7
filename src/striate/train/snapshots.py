"""Snapshots: the recognizer as it was after some epochs, kept for good, to see how units and layers came about.

`snapshots/epoch-5` is a saved recognizer, written whole: what `checkpoints/best` would have been had the training
ended there. Where weights are averaged it is the averaged network, which validation and the user see.
"""

import re
from pathlib import Path

from striate.core.errors import DataError
from striate.core.files import intact
from striate.recognize.recognizer import NetworkRecognizer, read

_FOLDER = re.compile(r"\.?epoch-(\d+)(\.old)?")


def snapshot(run: Path, epoch: int) -> Path:
    """Return where a run keeps its recognizer after `epoch`; 0: before the first step."""
    return run / "snapshots" / f"epoch-{epoch}"


def kept(run: Path) -> dict[int, Path]:
    """Return the folder of each snapshot that is there, by epoch, in order."""
    folder = run / "snapshots"
    if not folder.is_dir():
        return {}
    found = (_FOLDER.fullmatch(path.name) for path in folder.iterdir())
    epochs = sorted({int(match[1]) for match in found if match})
    return {epoch: intact(snapshot(run, epoch)) for epoch in epochs}


def load(run: Path, epoch: int) -> NetworkRecognizer:
    """Read the recognizer as it was after `epoch`.

    Raises:
        DataError: no snapshot of that epoch was kept, or it is damaged.
    """
    known = kept(run)
    if epoch not in known:
        there = f"there are those of epochs {', '.join(map(str, known))}" if known else "it has none"
        raise DataError(
            f"{run} has no snapshot of epoch {epoch}; {there}. Snapshots are kept while a run is trained: "
            f"striate train --from {run} --set snapshots={epoch}"
        )
    return read(known[epoch])
