"""SIFT on a dense grid: Lowe, 2004 (https://doi.org/10.1023/B:VISI.0000029664.99615.94); Lazebnik et al., 2006.

Around each place of a grid 4 x 4 cells hold histograms of 8 directions of the gradient, weighted by a Gaussian. The
weights of pixels are products of one factor down and one across, so all places of all pictures take two matrix
products a direction, where a loop over keypoints visits each pixel as often as patches overlap.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from striate.classic.automatic import settled
from striate.classic.described import Described, LocalDescriptor
from striate.classic.pictures import color as with_color
from striate.classic.pictures import gray
from striate.core.errors import DoesNotApply, RecipeError, UnknownName

DIRECTIONS, CELLS = 8, 4
_BLANK = 1e-4  # length of a vector, a level of 256 along one cell giving some 0.03: below it is rounding, not picture
_PLACES = 8  # whose sums are one product
_CLIP = 0.2  # section 6.1 of Lowe
_MAGNIFICATION = 6.0  # a cell this many times the smoothing's deviation, as VLFeat's PHOW has it
_CAMERA = 0.5  # deviation that a picture is taken to have already (section 3.3 of Lowe)
_OPPONENT = ((2**-0.5, -(2**-0.5), 0.0), (6**-0.5, 6**-0.5, -2 * 6**-0.5), (3**-0.5,) * 3)  # van de Sande et al., 2010
_COLORS = ("gray", "rgb", "opponent")


class DenseSIFT(LocalDescriptor):
    """SIFT, upright, at each place of a grid whose patch lies within the picture, at several scales.

    Args:
        step: pixels between places; auto: a 32nd of the shorter side, but not less than the smallest cell.
        cells: sides of a cell in pixels, one a scale, a patch being 4 x 4 cells; auto: a 16th of the shorter side,
            between 1 and 4, and 1.5 and 2 times that.
        root: the square roots of vectors that sum to 1 (Arandjelovic and Zisserman, 2012).
        color: gray; rgb or opponent: the vectors of three channels, one behind the other.
        side: larger pictures are shrunk to this longer side first.
    """

    def __init__(
        self,
        step: int | str = "auto",
        cells: tuple[int, ...] | str = "auto",
        *,
        root: bool = True,
        color: Literal["gray", "rgb", "opponent"] = "gray",
        side: int = 256,
    ) -> None:
        self.step, self.cells, self.root, self.color, self.side = step, cells, root, color, side

    def _settle(self, height: int, width: int) -> None:
        if self.color not in _COLORS:
            raise UnknownName("color", self.color, _COLORS)
        shorter = min(height, width)
        smallest = min(4, max(1, round(shorter / 16)))
        usual = sorted({smallest, round(1.5 * smallest), 2 * smallest})
        fitting = tuple(cell for cell in usual if CELLS * cell <= shorter)
        self.cells_ = tuple(settled("cells", self.cells, fitting))
        if not self.cells_:
            raise DoesNotApply(f"pictures of {height} x {width} hold no 4 x 4 cells: take larger ones, or pixels-svm")
        self.step_ = int(settled("step", self.step, max(round(shorter / 32), self.cells_[0])))
        if self.step_ < 1 or min(self.cells_) < 1:
            raise RecipeError(f"step = {self.step}, cells = {self.cells}: whole pixels, at least 1")

    def _describe(self, at: NDArray[np.int64], block: NDArray[np.uint8]) -> Iterator[Described]:
        size = block.shape[2:]
        if CELLS * self.cells_[0] > min(size):
            raise DoesNotApply(
                f"a patch of {CELLS * self.cells_[0]} pixels does not fit in a picture of {size[0]} x {size[1]}: "
                "leave such pictures out, enlarge them, or set cells lower"
            )
        channels = [gray(block)] if self.color == "gray" else _channels(block, self.color)
        parts, places = [], []
        for cell in (cell for cell in self.cells_ if CELLS * cell <= min(size)):
            parts.append(_joined([self._sift(channel, cell) for channel in channels], 2))
            grid = np.meshgrid(*(centers(side, cell, self.step_) / side for side in size), indexing="ij")
            places.append(np.stack(grid, -1).reshape(-1, 2))
        yield Described(at, _joined(parts, 1).numpy(), np.concatenate(places).astype(np.float32))

    def _sift(self, channel: Tensor, cell: int) -> Tensor:
        return normalized(dense_sift(smoothed(channel, cell), cell, self.step_), root=self.root)


def centers(side: int, cell: int, step: int) -> NDArray[np.float64]:
    """Return where the patches of one scale are centered along a side, in pixels; the grid is centered too."""
    spare = side - CELLS * cell
    first = spare % step // 2 + CELLS * cell / 2 - 0.5
    return np.arange(spare // step + 1, dtype=np.float64) * step + first


def smoothed(pixels: Tensor, cell: int) -> Tensor:
    """Return the pictures (n, H, W) as smooth as cells of that side ask for."""
    variance = (cell / _MAGNIFICATION) ** 2 - _CAMERA**2
    if variance <= 0.01:
        return pixels
    reach = int(np.ceil(3 * variance**0.5))
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * variance))
    weights /= weights.sum()
    padded = F.pad(pixels[:, None], (reach,) * 4, mode="replicate")[:, 0]
    return _filtered(_filtered(padded, weights, 1), weights, 2)


def _filtered(pixels: Tensor, weights: NDArray[np.float64], along: int) -> Tensor:
    """Return the weighted sum of neighbors: a few additions take a tenth of a convolution with one channel."""
    length = pixels.shape[along] - len(weights) + 1
    total = pixels.narrow(along, 0, length) * float(weights[0])
    for shift, weight in enumerate(weights[1:].tolist(), 1):
        total.add_(pixels.narrow(along, shift, length), alpha=weight)
    return total


def directions(pixels: Tensor) -> Tensor:
    """Return (8, n, H, W): the gradient's magnitude, shared out between the two nearest of 8 directions."""
    padded = F.pad(pixels[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    across = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    turns = torch.atan2(down, across).mul_(DIRECTIONS / (2 * np.pi))  # -4 to 4
    magnitude = down.square_().addcmul_(across, across).sqrt_()
    first = turns.floor()
    share = turns.sub_(first).mul_(magnitude)
    index = first.long().bitwise_and_(DIRECTIONS - 1)[None]  # -1 is 7
    maps = pixels.new_zeros(DIRECTIONS + 1, *pixels.shape)  # the last is the first once more, after a full turn
    maps[:-1].scatter_(0, index, magnitude.sub_(share)[None])
    maps[1:].scatter_(0, index, share[None])
    maps[0].add_(maps[-1])
    return maps[:-1]


@lru_cache(maxsize=32)
def windows(side: int, cell: int, step: int) -> Tensor:
    """Return (places * 4, side): the weight of each pixel along a side in each of a patch's four rows of cells.

    A pixel belongs to the two nearest cells by its distance to their centers; the Gaussian has half the patch's
    width as its deviation.
    """
    pixels = np.arange(side)
    middle = centers(side, cell, step)[:, None, None]
    cell_at = middle + cell * (np.arange(CELLS)[None, :, None] - (CELLS - 1) / 2)
    triangle = np.maximum(0, 1 - np.abs(pixels - cell_at) / cell)
    gaussian = np.exp(-(((pixels - middle) / (CELLS / 2 * cell)) ** 2) / 2)
    return torch.from_numpy((triangle * gaussian).reshape(-1, side).astype(np.float32))


@lru_cache(maxsize=32)
def spans(side: int, cell: int, step: int) -> tuple[tuple[slice, Tensor], ...]:
    """Return `windows` a few places at a time, each with the pixels that have weight there: a third of the products.

    Where the last places are fewer, rows without weight stand for those that are missing.
    """
    weights = windows(side, cell, step)
    weights = F.pad(weights, (0, 0, 0, -len(weights) % (CELLS * _PLACES)))
    parts = weights.view(-1, CELLS * _PLACES, side)
    used = [part.any(0).nonzero()[:, 0].tolist() for part in parts]
    pixels = [slice(some[0], some[-1] + 1) for some in used]
    return tuple((at, part[:, at].contiguous()) for at, part in zip(pixels, parts, strict=True))


def dense_sift(pixels: Tensor, cell: int, step: int) -> Tensor:
    """Return (n, places, 128), not normalized, of pictures (n, H, W): cell row, cell column, direction."""
    many, height, width = pixels.shape
    maps = directions(pixels).flatten(0, 1)
    down, across = spans(height, cell, step), spans(width, cell, step)
    rows = pixels.new_empty(len(down), len(maps), CELLS * _PLACES, width)
    for (at, weights), into in zip(down, rows, strict=True):
        torch.bmm(weights.expand(len(maps), -1, -1), maps[:, at], out=into)
    lines = rows.flatten(0, 2)
    sums = pixels.new_empty(len(across), len(lines), CELLS * _PLACES)
    for (at, weights), into in zip(across, sums, strict=True):
        torch.mm(lines[:, at], weights.T, out=into)
    axes = sums.view(len(across), len(down), DIRECTIONS, many, _PLACES, CELLS, _PLACES, CELLS)
    vectors = axes.permute(3, 1, 4, 0, 6, 5, 7, 2).reshape(many, len(down) * _PLACES, -1, CELLS * CELLS * DIRECTIONS)
    places = [len(centers(side, cell, step)) for side in (height, width)]
    return vectors[:, : places[0], : places[1]].flatten(1, 2)


def normalized(vectors: Tensor, *, root: bool) -> Tensor:
    """Give the vectors themselves length 1, none of their numbers having been above 0.2; zeros stay zeros."""
    lengths = vectors.norm(dim=-1, keepdim=True)
    vectors.div_(lengths.masked_fill_(lengths < _BLANK, torch.inf)).clamp_(max=_CLIP)
    vectors.div_(vectors.norm(dim=-1, keepdim=True).clamp_(min=_BLANK))
    return vectors.div_(vectors.sum(-1, keepdim=True).clamp_(min=_BLANK)).sqrt_() if root else vectors


def _joined(parts: list[Tensor], along: int) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts, along)


def _channels(block: NDArray[np.uint8], space: str) -> list[Tensor]:
    pixels = torch.from_numpy(with_color(block)).float().div_(255)
    mix = torch.eye(3) if space == "rgb" else torch.tensor(_OPPONENT)
    return list(torch.einsum("oc,nchw->onhw", mix, pixels))
