"""The confusion matrix as a figure: rows are the truth, columns the answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from striate.report.choice import READABLE
from striate.report.figures import BLUE, BRICK, INK, MUTED, PAPER, blank

_NAMED = 50  # classes whose names fit beside the matrix; of more, every second, third, ... is named
_LONGEST = 18  # characters of a class name


def heat_map(confusion: NDArray[np.int64], classes: Sequence[str]) -> Figure:
    """Draw the matrix; a cell's shade is the square root of its share of the row, so that rare mistakes are seen."""
    count = len(classes)
    side = min(9.0, max(3.6, 1.6 + 0.42 * count))
    figure = blank(side + 0.2, side)
    axes = figure.add_subplot()
    shades = shares(confusion) ** 0.5
    axes.imshow(_colors(shades), interpolation="nearest")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_title("Confusion matrix")
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    _names(axes, classes)
    if count <= READABLE:
        _counts(axes, confusion, shades)
    return figure


def shares(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each cell's share of its row; 0 for a class without pictures."""
    found: NDArray[np.float64] = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    return found


def shorten(name: str, longest: int = _LONGEST) -> str:
    """Cut a long name for a figure, with an ellipsis."""
    return name if len(name) <= longest else name[: longest - 1] + "…"


def _colors(shades: NDArray[np.float64]) -> NDArray[np.float64]:
    right, wrong = np.array(to_rgb(BLUE)), np.array(to_rgb(BRICK))
    full = np.where(np.eye(len(shades), dtype=bool)[..., None], right, wrong)
    return np.concatenate([full, shades[..., None]], axis=-1)  # the ground shows through, light or dark


def _names(axes: Axes, classes: Sequence[str]) -> None:
    shown = range(0, len(classes), -(-len(classes) // _NAMED))
    names = [shorten(classes[place]) for place in shown]
    size = float(np.clip(240 / len(shown), 6.0, 9.0))
    steep = 90 if max(map(len, names)) > 3 else 0
    axes.set_xticks(shown, names, rotation=steep, fontsize=size)
    axes.set_yticks(shown, names, fontsize=size)
    axes.tick_params(length=0)


def _counts(axes: Axes, confusion: NDArray[np.int64], shades: NDArray[np.float64]) -> None:
    size = float(np.clip(150 / len(confusion), 4.5, 9.0))
    for truth, answer in np.argwhere(confusion):
        color = PAPER if shades[truth, answer] > 0.6 else INK
        axes.text(answer, truth, f"{confusion[truth, answer]:,}", ha="center", va="center", color=color, fontsize=size)
    for truth, answer in np.argwhere(confusion == 0) if len(confusion) <= 12 else ():
        axes.text(answer, truth, "·", ha="center", va="center", color=MUTED, fontsize=size)
