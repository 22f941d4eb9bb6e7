"""The greatest activations of every unit so far, with their pictures and places: a running list that is never resorted.

One maximum a picture, and the list joined with a batch and sorted, for all units at once. Where a maximum lies is
looked up for those alone that enter the list: after the first batches they are few.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_AT_ONCE = 2**22  # activations that are looked through for places

Whole = NDArray[np.int64]


class Tops:
    """The T greatest of K units, greatest first, ties by row; pictures must come in the order of their rows.

    Args:
        units: K.
        most: T.
    """

    def __init__(self, units: int, most: int) -> None:
        self.values = np.full((units, most), -np.inf, np.float32)
        self.rows = np.full((units, most), -1, np.int64)
        self.places = np.zeros((units, most), np.int64)

    def add(self, maps: Tensor, maxima: Tensor, rows: Whole) -> None:
        """Take in the maxima of some pictures.

        Args:
            maps: (N, places, K).
            maxima: (N, K), of `maps`.
            rows: (N,) ascending, and greater than all before.
        """
        most = self.values.shape[1]
        joined = torch.cat([torch.from_numpy(self.values).to(maxima.device), maxima.T], 1)
        values, order = joined.sort(dim=1, descending=True, stable=True)
        values, order = values[:, :most], order[:, :most]
        places = torch.from_numpy(self.places).to(maxima.device).gather(1, order.clamp(max=most - 1))
        unit, rank = torch.nonzero(order >= most, as_tuple=True)
        places[unit, rank] = _places(maps, order[unit, rank] - most, unit)
        self.values, self.places = values.cpu().numpy().copy(), places.cpu().numpy()
        self.rows = np.take_along_axis(
            np.concatenate([self.rows, np.broadcast_to(rows, (len(self.rows), len(rows)))], 1), order.cpu().numpy(), 1
        )


def _places(maps: Tensor, pictures: Tensor, units: Tensor) -> Tensor:
    """Return (M,) the first place at which each unit is greatest in its picture."""
    found = [torch.zeros(0, dtype=torch.int64, device=maps.device)]
    step = max(1, _AT_ONCE // maps.shape[1])
    for start in range(0, len(units), step):
        part = slice(start, start + step)
        found.append(maps[pictures[part], :, units[part]].argmax(1))
    return torch.cat(found)
