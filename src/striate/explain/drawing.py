"""Maps as pictures: laid over the picture, cell by cell, and both with their legend as one figure to send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from striate.explain.colors import AGAINST, FOR, Scale, colored, overlaid
from striate.explain.picture import Explained, Panel
from striate.report.figures import INK, MUTED, PAPER, RULE, blank
from striate.report.words import MINUS, percent

Pixels = NDArray[np.uint8]

_WIDE, _GAP, _ABOVE, _BELOW = 8.4, 0.18, 0.35, 0.75  # inches: the figure, between pictures, for titles, for the legend


@dataclass(frozen=True)
class Drawn:
    """One panel as pictures.

    Args:
        scale: of its colors.
        overlay: (H, W, 3), the picture in gray, dyed by the map, each value at its place.
        cells: (h, w, 3), one pixel a raw value.
        values: (h, w) float32, raw.
    """

    scale: Scale
    overlay: Pixels
    cells: Pixels
    values: NDArray[np.float32] = field(repr=False)


def draw(panel: Panel, picture: Pixels, scale: Scale) -> Drawn:
    """Draw the map of a panel on the picture (H, W, C) that the network saw."""
    assert panel.maps is not None
    values = panel.maps.values[0].float().numpy()
    placed = panel.maps.place((picture.shape[0], picture.shape[1]))[0].float().numpy()
    return Drawn(scale, overlaid(picture, placed, scale), colored(values, scale), values)


def number(value: float) -> str:
    """Write a value with three digits and a true minus sign."""
    return f"{value:.3g}".replace("-", MINUS)


def legend(scale: Scale) -> tuple[str, str]:
    """Return what stands at the two ends of the legend."""
    return number(scale.low), number(scale.limit)


def explained(scale: Scale, *, of: int = 1) -> str:
    """Say what the colors mean; `of` is how many pictures share the scale."""
    if not scale.limit:
        return "0 everywhere"
    meaning = (
        "blue against the class, white nothing, red for it" if scale.signed else "white nothing, red for the class"
    )
    owners = [*([f"{of} pictures"] if of > 1 else ()), *([", ".join(scale.methods)] if scale.methods else ())]
    sharing = f"; one scale for {' and '.join(owners)}" if owners else ""
    return (
        meaning
        + (f"; the largest, {number(scale.largest)}, is drawn as {number(scale.limit)}" if scale.cut else "")
        + sharing
    )


def figure(shown: Explained, panel: Panel, drawn: Drawn, *, meaning: str) -> Figure:
    """Draw picture, overlay and cells side by side, with the answer above and the legend below."""
    height, width = shown.pixels.shape[:2]
    side = (_WIDE - 4 * _GAP) / 3
    tall = side * height / width
    made = blank(_WIDE, tall + _ABOVE + _BELOW)
    made.set_layout_engine("none")  # all places are known, and finding them would take as long as drawing

    def axes(column: int, bottom: float, wide: float, high: float) -> Axes:
        inches = (_GAP + column * (side + _GAP), bottom, wide, high)
        whole = made.get_size_inches()
        return made.add_axes((inches[0] / whole[0], inches[1] / whole[1], inches[2] / whole[0], inches[3] / whole[1]))

    titles = (f"{shown.target}, {percent(shown.probabilities[shown.target])}", panel.method, _of(panel))
    for column, (title, pixels) in enumerate(zip(titles, (shown.pixels, drawn.overlay, drawn.cells), strict=True)):
        _show(axes(column, _BELOW, side, tall), pixels, title, (height, width))
    _ramp(axes(1, _BELOW - 0.3, 2 * side + _GAP, 0.11), drawn.scale)
    beside = axes(0, 0.05, side, _BELOW - 0.22)
    beside.set_axis_off()
    beside.text(0, 1, fill(panel.note or meaning, 48), fontsize=7.5, color=INK if panel.note else MUTED, va="top")
    return made


def _of(panel: Panel) -> str:
    return f"{panel.layer}, {panel.shape[1]} x {panel.shape[2]}" if panel.layer else "pixel by pixel"


def _show(axes: Axes, pixels: Pixels, title: str, size: tuple[int, int]) -> None:
    extent = (0.0, float(size[1]), float(size[0]), 0.0)
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest", extent=extent)
    axes.set_axis_off()
    axes.add_patch(Rectangle((0, 0), size[1], size[0], fill=False, edgecolor=RULE, linewidth=0.8))
    axes.set_title(title, fontsize=9.5)


def _ramp(axes: Axes, scale: Scale) -> None:
    """Draw the legend: colors with numbers at their ends, and at zero."""
    limit = scale.limit or 1.0
    stops: Sequence[tuple[int, int, int]] = (*AGAINST[:0:-1], *FOR) if scale.signed else FOR
    colors = LinearSegmentedColormap.from_list("scale", [tuple(part / 255 for part in stop) for stop in stops])
    low = -limit if scale.signed else 0.0
    axes.imshow(np.linspace(0, 1, 256)[None], cmap=colors, aspect="auto", extent=(low, limit, 0, 1))
    ticks = [low, 0.0, limit] if scale.signed else [0.0, limit / 2, limit]
    axes.set_xticks(ticks, [number(tick if scale.limit else 0.0) for tick in ticks], fontsize=8)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.set_facecolor(PAPER)
