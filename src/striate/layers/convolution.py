"""Convolution written three ways, for teaching and tests: torch's own, as patches in columns, as one large matrix.

A layer "convolves" as every deep learning library has it: it correlates, y[t] = sum over a of w[a] x[t + a], without
turning the kernel. Only `composed` meets the difference.
"""

from collections.abc import Sequence
from itertools import product
from math import prod

import torch
from torch import Tensor
from torch.nn import functional as F


def output_size(size: int, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Return how many places a kernel takes along one side: floor((N + 2z - d(P - 1) - 1) / s) + 1.

    Raises:
        ValueError: the kernel does not fit once.
    """
    reach = dilation * (kernel - 1) + 1
    if size + 2 * padding < reach:
        raise ValueError(f"a kernel that spans {reach} does not fit into {size} with a padding of {padding}")
    return (size + 2 * padding - reach) // stride + 1


def by_columns(
    images: Tensor, weight: Tensor, *, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1
) -> Tensor:
    """Convolve as one matrix product: each patch becomes a column (im2col), each filter a row.

    Args:
        images: (N, C, H, W).
        weight: (C', C / groups, P, Q).
        stride: as the three that follow, of both sides.
        padding: zeros on each side.
        dilation: pixels from one weight to the next.
        groups: parts of the channels that do not meet.

    Returns:
        Maps (N, C', H', W'), what `torch.nn.functional.conv2d` gives.
    """
    c_out, kernel = weight.shape[0], (weight.shape[2], weight.shape[3])
    columns = F.unfold(images, kernel, dilation=dilation, padding=padding, stride=stride)
    parts = columns.reshape(len(images), groups, -1, columns.shape[2])  # (N, groups, C / groups * P * Q, places)
    filters = weight.reshape(groups, c_out // groups, -1)
    height = output_size(images.shape[2], kernel[0], stride=stride, padding=padding, dilation=dilation)
    return (filters @ parts).reshape(len(images), c_out, height, -1)


def toeplitz(
    weight: Tensor, size: Sequence[int], *, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1
) -> Tensor:
    """Return the matrix that convolves: its product with a flattened picture is the flattened maps.

    At stride 1 and along one dimension each block's diagonals are constant (Toeplitz); along two, its blocks are such.

    Args:
        weight: (C', C / groups, P) or (C', C / groups, P, Q).
        size: of the picture, (L,) or (H, W). Keep it small: the matrix has (C' L') x (C L) numbers, most of them 0.
        stride: as the three that follow, of every side.
        padding: zeros on each side, which need no column.
        dilation: pixels from one weight to the next.
        groups: parts of the channels that do not meet.
    """
    kernel = tuple(weight.shape[2:])
    moves = {"stride": stride, "padding": padding, "dilation": dilation}
    out = [output_size(side, extent, **moves) for side, extent in zip(size, kernel, strict=True)]
    c_out, per_group = weight.shape[0], weight.shape[1]
    matrix = weight.new_zeros(c_out, prod(out), per_group * groups, prod(size))
    offsets: list[tuple[int, ...]] = list(product(*map(range, kernel)))
    for place, position in enumerate(product(*map(range, out))):
        for tap, offset in enumerate(offsets):
            pixel = [t * stride + a * dilation - padding for t, a in zip(position, offset, strict=True)]
            if any(not 0 <= at < side for at, side in zip(pixel, size, strict=True)):
                continue
            column = sum(at * prod(size[axis + 1 :]) for axis, at in enumerate(pixel))
            for group, filters in enumerate(weight.chunk(groups)):
                rows = slice(group * len(filters), (group + 1) * len(filters))
                channels = slice(group * per_group, (group + 1) * per_group)
                matrix[rows, place, channels, column] = filters.flatten(2)[:, :, tap]
    return matrix.flatten(2).flatten(0, 1)


def composed(first: Tensor, second: Tensor) -> Tensor:
    """Return the kernel of the one layer that does what two do in turn, at stride 1 and without padding.

    Of kernels P and Q it spans P + Q - 1: their true convolution, so that turning either gives another layer.

    Args:
        first: (C', C, P, P').
        second: (C'', C', Q, Q').

    Returns:
        Weights (C'', C, P + Q - 1, P' + Q' - 1).
    """
    reach = (second.shape[2] - 1, second.shape[3] - 1)
    whole = F.conv2d(first.transpose(0, 1), torch.flip(second, (2, 3)), padding=reach)
    return whole.transpose(0, 1)
