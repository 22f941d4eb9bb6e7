"""Moving pictures: one 2x3 matrix a picture, and one sampling a batch; whole pixels move without sampling.

Centers of pixels lie at (i + 0.5). A matrix acts on pixels counted from the picture's center, (x right, y down), so
that pictures that are not square turn without being sheared; it says where an output pixel is found in the input.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]

# With corners aligned, grid_sample reflects about the outermost pixels' centers as a whole-pixel shift does here;
# zeros and edge are the same either way.
_PADDING = {"zeros": "zeros", "edge": "border", "reflect": "reflection"}

_LARGE = 2**14  # values: a processor mirrors such pictures in half the time one by one, smaller ones in twice the time


def matrices(
    *,
    flips: NDArray[np.bool_],
    scales: Floats,
    shears: Floats,
    angles: Floats,
    shifts: Floats,
) -> Floats:
    """Return for each picture where in the input an output pixel is found: (N, 2, 3), in pixels from the center.

    A picture is mirrored, scaled, sheared, turned and shifted, in this order; the matrix is the inverse of that.

    Args:
        flips: (N, 2), upside down and left to right.
        scales: (N,), above 1 enlarges.
        shears: (N, 2) degrees; the first moves rows, x + tan(a) y, then the second moves columns, y + tan(b) x.
        angles: (N,) degrees, counterclockwise.
        shifts: (N, 2) pixels, down and to the right.
    """
    mirror = np.where(flips[:, ::-1], -1.0, 1.0) / scales[:, None]  # x, y
    along, across = np.tan(np.radians(shears)).T
    turned = np.radians(angles)
    cos, sin = np.cos(turned), np.sin(turned)
    back = np.stack([np.stack([cos, -sin], 1), np.stack([sin, cos], 1)], 1)
    unsheared = np.stack([np.stack([1 + along * across, -along], 1), np.stack([-across, np.ones_like(cos)], 1)], 1)
    linear = mirror[:, :, None] * (unsheared @ back)
    return np.concatenate([linear, -linear @ shifts[:, ::-1, None]], 2)


def sample(images: Tensor, moves: Floats, border: str) -> Tensor:
    """Return `images` moved, each output pixel interpolated between the four input pixels around its place.

    Args:
        images: (N, C, H, W) float32.
        moves: (N, 2, 3), see `matrices`.
        border: zeros, edge or reflect.
    """
    grid = _grid(images, moves)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode=_PADDING[border], align_corners=True)


def _grid(images: Tensor, moves: Floats) -> Tensor:
    """Return the places to sample, (N, H, W, 2), in grid_sample's coordinates.

    A place is a part for its row plus a part for its column. Added as complex numbers they take a twentieth of what
    affine_grid takes for 32 pictures of 224 px (0.6 against 12 ms, one thread of the CPU that the benchmarks name).
    """
    height, width = images.shape[2:]
    half = np.array([max(width - 1, 1), max(height - 1, 1)])[:, None] / 2
    scaled = moves / half
    x, y = (np.arange(side) - (side - 1) / 2 for side in (width, height))
    columns = x[None, :, None] * scaled[:, None, :, 0] + scaled[:, None, :, 2]
    rows = y[None, :, None] * scaled[:, None, :, 1]
    parts = [torch.from_numpy(part.astype(np.float32)).to(images.device) for part in (rows, columns)]
    if images.device.type != "cpu":
        return parts[0][:, :, None] + parts[1][:, None]
    row, column = map(torch.view_as_complex, parts)
    return torch.view_as_real(row[:, :, None] + column[:, None])


@dataclass(frozen=True)
class Lines:
    """Which lines of a picture the lines of the mirrored and shifted one show.

    Args:
        rows: (N, H) int64.
        columns: (N, W) int64.
        outside: (N, H) and (N, W) bool, the lines that are 0 instead; None where the border is made of the picture.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    outside: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None

    def of(self, part: slice) -> "Lines":
        """Return those of some pictures."""
        outside = None if self.outside is None else (self.outside[0][part], self.outside[1][part])
        return Lines(self.rows[part], self.columns[part], outside)


def lines(size: tuple[int, int], shifts: NDArray[np.int64], flips: NDArray[np.bool_], border: str) -> Lines:
    """Return where the lines of N pictures come from that are mirrored and then shifted by whole pixels.

    Args:
        size: height and width.
        shifts: (N, 2) pixels, down and to the right.
        flips: (N, 2), upside down and left to right.
        border: zeros, edge or reflect.
    """
    rows, columns = (_along(length, shifts[:, axis], flips[:, axis], border) for axis, length in enumerate(size))
    if border != "zeros":
        return Lines(rows, columns, None)
    above, beside = (_outside(length, shifts[:, axis]) for axis, length in enumerate(size))
    return Lines(rows, columns, (above, beside))


def move_whole(images: Tensor, lines: Lines) -> Tensor:
    """Return (N, C, H, W) of the type of `images`, each pixel one of the input or 0 from outside.

    Rows are moved whole, as few wide numbers; then pixels within them.

    Args:
        images: (N, C, H, W), any type.
        lines: for these N pictures.
    """
    rows, columns = (torch.from_numpy(each).to(images.device) for each in (lines.rows, lines.columns))
    wide = _words(images.contiguous())
    whole = wide.gather(2, rows[:, None, :, None].expand_as(wide)).view(images.dtype)
    moved = whole.gather(3, columns[:, None, None, :].expand_as(whole))
    if lines.outside is not None:
        above, beside = (torch.from_numpy(each).to(images.device) for each in lines.outside)
        moved.masked_fill_(above[:, None, :, None], 0).masked_fill_(beside[:, None, None, :], 0)
    return moved


def mirror(images: Tensor, flips: NDArray[np.bool_]) -> Tensor:
    """Mirror each picture.

    Args:
        images: (N, C, H, W), any type; returned itself where nothing is mirrored.
        flips: (N, 2), upside down and left to right.
    """
    if not flips.any():
        return images
    mirrored = images.clone(memory_format=torch.contiguous_format)
    if images.device.type == "cpu" and images.shape[1:].numel() >= _LARGE:
        for place in np.flatnonzero(flips.any(1)).tolist():
            mirrored[place] = images[place].flip((np.flatnonzero(flips[place]) + 1).tolist())
        return mirrored
    source, target = (_words(each.flatten(1)) for each in (images.contiguous(), mirrored))
    for down, across in ((True, False), (False, True), (True, True)):
        some = torch.from_numpy(np.flatnonzero((flips == (down, across)).all(1))).to(images.device)
        axes = [axis for axis, turned in ((2, down), (3, across)) if turned]
        if len(some):
            turned = source[some].view(images.dtype).view(-1, *images.shape[1:]).flip(axes)
            target[some] = _words(turned.flatten(1))
    return mirrored


def _words(lines: Tensor) -> Tensor:
    """Return a view (..., K) of lines of values, of the widest numbers they are made up of: fewer to pick and put."""
    offset, length = (count * lines.element_size() for count in (lines.storage_offset(), lines.shape[-1]))
    for kind in (torch.int64, torch.int32, torch.int16):
        if offset % kind.itemsize == length % kind.itemsize == 0 and lines.element_size() <= kind.itemsize:
            return lines.view(kind)
    return lines


def _along(length: int, shifts: NDArray[np.int64], flips: NDArray[np.bool_], border: str) -> NDArray[np.int64]:
    """Return (N, L) for each picture which line of the input every line of the output shows."""
    reach = int(np.abs(shifts).max(initial=0))
    shown: NDArray[np.int64] = _all_along(length, reach, border)[flips.astype(np.int64), shifts + reach]
    return shown


@lru_cache(maxsize=32)
def _all_along(length: int, reach: int, border: str) -> NDArray[np.int64]:
    """Return (2, 2 reach + 1, L) which line each line shows, as it is and mirrored, by each shift."""
    lines = np.arange(length) - np.arange(-reach, reach + 1)[:, None]
    if border == "reflect" and length > 1:
        lines = np.abs((lines + length - 1) % (2 * length - 2) - (length - 1))
    lines = lines.clip(0, length - 1)
    return np.stack([lines, length - 1 - lines])


def _outside(length: int, shifts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (N, L) for each picture which lines of the output lie outside of the input."""
    lines = np.arange(length) - shifts[:, None]
    return (lines < 0) | (lines >= length)
