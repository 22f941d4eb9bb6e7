"""Where the files of a named data set are looked for."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from striate.core.errors import DataError


def data_root(given: str | Path | None = None) -> Path:
    """Return the folder of data sets: the given one, else the environment's STRIATE_DATA, else the user's cache."""
    root = given or os.environ.get("STRIATE_DATA") or Path.home() / ".cache" / "striate" / "data"
    return Path(root).expanduser().absolute()


def find_folder(root: Path, folders: Sequence[str], files: Iterable[str]) -> Path | None:
    """Return the first of `places` in which one of `files` lies, or None."""
    names = list(files)
    for folder in places(root, folders):
        if any((folder / name).is_file() for name in names):
            return folder
    return None


def places(root: Path, folders: Sequence[str]) -> list[Path]:
    """Return where a data set's files may lie: the `folders` named after it, then `root` itself."""
    return [*(root / folder for folder in folders), root]


def absent(source: str, root: Path, folders: Sequence[str], files: Mapping[str, str], *, then: str) -> DataError:
    """Return the error for files that are not there.

    Args:
        source: the data set's name.
        root: the folder that was searched.
        folders: those beneath it that were searched too.
        files: what was looked for, each name with its checksum.
        then: what to do with the files once they are at hand.
    """
    width = max(map(len, files))
    listed = "\n".join(f"  {name:{width}}  {checksum}".rstrip() for name, checksum in files.items())
    where = f"{root}{'' if root.is_dir() else ' (no such folder)'}"
    beneath = f" and in {', '.join(folders)} beneath it" if folders else ""
    return DataError(
        f"{source}: files are missing. Looked in {where}{beneath} for\n{listed}\n{then} "
        "Another folder is named with --data-root or the environment variable STRIATE_DATA."
    )
