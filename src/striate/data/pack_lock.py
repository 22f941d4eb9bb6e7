"""One process makes a pack, others wait for it; what a killed one left is cleared away."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from striate.core.progress import say

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def held(path: Path, *, quiet: bool = False) -> Iterator[None]:
    """Hold the pack at `path` for this process; wait, and say so, while another holds it.

    The system lets go of it when the process ends, however it ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if fcntl is None:  # where the system has no such locks, two processes make the pack twice; the last one stays
        yield
        return
    handle = os.open(_lock(path), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not _taken(handle):
            say(f"store: another process is making {path}: waiting for it", quiet=quiet)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def tried(path: Path) -> Iterator[bool]:
    """Hold the pack at `path` if no other process does, and yield whether it is held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        yield True
        return
    handle = os.open(_lock(path), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield _taken(handle)
    finally:
        os.close(handle)


def clear_away(folder: Path) -> None:
    """Remove what killed processes left of packs beneath `folder`; what is being made is left alone."""
    if fcntl is None:
        return
    for part in folder.glob(".*.part"):
        lock = _lock(folder / part.name.split(".")[1])
        if not lock.is_file():
            continue  # not ours
        handle = os.open(lock, os.O_RDWR)
        try:
            if _taken(handle):
                shutil.rmtree(part, ignore_errors=True)
        finally:
            os.close(handle)


def _lock(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
