"""Spatial pyramid matching: Lazebnik, Schmid and Ponce, 2006 (https://doi.org/10.1109/CVPR.2006.68).

Words counted in the whole picture, in its quarters and in its sixteenths: what is seen, and roughly where.
"""

import math

import numpy as np
from numpy.typing import NDArray

from striate.classic.pipeline import Pipeline


def level_weights(levels: tuple[int, ...]) -> tuple[float, ...]:
    """Return the weight of each level: 1/4, 1/4, 1/2 for 1 x 1, 2 x 2 and 4 x 4 (equation 3).

    For L + 1 levels the first has 2^-L, level l after it 2^(l - L - 1); they sum to 1.
    """
    last = len(levels) - 1
    return tuple(2.0**-last if level == 0 else 2.0 ** (level - last - 1) for level in range(len(levels)))


def finest(levels: tuple[int, ...]) -> int:
    """Return the cells a side of the grid that the cells of every level are made of."""
    return math.lcm(*levels)


def cells_of(places: NDArray[np.float32], grid: int) -> NDArray[np.int64]:
    """Return (m,), the cell of a grid x grid in which each place (m, 2) is, row by row."""
    rows, columns = np.clip((places * grid).astype(np.int64), 0, grid - 1).T
    cells: NDArray[np.int64] = rows * grid + columns
    return cells


def gathered(fine: NDArray[np.float32], level: int) -> NDArray[np.float32]:
    """Return sums (n, level * level, S) of sums in a finer grid (n, g * g, S)."""
    count, cells, length = fine.shape
    grid = math.isqrt(cells)
    part = grid // level
    split = fine.reshape(count, level, part, level, part, length)
    return split.sum((2, 4)).reshape(count, level * level, length)  # type: ignore[no-any-return]


def build(name: str, *, seed: int) -> Pipeline:  # noqa: ARG001 (one pipeline in this file)
    """Return `spm-svm`: 200 words of dense SIFT in 1, 4 and 16 cells, intersection kernel."""
    from striate.classic.bag import BagOfFeatures
    from striate.classic.classifiers import classifier
    from striate.classic.dense_sift import DenseSIFT
    from striate.classic.encoded import Encoded

    features = Encoded(DenseSIFT(), BagOfFeatures(200, seed=seed), levels=(1, 2, 4), weighted=True, seed=seed)
    return Pipeline.of(("features", features), ("classifier", classifier("intersection-svm", seed=seed)))
