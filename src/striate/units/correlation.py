"""How the units of a layer go together: Pearson's correlation over activations that were drawn from all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from striate.units.study import MOST_CORRELATED, NEIGHBORS

_AT_ONCE = 512  # units whose correlations with all others are in memory


@dataclass(frozen=True, eq=False)
class Correlations:
    """Between K units; see `LayerStudy`.

    Args:
        matrix: (K, K), NaN for units that do not vary; (0, 0) where there are too many units to keep it.
        neighbors: (K, NEIGHBORS) of greatest absolute correlation, ties by number; -1 where there are fewer.
        values: (K, NEIGHBORS) their correlations; NaN likewise.
        mean: (K,) of the absolute correlations with all others that vary.
    """

    matrix: NDArray[np.float32]
    neighbors: NDArray[np.int64]
    values: NDArray[np.float32]
    mean: NDArray[np.float32]


def correlate(sample: NDArray[np.float32]) -> Correlations:
    """Return how the units go together in a sample (S, K) of their activations."""
    normal, varies = _normalized(sample)
    units = len(varies)
    keep = units <= MOST_CORRELATED
    matrix = np.zeros((units, units) if keep else (0, 0), np.float32)
    neighbors = np.full((units, NEIGHBORS), -1, np.int64)
    values = np.full((units, NEIGHBORS), np.nan, np.float32)
    mean = np.full(units, np.nan, np.float32)
    for start in range(0, units, _AT_ONCE):
        part = slice(start, min(start + _AT_ONCE, units))
        block = (normal[:, part].T @ normal).clamp_(-1, 1)
        block[~varies[part]] = torch.nan
        block[:, ~varies] = torch.nan
        if keep:
            matrix[part] = block.numpy()
        neighbors[part], values[part], mean[part] = _nearest(block, start)
    return Correlations(matrix, neighbors, values, mean)


def _normalized(sample: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
    """Return (S, K) of mean 0 and length 1, and which units vary; worked out in float64."""
    numbers = torch.from_numpy(sample).double()
    numbers -= numbers.mean(0) if len(numbers) else 0
    length = torch.linalg.vector_norm(numbers, dim=0)
    varies = torch.from_numpy(np.ptp(sample, 0) > 0) if len(sample) else torch.zeros(sample.shape[1], dtype=torch.bool)
    return (numbers / length.where(varies, 1)).float(), varies


def _nearest(block: Tensor, start: int) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return the neighbors of the units from `start` on, their correlations, and the mean absolute one."""
    strength = block.abs()
    own = torch.arange(len(block))
    strength[own, start + own] = torch.nan
    mean = strength.nanmean(1).numpy()
    order = strength.nan_to_num(-1).sort(dim=1, descending=True, stable=True)
    wide = min(NEIGHBORS, block.shape[1])
    found = np.full((len(block), NEIGHBORS), -1, np.int64)
    values = np.full((len(block), NEIGHBORS), np.nan, np.float32)
    there = (order.values[:, :wide] >= 0).numpy()
    numbers = order.indices[:, :wide]
    found[:, :wide] = np.where(there, numbers.numpy(), -1)
    values[:, :wide] = np.where(there, block.gather(1, numbers).numpy(), np.nan)
    return found, values, mean
