"""Files that appear whole: written beside, flushed to the disk, then renamed into place.

A kill or a full disk at any moment leaves the previous file, never half of a new one.
"""

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from striate.core.errors import StriateError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`; the file is there whole or not at all."""
    with whole_file(path) as beside:
        beside.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`; the file is there whole or not at all."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON; NaN and infinity are refused, as JSON has neither."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; on success it replaces `path`, on any error it is removed.

    Raises:
        StriateError: the disk is full, or there can be no such folder; the previous file, if any, is untouched.
    """
    _make_parent(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        with full_disk_named(path):
            yield beside
            _flush(beside)
        beside.chmod(0o666 & ~_umask())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    _flush(path.parent)


@contextmanager
def whole_directory(path: Path) -> Iterator[Path]:
    """Yield an empty directory to fill; on success it replaces `path`.

    The swap is two renames: `path` to `.NAME.old`, the new one to `path`. A kill between them leaves the
    old content as `.NAME.old`; `recover_directory` puts it back.
    """
    _make_parent(path)
    recover_directory(path)
    beside = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    old = path.with_name(f".{path.name}.old")
    try:
        with full_disk_named(path):
            yield beside
            for file in beside.iterdir():
                _flush(file)
            _flush(beside)
        beside.chmod(0o777 & ~_umask())
        if path.exists():
            path.rename(old)
        beside.rename(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    _flush(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def intact(path: Path) -> Path:
    """Return where the content of the directory `path` is whole; changes nothing, for those who only read."""
    old = path.with_name(f".{path.name}.old")
    return old if old.is_dir() and not path.is_dir() else path


def recover_directory(path: Path) -> None:
    """Put `path` back after a kill in the middle of its replacement, and clear what the kill left half-written.

    Only for the one that writes: what looks left over is the work of a writer that is still alive.
    """
    old = path.with_name(f".{path.name}.old")
    if old.exists():
        if path.exists():
            shutil.rmtree(old)
        else:
            old.rename(path)
    for part in path.parent.glob(f".{path.name}.*.part"):
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def full_disk_named(path: Path) -> Iterator[None]:
    """Turn "no space left" into an error that says which file and that nothing saved before is lost."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StriateError(
                f"the disk is full: could not write {path}. What was saved before is untouched; "
                "free some space and repeat."
            ) from error
        raise


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the directory `path` for one process at a time; a killed process lets go of it by itself.

    Raises:
        StriateError: another process holds it.
    """
    if fcntl is None:  # where the system has no such locks, it is the user's care
        yield
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        _lock(handle, path)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StriateError(f"{path} is being written by another process: wait for it, or stop it first") from None


def free_name(path: Path) -> Path:
    """Return `path`, or where that exists the first of `path-2`, `path-3`, ... that does not.

    Where `path` is a file, the number stands before its ending: `net-2.pth`.
    """
    name, ending = (path.stem, path.suffix) if path.is_file() else (path.name, "")
    candidate, number = path, 2
    while candidate.exists():
        candidate, number = path.with_name(f"{name}-{number}{ending}"), number + 1
    return candidate


def _make_parent(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise StriateError(f"cannot write {path}: {path.parent} is no folder; choose another place") from None


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
