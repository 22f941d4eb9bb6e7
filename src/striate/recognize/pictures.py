"""The pictures that a user names: files, folders of them, arrays; one after the other, never all in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import DataError
from striate.sources.picture_files import ENDINGS

Picture = str | os.PathLike[str] | NDArray[np.uint8]
Found = Path | NDArray[np.uint8]


class Pictures:
    """The pictures that `asked` names, in order; folders stand for the files in them, sorted by name.

    Args:
        asked: files, folders, or arrays (H, W), (H, W, 1) or (H, W, 3) uint8; one, or many.
        rank: which share of them is meant, of `world`: every `world`-th from this one on.
        world: how many shares there are.

    Raises:
        DataError: a path that does not exist, a folder without pictures, or an array that is no picture.
    """

    def __init__(self, asked: Picture | Iterable[Picture], *, rank: int = 0, world: int = 1) -> None:
        one = isinstance(asked, str | os.PathLike | np.ndarray)
        self._asked: Iterable[Picture] = [asked] if one else asked  # type: ignore[assignment,list-item]
        self._rank, self._world = rank, world
        self.count: int | None = None  # of this share; unknown where pictures come from a generator
        if isinstance(self._asked, Sequence):
            every = sum(_count(picture) for picture in self._asked)
            self.count = len(range(rank, every, world))

    def __iter__(self) -> Iterator[tuple[str, Found]]:
        """Yield each picture's name, its path or `picture 3` for the fourth array, and the picture."""
        every = ((i, found) for i, found in enumerate(_expand(self._asked)))
        for position, found in islice(every, self._rank, None, self._world):
            yield (f"picture {position}" if isinstance(found, np.ndarray) else str(found)), found


def _expand(pictures: Iterable[Picture]) -> Iterator[Found]:
    for picture in pictures:
        if isinstance(picture, np.ndarray):
            yield _checked(picture)
        elif _path(picture).is_dir():
            yield from map(Path, _inside(_path(picture)))
        else:
            yield _path(picture)


def _count(picture: Picture) -> int:
    if isinstance(picture, np.ndarray):
        _checked(picture)
        return 1
    path = _path(picture)
    if not path.is_dir():
        return 1
    count = sum(1 for _ in _inside(path))
    if count == 0:
        raise DataError(f"the folder {path} holds no pictures: no file in it ends like one, as in .jpg or .png")
    return count


def _path(picture: object) -> Path:
    if not isinstance(picture, str | os.PathLike):
        raise DataError(f"a picture is a path or a uint8 array, not {type(picture).__name__}; try numpy.asarray")
    path = Path(picture)
    if not path.exists():
        raise DataError(f"no picture or folder {path}: check the path")
    return path


def _inside(folder: str | os.PathLike[str]) -> Iterator[str]:
    """Yield the picture files in `folder` and below, sorted by name in each; of one folder at a time names are held."""
    with os.scandir(folder) as entries:
        names = sorted((e.name, e.is_dir(follow_symlinks=False)) for e in entries if not e.name.startswith("."))
    for name, is_folder in names:
        path = os.path.join(folder, name)  # noqa: PTH118  a Path for each of a million files would be most of the time
        if is_folder:
            yield from _inside(path)
        elif name.rpartition(".")[2].lower() in ENDINGS:
            yield path


def _checked(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    pixels = picture[:, :, None] if picture.ndim == 2 else picture
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in {1, 3}:
        raise DataError(
            f"a picture must be uint8 of shape (H, W), (H, W, 1) or (H, W, 3), not {picture.dtype} {picture.shape}"
        )
    return pixels
