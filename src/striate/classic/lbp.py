"""Local binary patterns: Ojala, Pietikainen and Maenpaa, 2002 (https://doi.org/10.1109/TPAMI.2002.1017623).

Which neighbors on a circle are brighter than the pixel, as a word of bits; a picture is how often which word occurs.
"""

import numpy as np
from numpy.typing import NDArray
from skimage.feature import local_binary_pattern

from striate.classic.classifiers import classifier
from striate.classic.descriptor import Descriptor
from striate.classic.pictures import gray
from striate.classic.pipeline import Pipeline
from striate.core.errors import DoesNotApply, RecipeError


class LBP(Descriptor):
    """Histograms of uniform patterns, those with at most two changes around the circle, in the cells of a grid.

    Args:
        points: neighbors on each circle.
        radii: of the circles, in pixels; a histogram for each.
        rotation_invariant: count the ones only: `points + 2` bins; else tell the directions apart:
            `points * (points - 1) + 3` bins.
        grid: cells a side; the patterns of each are counted apart, as shares of its pixels.
        size: pictures are brought to this height and width; see `Descriptor.fit`.
    """

    def __init__(
        self,
        points: int = 8,
        radii: tuple[float, ...] = (1.0, 2.0),
        *,
        rotation_invariant: bool = False,
        grid: int = 4,
        size: int | tuple[int, int] | None = None,
    ) -> None:
        self.points, self.radii, self.rotation_invariant = points, radii, rotation_invariant
        self.grid, self.size = grid, size

    def _settle(self) -> None:
        assert self.size_ is not None
        if self.points < 1 or not self.radii or min(self.radii) <= 0:
            raise RecipeError(f"points = {self.points}, radii = {self.radii}: at least one point on one circle")
        if self.grid < 1 or min(self.size_) < self.grid:
            raise DoesNotApply(
                f"a grid of {self.grid} x {self.grid} does not fit in pictures of {self.size_[0]} x {self.size_[1]}: "
                "set grid between 1 and their shorter side"
            )

    def _describe(self, block: NDArray[np.uint8]) -> NDArray[np.float32]:
        pixels = gray(block).mul_(255).round_().byte().numpy()
        bins = self.points + 2 if self.rotation_invariant else self.points * (self.points - 1) + 3
        method = "uniform" if self.rotation_invariant else "nri_uniform"
        cells = _cells(pixels.shape[1:], self.grid)
        shares = np.empty((len(block), len(self.radii), self.grid**2 * bins), np.float32)
        sizes = np.repeat(np.bincount(cells.ravel()), bins)
        for picture, described in zip(pixels, shares, strict=True):
            for radius, histogram in zip(self.radii, described, strict=True):
                patterns = local_binary_pattern(picture, self.points, radius, method).astype(np.int64)
                histogram[:] = np.bincount((cells * bins + patterns).ravel(), minlength=len(sizes)) / sizes
        return shares.reshape(len(block), -1)


def _cells(size: tuple[int, int], grid: int) -> NDArray[np.int64]:
    """Return (H, W): which cell of the grid a pixel is in."""
    rows, columns = (np.arange(side) * grid // side for side in size)
    cells: NDArray[np.int64] = rows[:, None] * grid + columns
    return cells


def build(name: str, *, seed: int) -> Pipeline:  # noqa: ARG001 (one pipeline in this file)
    """Return `lbp-svm`: patterns on a grid and a support vector machine on their chi-squared map."""
    return Pipeline.of(("features", LBP()), ("classifier", classifier("chi-squared-map-svm", seed=seed)))
