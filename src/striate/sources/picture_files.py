"""The picture files beneath a folder, and an account of every other file, so that none is left out silently."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from striate.core.errors import DataError
from striate.sources.names import shown, side_of

# Formats that Pillow reads without further software, and two it does not (heic, heif): those pictures
# are then named one by one as unreadable, instead of passing for no pictures at all.
# fmt: off
ENDINGS = frozenset({
    "jpg", "jpeg", "jpe", "jfif", "jif", "mpo", "png", "apng", "bmp", "dib", "gif", "tif", "tiff", "webp", "avif",
    "avifs", "ppm", "pgm", "pbm", "pnm", "pfm", "ico", "icns", "jp2", "j2k", "j2c", "jpc", "jpf", "jpx", "tga",
    "pcx", "psd", "dds", "sgi", "qoi", "xbm", "xpm", "heic", "heif",
})
# fmt: on

_JUNK = frozenset({"__macosx", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin"})  # left by other systems


class PictureFiles:
    """Lists picture files beneath `root` and counts what it passes over.

    Args:
        root: paths are listed relative to it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.loose: dict[str, int] = {}  # folder to the pictures directly in it that have no class
        self.inner_sides: list[str] = []  # folders within a class that are named like a side
        self._others: Counter[str] = Counter()  # ending to files that are no pictures
        self._linked_twice: list[str] = []

    def beneath(self, folder: str) -> list[str]:
        """Return the pictures in `folder` and in all folders beneath it, sorted; links are followed once.

        Raises:
            DataError: a folder cannot be read, or a name is no UTF-8.
        """
        found: list[str] = []
        seen = {_identity(self.root), _identity((self.root / folder).parent)}
        waiting = [folder]
        while waiting:
            here = waiting.pop()
            identity = _identity(self.root / here)
            if identity in seen:
                self._linked_twice.append(here)
                continue
            seen.add(identity)
            for entry in _entries(self.root / here):
                if _is_folder(entry):
                    waiting.append(f"{here}/{entry.name}")
                    self._note_side(f"{here}/{entry.name}")
                elif self._is_picture(entry):
                    found.append(f"{here}/{entry.name}")
        require_text(self.root, found or [folder])
        return sorted(found)

    def count_loose(self, folder: str) -> None:
        """Count the pictures directly in `folder`, which belong to no class."""
        loose = sum(1 for entry in _entries(self.root / folder) if not _is_folder(entry) and self._is_picture(entry))
        if loose:
            self.loose[folder] = loose

    def notes(self) -> list[str]:
        """Return one sentence on each kind of file that was passed over."""
        notes = [
            f"pictures directly in {self.root / folder}, in no class folder, were left out: {count}"
            for folder, count in self.loose.items()
        ]
        if self._others:
            listed = ", ".join(f"{shown(ending)} ({count})" for ending, count in sorted(self._others.items()))
            notes.append(f"files that do not end like a picture that can be read were left out: {listed}")
        if self.inner_sides:
            notes.append(
                f"folders named like a split lie within classes and count as theirs: {_some(self.inner_sides)}"
            )
        if self._linked_twice:
            notes.append(f"links to folders that were read already were left out: {_some(self._linked_twice)}")
        return notes

    def _is_picture(self, entry: os.DirEntry[str]) -> bool:
        _, dot, ending = entry.name.rpartition(".")
        if not (dot and ending.lower() in ENDINGS):
            self._others[f".{ending.lower()}" if dot else "no ending"] += 1
            return False
        if _is_pipe_or_device(entry):  # it would block whoever opens it
            self._others["no regular file"] += 1
            return False
        return True

    def _note_side(self, folder: str) -> None:
        if side_of(folder.rpartition("/")[2]):
            self.inner_sides.append(folder)


def require_text(root: Path, paths: list[str]) -> None:
    """Refuse names that are no UTF-8: no table, JSON or page could hold them.

    Raises:
        DataError: naming the first of them.
    """
    try:
        "".join(paths).encode()
    except UnicodeEncodeError:
        odd = [path for path in paths if shown(path) != path]
        raise DataError(f"names in {shown(str(root))} are no UTF-8: {_some(odd)}. Rename them.") from None


def list_folders(folder: Path) -> list[str]:
    """Return the names of the folders directly in `folder`, sorted, without hidden ones."""
    return sorted(entry.name for entry in _entries(folder) if _is_folder(entry))


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            kept = [entry for entry in entries if not entry.name.startswith(".") and entry.name.lower() not in _JUNK]
    except OSError as error:
        raise DataError(f"folder {shown(str(folder))} cannot be read: {error.strerror}") from error
    return iter(kept)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # such as a link to itself
        return False


def _is_pipe_or_device(entry: os.DirEntry[str]) -> bool:
    try:
        return not entry.is_file() and Path(entry.path).exists()  # a broken link is a picture that cannot be read
    except OSError:
        return False


def _identity(folder: Path) -> tuple[int, int]:
    try:
        status = folder.stat()
    except OSError as error:
        raise DataError(f"folder {shown(str(folder))} cannot be read: {error.strerror}") from error
    return status.st_dev, status.st_ino


def _some(names: list[str]) -> str:
    names = [shown(name) for name in sorted(names)]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
