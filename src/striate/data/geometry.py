"""Moving pictures: one 2x3 matrix a picture, and one sampling a batch; whole pixels move without sampling.

Centers of pixels lie at (i + 0.5). A matrix acts on pixels counted from the picture's center, (x right, y down), so
that pictures that are not square turn without being sheared; it says where an output pixel is found in the input.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]

# With corners aligned, grid_sample reflects about the outermost pixels' centers as a whole-pixel shift does here;
# zeros and edge are the same either way.
_PADDING = {"zeros": "zeros", "edge": "border", "reflect": "reflection"}


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


def move_whole(images: Tensor, shifts: NDArray[np.int64], flips: NDArray[np.bool_], border: str) -> Tensor:
    """Mirror and then shift each picture by whole pixels.

    Args:
        images: (N, C, H, W), any type; returned itself where nothing moves.
        shifts: (N, 2) pixels, down and to the right.
        flips: (N, 2), upside down and left to right.
        border: zeros, edge or reflect.

    Returns:
        (N, C, H, W) of the same type. Each output pixel is a pixel of the input, or 0 from outside.
    """
    if not shifts.any():
        return _mirrored(images, flips)
    height, width = images.shape[2:]
    rows, outside_rows = _lines(height, shifts[:, 0], flips[:, 0], border)
    columns, outside_columns = _lines(width, shifts[:, 1], flips[:, 1], border)
    places = torch.from_numpy(rows[:, :, None] * width + columns[:, None, :]).to(images.device)
    flat = images.flatten(2)
    moved = flat.gather(2, places.flatten(1)[:, None].expand_as(flat)).view_as(images)
    if border == "zeros":
        outside = torch.from_numpy(outside_rows[:, :, None] | outside_columns[:, None, :]).to(images.device)
        moved = moved.masked_fill(outside[:, None], 0)
    return moved


def _mirrored(images: Tensor, flips: NDArray[np.bool_]) -> Tensor:
    if not flips.any():
        return images
    mirrored = images.clone(memory_format=torch.contiguous_format)
    source, target = _words(images.contiguous()), _words(mirrored)
    for down, across in ((True, False), (False, True), (True, True)):
        some = torch.from_numpy(np.flatnonzero((flips == (down, across)).all(1))).to(images.device)
        axes = [axis for axis, turned in ((2, down), (3, across)) if turned]
        if len(some):
            turned = source[some].view(images.dtype).view(-1, *images.shape[1:]).flip(axes)
            target[some] = _words(turned)
    return mirrored


def _words(images: Tensor) -> Tensor:
    """Return a view (N, K) of pictures, as numbers of 8 bytes where they are made up of such: fewer to pick and put."""
    lines = images.flatten(1)
    whole = lines.shape[1] * lines.element_size() % 8 == 0 and lines.storage_offset() * lines.element_size() % 8 == 0
    return lines.view(torch.int64) if whole else lines


def _lines(
    length: int, shifts: NDArray[np.int64], flips: NDArray[np.bool_], border: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return for each picture which line of the input every line of the output shows, and which come from outside."""
    lines = np.arange(length) - shifts[:, None]
    outside = (lines < 0) | (lines >= length)
    if border == "reflect" and length > 1:
        lines = np.abs((lines + length - 1) % (2 * length - 2) - (length - 1))
    lines = lines.clip(0, length - 1)
    lines[flips] = length - 1 - lines[flips]
    return lines, outside
