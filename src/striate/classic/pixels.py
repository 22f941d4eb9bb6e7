"""The pixels themselves as description: what every other description is to be better than."""

import numpy as np
from numpy.typing import NDArray

from striate.classic.classifiers import classifier
from striate.classic.descriptor import Descriptor
from striate.classic.pipeline import Pipeline


class Pixels(Descriptor):
    """All values of a small picture, 0 to 1.

    Args:
        size: pictures are brought to this height and width; by default their own, 32 x 32 at most.
    """

    largest = 32

    def __init__(self, size: int | tuple[int, int] | None = None) -> None:
        self.size = size

    def _describe(self, block: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.divide(block.reshape(len(block), -1), 255, dtype=np.float32)


def build(name: str, *, seed: int) -> Pipeline:
    """Return `pixels-svm`, with RBF kernel by its explicit map, or `pixels-knn`, by five neighbors."""
    chosen = {"pixels-svm": "rbf-map-svm", "pixels-knn": "nearest"}[name]
    return Pipeline.of(("features", Pixels()), ("classifier", classifier(chosen, seed=seed)))
