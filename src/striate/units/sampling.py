"""Which pictures and places are looked at more closely: drawn by seed, the same however the pictures are batched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from striate.core.seeds import generator, uniforms

PLACES = 256  # of each picture, for the histogram: all of a map of 16 x 16, a twelfth of one of 56 x 56
PICTURES = 100  # whose responses are kept, pictures by units
_ACTIVATIONS = 4096  # of each unit that are kept: quantiles to 1.5 ranks in a hundred, correlations to 0.03
_NUMBERS = 2**23  # kept of a layer, 32 MB; fewer activations a unit, but never fewer than
_LEAST = 1024

Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Activations that are kept: each at a place of a picture, drawn without replacement from all of them.

    Args:
        pictures: (S,) positions among the pictures, ascending.
        places: (S,) of the map, row by row.
    """

    pictures: Whole
    places: Whole

    def among(self, start: int, stop: int) -> slice:
        """Return which of them are in the pictures from `start` up to, but not including, `stop`."""
        low, high = np.searchsorted(self.pictures, [start, stop])
        return slice(int(low), int(high))


def draw(pictures: int, places: int, units: int, *, seed: int, layer: str) -> Drawn:
    """Draw which activations of a layer to keep: all where there are few.

    Args:
        pictures: how many there are.
        places: of each map.
        units: of the layer.
        seed: the study's.
        layer: its name.
    """
    total = pictures * places
    wanted = min(total, max(_LEAST, min(_ACTIVATIONS, _NUMBERS // units)))
    chosen = generator("unit activations", seed, layer).choice(total, wanted, replace=False, shuffle=False)
    chosen.sort()
    return Drawn(chosen // places, chosen % places)


def draw_pictures(pictures: int, *, seed: int) -> Whole:
    """Draw up to `PICTURES` of so many positions, ascending."""
    few = min(pictures, PICTURES)
    chosen: Whole = generator("unit responses", seed).choice(pictures, few, replace=False, shuffle=False)
    return np.sort(chosen)


def draw_places(rows: Whole, places: int, *, seed: int, layer: str) -> Whole | None:
    """Draw (N, PLACES) places of each picture, one from each of as many equal parts of the map; None: all of them.

    Every place is as likely as any other. Parts do not divide the map evenly, so that two may draw the same place.
    """
    if places <= PLACES:
        return None
    drawn = uniforms(rows, PLACES, "unit places", seed, layer)
    within: Whole = ((np.arange(PLACES) + drawn) * (places / PLACES)).astype(np.int64)
    return np.minimum(within, places - 1)
