"""Pictures as the descriptors take them: an array, a list of arrays of several sizes, or rows of a store."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from striate.core.errors import DataError
from striate.data.store import Store

BLOCK = 2**22  # values of a block: as float32 16 MiB, so that a few maps of it stay in the processor's cache

Pictures: TypeAlias = NDArray[np.uint8] | Sequence[NDArray[np.uint8]]

_WANTED = "images uint8 (N, C, H, W), C 1 or 3, or a list of (C, H, W)"
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


class UnreadablePicture(DataError):
    """A picture of a store that cannot be read, though it could when the rows were chosen."""


class Stored(Sequence[NDArray[np.uint8]]):
    """Rows of a store: a sequence of pictures (C, H, W) that are read when they are asked for.

    Args:
        store: where the pictures are.
        rows: (N,) rows of its table; each must be readable.
    """

    def __init__(self, store: Store, rows: NDArray[np.int64]) -> None:
        self.store, self.rows = store, np.asarray(rows, np.int64)
        self.shape_of_one = (store.preprocess.channels, *store.preprocess.size)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, int | np.integer):
            return self.read(self.rows[[int(at)]])[0]
        return Stored(self.store, self.rows[at])

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the pictures (N, C, H, W) of `rows` of the table.

        Raises:
            UnreadablePicture: one cannot be read; it is named.
        """
        images, readable = self.store.read(rows)
        if not readable.all():
            row = int(rows[~readable][0])
            raise UnreadablePicture(
                f"{self.store.table.name(row)} of {self.store.table.location} cannot be read "
                f"({self.store.reason(row)}): leave such pictures out of the rows; `striate data check` lists them"
            )
        return images


def check(images: Pictures) -> None:
    """Refuse what is not pictures.

    Raises:
        DataError: another shape or type; the message says which is wanted.
    """
    if isinstance(images, Stored):
        _check_count(len(images))
        return
    if isinstance(images, np.ndarray):
        _check_count(len(images) if images.ndim else 0)
        if images.ndim != 4:
            raise DataError(f"pictures of shape {images.shape}: wanted are {_WANTED}")
        _check_one(images[0], images.shape)
        return
    if not isinstance(images, Sequence) or isinstance(images, str | bytes):
        raise DataError(f"pictures as {type(images).__name__}: wanted are {_WANTED}")
    _check_count(len(images))
    for image in images:
        _check_one(image, np.shape(image))


def _check_count(count: int) -> None:
    if count == 0:
        raise DataError(f"no pictures: wanted are {_WANTED}")


def _check_one(image: Any, shape: tuple[int, ...]) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise DataError(f"pictures of type {kind}: wanted are {_WANTED}; scale to 0..255 and round")
    if image.ndim != 3 or image.shape[0] not in {1, 3} or min(image.shape) == 0:
        raise DataError(f"pictures of shape {shape}: wanted are {_WANTED}")


def shapes(images: Pictures) -> set[tuple[int, ...]]:
    """Return the shapes (C, H, W) that occur; `images` have passed `check`."""
    if isinstance(images, Stored):
        return {images.shape_of_one}
    return {images.shape[1:]} if isinstance(images, np.ndarray) else {image.shape for image in images}


def blocks(images: Pictures, values: int = BLOCK) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """Yield the pictures in blocks of one size: which ones they are (n,), and they themselves (n, C, H, W).

    Args:
        images: have passed `check`.
        values: the most values (pixels times channels) in a block, unless one picture alone has more.
    """
    if isinstance(images, Stored | np.ndarray):
        shape = next(iter(shapes(images)))
        yield from ((at, _take(images, at)) for at in _cut(np.arange(len(images)), shape, values))
        return
    by_shape: dict[tuple[int, ...], list[int]] = {}
    for place, image in enumerate(images):
        by_shape.setdefault(image.shape, []).append(place)
    for shape, places in by_shape.items():
        for at in _cut(np.array(places), shape, values):
            yield at, np.stack([images[place] for place in at.tolist()])


def _cut(places: NDArray[np.int64], shape: tuple[int, ...], values: int) -> Iterator[NDArray[np.int64]]:
    many = max(1, values // int(np.prod(shape)))
    return (places[first : first + many] for first in range(0, len(places), many))


def _take(images: Stored | NDArray[np.uint8], at: NDArray[np.int64]) -> NDArray[np.uint8]:
    return images.read(images.rows[at]) if isinstance(images, Stored) else images[at[0] : at[-1] + 1]


def resized(block: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the block (n, C, *size), antialiased where it shrinks."""
    if block.shape[2:] == size:
        return block
    return F.interpolate(_tensor(block), size=size, mode="bilinear", antialias=True).numpy()


def shrunk(block: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return the block with its longer side at most `side` pixels, in proportion."""
    height, width = block.shape[2:]
    factor = side / max(height, width)
    if factor >= 1:
        return block
    return resized(block, (max(1, round(height * factor)), max(1, round(width * factor))))


def gray(block: NDArray[np.uint8]) -> Tensor:
    """Return the luma (n, H, W) float32, 0 to 1."""
    if block.shape[1] == 1:
        return _tensor(block[:, 0]).float() / 255
    red, green, blue = (_tensor(block[:, channel]).float().mul_(weight / 255) for channel, weight in enumerate(_LUMA))
    return red.add_(green).add_(blue)


def color(block: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the block with three channels; a gray one is repeated."""
    return np.repeat(block, 3, axis=1) if block.shape[1] == 1 else block


def _tensor(array: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(array if array.flags.writeable else array.copy())
