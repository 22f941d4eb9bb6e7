"""SIFT at interest points: Lowe, 2004 (https://doi.org/10.1023/B:VISI.0000029664.99615.94), through OpenCV.

Few places, where something is: blobs of any size, described in their own size and direction.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from striate.classic.described import Described, LocalDescriptor
from striate.classic.pictures import gray


class InterestSIFT(LocalDescriptor):
    """SIFT at the strongest interest points of a picture; one without any has no vectors.

    Args:
        most: how many points at most.
        contrast: points with less are left out; lower finds more (OpenCV's `contrastThreshold`).
        root: the square roots of vectors that sum to 1 (Arandjelovic and Zisserman, 2012).
        side: larger pictures are shrunk to this longer side first.
    """

    def __init__(self, most: int = 1000, *, contrast: float = 0.02, root: bool = True, side: int = 256) -> None:
        self.most, self.contrast, self.root, self.side = most, contrast, root, side

    def _settle(self, height: int, width: int) -> None:
        """Nothing depends on the size."""

    def _describe(self, at: NDArray[np.int64], block: NDArray[np.uint8]) -> Iterator[Described]:
        sift = cv2.SIFT_create(nfeatures=self.most, contrastThreshold=self.contrast)  # type: ignore[attr-defined, unused-ignore]
        for place, picture in zip(at, gray(block).mul_(255).round_().byte().numpy(), strict=True):
            points, vectors = sift.detectAndCompute(picture, None)
            vectors = np.zeros((0, 128), np.float32) if vectors is None else vectors
            if self.root:
                vectors = np.sqrt(vectors / np.maximum(vectors.sum(1, keepdims=True), 1e-6))
            else:
                vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
            height, width = picture.shape
            places = np.array([(p.pt[1] / height, p.pt[0] / width) for p in points], np.float32).reshape(-1, 2)
            yield Described(np.array([place]), vectors[None].astype(np.float32), places)
