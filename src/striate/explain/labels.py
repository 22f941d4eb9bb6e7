"""Maps of classes as pictures: a color for each class that occurs, told apart without seeing red from green."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Okabe and Ito, https://jfly.uni-koeln.de/color/, without black; the rest is gray
COLORS = (
    (86, 180, 233), (230, 159, 0), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0), (204, 121, 167),
)  # fmt: skip
OTHERS = (190, 190, 190)


def labeled(labels: NDArray[np.int64], classes: Sequence[str]) -> tuple[list[dict[str, Any]], NDArray[np.uint8]]:
    """Return the legend of a map of classes, the most frequent first, and the map (h, w, 3) in its colors.

    Args:
        labels: (h, w), numbers of classes.
        classes: their names.
    """
    numbers, counts = np.unique(labels, return_counts=True)
    order = np.lexsort((numbers, -counts))
    pixels = np.full((*labels.shape, 3), OTHERS, np.uint8)
    legend = []
    for number, color in zip(numbers[order].tolist(), COLORS, strict=False):
        pixels[labels == number] = color
        legend.append({"name": classes[number], "color": f"#{bytes(color).hex()}"})
    if len(numbers) > len(COLORS):
        legend.append({"name": f"{len(numbers) - len(COLORS)} others", "color": f"#{bytes(OTHERS).hex()}"})
    return legend, pixels
