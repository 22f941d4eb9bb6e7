"""The pointing game, and the energy in the object: does a map lie where the thing is?

Zhang et al., "Top-down neural attention by excitation backprop", 2016 (https://arxiv.org/abs/1608.00507), for the
game; Wang et al., "Score-CAM", 2019 (https://arxiv.org/abs/1910.01279), for the energy. Both need the truth, as masks.
A network may find a class beside the object, so a miss accuses the map only where the object alone tells the class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from striate.core.errors import DataError
from striate.evaluate.intervals import Interval, bootstrap_mean
from striate.explain.rivals import center_blob

Masks = NDArray[np.bool_]
Values = NDArray[np.float64]

_TOLERANCE = 15 / 224  # of the longer side: 15 pixels on pictures of the size that networks took when it was set


def scaled_tolerance(size: tuple[int, int]) -> float:
    """Return the paper's tolerance of 15 pixels for pictures of `size`."""
    return _TOLERANCE * max(size)


def hits(maps: Tensor, masks: Masks, *, tolerance: float = 0.0) -> Values:
    """Return for each map how likely its maximum lies in the object.

    Args:
        maps: (N, H, W), laid on the pictures.
        masks: (N, H, W), where the object is.
        tolerance: how far from it, in pixels, still counts as in it.

    Returns:
        (N,): 0 or 1; where several places are highest, the share of them in the object. So a constant map gets the
        share of the picture that counts as object, as a blind guess does, and not a hit.

    Raises:
        DataError: a mask is empty, or does not fit its map.
    """
    values = _checked(maps, masks)
    highest = values == values.max(axis=(1, 2), keepdims=True)
    near = np.stack([distance_transform_edt(~mask) <= tolerance for mask in masks])
    shares: Values = (highest & near).sum(axis=(1, 2)) / highest.sum(axis=(1, 2))
    return shares


def energy(maps: Tensor, masks: Masks) -> Values:
    """Return for each map the share of its positive values that lies in the object.

    A map without positive values says as much as a constant one, and gets the object's share of the picture.

    Raises:
        DataError: a mask is empty, or does not fit its map.
    """
    positive = _checked(maps, masks).clip(min=0)
    positive[~positive.any(axis=(1, 2))] = 1.0
    shares: Values = (positive * masks).sum(axis=(1, 2)) / positive.sum(axis=(1, 2))
    return shares


@dataclass(frozen=True)
class Game:
    """What maps reach, and what a blob in the middle reaches on the same pictures.

    Args:
        hits, energy: (N,), of the maps.
        center_hits, center_energy: (N,), of the blob.
        labels: (N,), the classes of the pictures.
    """

    hits: Values
    energy: Values
    center_hits: Values
    center_energy: Values
    labels: NDArray[np.int64]

    @property
    def per_class(self) -> float:
        """The mean of the classes' hit rates, as the paper counts."""
        return float(np.mean([self.hits[self.labels == label].mean() for label in np.unique(self.labels)]))

    def estimates(self) -> dict[str, Interval]:
        """Return the means with 95 % intervals over the choice of pictures, and the paired differences."""
        found = {
            "hits": self.hits,
            "hits beyond the center": self.hits - self.center_hits,
            "energy": self.energy,
            "energy beyond the center": self.energy - self.center_energy,
        }
        return {name: bootstrap_mean(values) for name, values in found.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {name: estimate.to_dict() for name, estimate in self.estimates().items()} | {
            "center hits": float(self.center_hits.mean()),
            "center energy": float(self.center_energy.mean()),
            "hits per class": self.per_class,
        }


def play(maps: Tensor, masks: Masks, labels: NDArray[np.int64], *, tolerance: float = 0.0) -> Game:
    """Play the game with `maps` (N, H, W) and with a blob in the middle; see `hits` and `energy`."""
    blob = center_blob((masks.shape[1], masks.shape[2])).expand(len(masks), -1, -1)
    return Game(
        hits(maps, masks, tolerance=tolerance), energy(maps, masks),
        hits(blob, masks, tolerance=tolerance), energy(blob, masks), labels,
    )  # fmt: skip


def _checked(maps: Tensor, masks: Masks) -> Values:
    if masks.dtype != np.bool_ or masks.shape != tuple(maps.shape):
        raise DataError(
            f"masks are bool, one a map and of its size {tuple(maps.shape)}, not {masks.dtype} {masks.shape}"
        )
    empty = np.flatnonzero(~masks.any(axis=(1, 2)))
    if len(empty):
        raise DataError(f"mask {empty[0]} is empty: where no object is, none can be pointed at; leave the picture out")
    values: Values = maps.detach().cpu().double().numpy()
    return values
