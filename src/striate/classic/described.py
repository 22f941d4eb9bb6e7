"""Local descriptions: many vectors a picture, each with its place; from them the codes of whole pictures are made."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from striate.classic.descriptor import OfPictures
from striate.classic.pictures import Pictures, blocks, shrunk


@dataclass(frozen=True)
class Described:
    """Vectors of pictures that were described at the same places.

    Args:
        pictures: (n,), which ones of all.
        vectors: (n, m, D) float32; m may be 0.
        places: (m, 2), down and across, 0 to 1 of the picture.
    """

    pictures: NDArray[np.int64]
    vectors: NDArray[np.float32]
    places: NDArray[np.float32]

    def parts(self, most: int) -> Iterator[Described]:
        """Yield the same, at most so many pictures at a time."""
        for first in range(0, len(self.pictures), most):
            some = slice(first, first + most)
            yield Described(self.pictures[some], self.vectors[some], self.places)


class LocalDescriptor(OfPictures):
    """Describes pictures at many places, block by block.

    As a transformer it gives the mean vector of each picture; `striate.classic.encoded.Encoded` makes more of them.
    """

    values = 2**18  # in a block: the maps of the gradients take eight times as many, 8 MiB, which caches hold
    side: int

    def fit(self, images: Pictures, y: object = None) -> Self:  # noqa: ARG002 (scikit-learn's signature)
        """Settle what depends on the size of the pictures, by the first block."""
        self._see(images)
        _, block = next(blocks(images))
        self._settle(*shrunk(block[:1], self.side).shape[2:])
        return self

    def describe(self, images: Pictures) -> Iterator[Described]:
        """Yield the pictures' descriptions, in blocks; pictures of one size are in their order."""
        self._recognize(images)
        for at, block in blocks(images, self.values):
            yield from self._describe(at, shrunk(block, self.side))

    def transform(self, images: Pictures) -> NDArray[np.float32]:
        """Return (N, D), the mean of each picture's vectors; zeros where a picture has none."""
        means: NDArray[np.float32] | None = None
        for described in self.describe(images):
            if means is None:
                means = np.zeros((len(images), described.vectors.shape[2]), np.float32)
            means[described.pictures] = described.vectors.sum(1) / max(1, described.vectors.shape[1])
        assert means is not None, "there are pictures"
        return means

    @abstractmethod
    def _settle(self, height: int, width: int) -> None:
        """Settle the parameters that are "auto"."""

    @abstractmethod
    def _describe(self, at: NDArray[np.int64], block: NDArray[np.uint8]) -> Iterator[Described]:
        """Yield the descriptions of a block (n, C, H, W) of the pictures `at`."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags
