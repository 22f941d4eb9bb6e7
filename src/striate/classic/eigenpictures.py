"""Eigenpictures: Turk and Pentland, 1991 (https://doi.org/10.1162/jocn.1991.3.1.71).

The principal components of the pixels: each picture as a sum of a few typical ones.
"""

from collections.abc import Iterator
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from striate.classic.classifiers import classifier
from striate.classic.descriptor import Descriptor
from striate.classic.pictures import Pictures, blocks, resized
from striate.classic.pipeline import Pipeline
from striate.core.errors import RecipeError


class Eigenpictures(Descriptor):
    """Coordinates of a picture in the space of the greatest variance.

    Only sums of products of the pixels are kept while the pictures pass by, block by block: 8 bytes times the square
    of the number of values in a picture, 75 MB for 32 x 32 in color.

    Args:
        components: how many; no more than the pictures, or the values in one, allow.
        whiten: divide each coordinate by its standard deviation.
        size: pictures are brought to this height and width; by default their own, 32 x 32 at most.
    """

    largest = 32

    def __init__(
        self, components: int = 100, *, whiten: bool = False, size: int | tuple[int, int] | None = None
    ) -> None:
        self.components, self.whiten, self.size = components, whiten, size

    def fit(self, images: Pictures, y: object = None) -> Self:
        """Find the mean picture and the components, in two passes over the blocks."""
        if self.components < 1:
            raise RecipeError(f"components = {self.components}: at least 1")
        super().fit(images, y)
        self.mean_ = sum(values.sum(0) for values in self._values(images)) / len(images)
        products = sum((values - self.mean_).T @ (values - self.mean_) for values in self._values(images))
        count = min(self.components, len(self.mean_), max(1, len(images) - 1))
        last = len(self.mean_) - 1
        variances, vectors = eigh(products / len(images), subset_by_index=[last - count + 1, last])
        self.variances_, self.components_ = np.maximum(variances[::-1], 0), _signed(vectors[:, ::-1].T)
        return self

    def _values(self, images: Pictures) -> Iterator[NDArray[np.float64]]:
        assert self.size_ is not None
        size = self.size_
        return (_flat(resized(block, size)) for _, block in blocks(images))

    def _describe(self, block: NDArray[np.uint8]) -> NDArray[np.float32]:
        coordinates: NDArray[np.float64] = (_flat(block) - self.mean_) @ self.components_.T
        if self.whiten:
            coordinates /= np.sqrt(self.variances_ + 1e-12)
        return np.asarray(coordinates, np.float32)


def _flat(block: NDArray[np.uint8]) -> NDArray[np.float64]:
    return block.reshape(len(block), -1) / 255


def _signed(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the vectors (K, D) turned so that the largest value of each is positive: both signs are as good."""
    largest = np.abs(vectors).argmax(1)
    return np.ascontiguousarray(vectors * np.sign(vectors[np.arange(len(vectors)), largest])[:, None])


def build(name: str, *, seed: int) -> Pipeline:  # noqa: ARG001 (one pipeline in this file)
    """Return `eigen-svm`: eigenpictures and a support vector machine with RBF kernel, by its explicit map."""
    return Pipeline.of(("features", Eigenpictures()), ("classifier", classifier("rbf-map-svm", seed=seed)))
