"""Gaussian and Laplacian pyramids: Burt and Adelson, 1983 (https://doi.org/10.1109/TCOM.1983.1095851).

A picture at several resolutions, or what each resolution adds to the coarser ones.
"""

from itertools import pairwise
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from striate.classic.descriptor import Descriptor
from striate.core.errors import DoesNotApply, UnknownName

_KINDS = ("gaussian", "laplacian")


class Pyramid(Descriptor):
    """The values of all levels, the finest first.

    Args:
        kind: gaussian: each level the smoothed and halved one before; laplacian: each level less what the next,
            enlarged, has of it, and the last one as it is, so that the picture can be put together again.
        levels: how many.
        size: pictures are brought to this height and width; by default their own, 32 x 32 at most.
    """

    largest = 32

    def __init__(
        self,
        kind: Literal["gaussian", "laplacian"] = "laplacian",
        levels: int = 3,
        *,
        size: int | tuple[int, int] | None = None,
    ) -> None:
        self.kind, self.levels, self.size = kind, levels, size

    def _settle(self) -> None:
        assert self.size_ is not None
        if self.kind not in _KINDS:
            raise UnknownName("pyramid", self.kind, _KINDS)
        if self.levels < 1 or min(self.size_) < 2 ** (self.levels - 1):
            raise DoesNotApply(
                f"levels = {self.levels} for pictures of {self.size_[0]} x {self.size_[1]}: each level halves, and "
                "the last needs a pixel"
            )

    def _describe(self, block: NDArray[np.uint8]) -> NDArray[np.float32]:
        pixels = block.transpose(0, 2, 3, 1).astype(np.float32) / 255
        return np.stack([np.concatenate([level.ravel() for level in self._levels(one)]) for one in pixels])

    def _levels(self, picture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        levels = [picture]
        for _ in range(self.levels - 1):
            levels.append(cv2.pyrDown(levels[-1]))
        if self.kind == "gaussian":
            return levels
        added = [level - _enlarged(coarser, level) for level, coarser in pairwise(levels)]
        return [*added, levels[-1]]


def _enlarged(coarser: NDArray[np.float32], level: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = level.shape[:2]
    return np.asarray(cv2.pyrUp(coarser, dstsize=(width, height)), np.float32).reshape(level.shape)
