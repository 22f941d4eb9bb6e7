"""Histograms of streams whose range is not known before: bins as wide as a power of two, which double when they must.

Bins lie on multiples of their width, so that two become one without looking at any value again. What is counted in the
end depends on the values alone and not on their order: nothing falls out of the range, and no first look decides it.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from striate.units.study import BINS

_FINEST = 20  # doublings of the width up to the greatest value: float32 tells so many apart
_LEAST_EXPONENT = -100

Whole = NDArray[np.int64]


class Histograms:
    """One histogram a unit, for K units.

    Args:
        units: K.
    """

    def __init__(self, units: int) -> None:
        self.counts = np.zeros((units, BINS), np.int64)
        self.exponent = np.full(units, _LEAST_EXPONENT, np.int64)  # the width is 2 to this
        self.first = np.zeros(units, np.int64)  # the first bin begins at this many widths
        self.low = np.full(units, np.inf, np.float32)
        self.high = np.full(units, -np.inf, np.float32)

    @property
    def width(self) -> NDArray[np.float64]:
        """(K,) of the bins."""
        return np.ldexp(1.0, self.exponent)

    def add(self, values: Tensor) -> None:
        """Count values (M, K), float32 and finite."""
        self._widen(values.amin(0).cpu().numpy(), values.amax(0).cpu().numpy())
        scale = torch.from_numpy(np.ldexp(np.float32(1), -self.exponent)).to(values.device)
        first = torch.from_numpy(self.first.astype(np.float32)).to(values.device)
        units = torch.arange(len(scale), device=values.device) * BINS
        bins = (values * scale).floor_().sub_(first).long().add_(units)  # exact: a product with a power of two
        counted = torch.bincount(bins.flatten(), minlength=self.counts.size)
        self.counts += counted.cpu().numpy().reshape(self.counts.shape)

    def _widen(self, low: NDArray[np.float32], high: NDArray[np.float32]) -> None:
        """Let the range hold what comes."""
        low, high = np.minimum(self.low, low), np.maximum(self.high, high)
        if (low == self.low).all() and (high == self.high).all():
            return
        self.low, self.high = low, high
        exponent = np.maximum(self.exponent, self._least(low, high))
        while (wide := self._bins(low, high, exponent) > BINS).any():
            exponent[wide] += 1
        first = np.floor(np.ldexp(low.astype(np.float64), -exponent)).astype(np.int64)
        moved = np.flatnonzero((exponent != self.exponent) | (first != self.first))
        before = (self.first[moved, None] + np.arange(BINS)) >> (exponent - self.exponent)[moved, None]
        bins = np.clip(before - first[moved, None], 0, BINS - 1)  # those out of the range are empty
        bins += np.arange(len(moved))[:, None] * BINS
        counts = np.zeros(len(moved) * BINS, np.int64)
        np.add.at(counts, bins.ravel(), self.counts[moved].ravel())
        self.counts[moved] = counts.reshape(-1, BINS)
        self.exponent, self.first = exponent, first

    @staticmethod
    def _least(low: NDArray[np.float32], high: NDArray[np.float32]) -> Whole:
        greatest = np.maximum(np.abs(low), np.abs(high)).astype(np.float64)
        exponent: Whole = np.frexp(greatest)[1].astype(np.int64)
        exponent = np.where(greatest > 0, exponent - _FINEST, _LEAST_EXPONENT)
        return np.maximum(exponent, _LEAST_EXPONENT)

    @staticmethod
    def _bins(low: NDArray[np.float32], high: NDArray[np.float32], exponent: Whole) -> NDArray[np.float64]:
        """Return how many bins of that width hold the range."""
        ends = [np.floor(np.ldexp(end.astype(np.float64), -exponent)) for end in (low, high)]
        bins: NDArray[np.float64] = ends[1] - ends[0] + 1
        return bins
