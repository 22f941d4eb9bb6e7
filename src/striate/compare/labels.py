"""Names beside the points of a figure, where no name hides a circle, a line or another name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

Point = tuple[float, float]
Stretch = tuple[Point, Point]  # level or upright, in the units of the axes

_SIZE = 8.5  # points
_GAP = 3.0  # points between a circle and its name
_FAR = 13.0  # points, where there is no room nearer
_AROUND = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))  # where a name is tried, in order


def beside_points(
    axes: Axes,
    points: Sequence[Point],
    radii: Sequence[float],
    names: Sequence[str],
    colors: Sequence[str],
    *,
    avoid: Sequence[Stretch] = (),
) -> None:
    """Write the names of `points` into a figure that is laid out already, each where it hides the least.

    Args:
        axes: whose limits are settled.
        points: in the units of the axes.
        radii: of their circles, in typographic points.
        names: one a point.
        colors: of the names.
        avoid: straight lines that names should not lie on.
    """
    figure = axes.figure
    scale = figure.dpi / 72
    pixels: NDArray[np.float64] = axes.transData.transform(np.array(points, np.float64))
    circles = [
        Bbox.from_extents(x - r, y - r, x + r, y + r) for (x, y), r in zip(pixels, np.array(radii) * scale, strict=True)
    ]
    inside = axes.get_window_extent()
    taken = [*circles, *(_around(stretch, axes, 2 * scale) for stretch in avoid)]
    for place in np.argsort(-pixels[:, 1], kind="stable").tolist():
        x, y = points[place]
        text = axes.text(x, y, names[place], fontsize=_SIZE, color=colors[place])
        text.set_in_layout(False)
        size = _size(text)
        choices = [box for gap in (_GAP, _FAR) for box in _boxes(circles[place], size, gap * scale)]
        far = [0.0] * len(_AROUND) + [size[1] ** 2 / 4] * len(_AROUND)
        costs = [_hidden(box, taken) + 4 * _outside(box, inside) + more for box, more in zip(choices, far, strict=True)]
        box = choices[int(np.argmin(costs))]
        taken.append(box)
        _move(text, axes, box)


def beside_ends(axes: Axes, ends: Sequence[Point], names: Sequence[str], colors: Sequence[str]) -> None:
    """Write the names of curves right of the axes, at the height of their ends or as near as there is room.

    Args:
        axes: whose limits are settled; the figure is laid out already, with room at the right.
        ends: the last point of each curve, in the units of the axes.
        names: one a curve.
        colors: likewise.
    """
    scale = axes.figure.dpi / 72
    heights: NDArray[np.float64] = axes.transData.transform(np.array(ends, np.float64))[:, 1]
    inside = axes.get_window_extent()
    for place, height in enumerate(spread(heights, 1.3 * _SIZE * scale, inside.y0, inside.y1)):
        _, y = axes.transData.inverted().transform((0, height))
        text = axes.annotate(
            names[place],
            xy=ends[place],
            xytext=(1.02, y),
            xycoords="data",
            textcoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=_SIZE,
            color=colors[place],
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colors[place], "linewidth": 0.5, "alpha": 0.6, "shrinkB": 2},
        )
        text.set_in_layout(False)


def spread(heights: NDArray[np.float64], gap: float, low: float, high: float) -> NDArray[np.float64]:
    """Return `heights` moved apart to at least `gap`, in their order, between the limits where there is room.

    Each block of names that touch stands where its members would stand on the average.
    """
    order = np.argsort(heights, kind="stable")
    blocks: list[list[float]] = []  # wanted heights, each less its place in the block
    for height in heights[order]:
        blocks.append([float(height)])
        while len(blocks) > 1 and _start(blocks[-2], gap) + gap * len(blocks[-2]) > _start(blocks[-1], gap):
            last = blocks.pop()
            blocks[-1] += last
    moved: NDArray[np.float64] = np.concatenate([_start(block, gap) + gap * np.arange(len(block)) for block in blocks])
    moved = np.minimum(moved, high - gap * np.arange(len(moved))[::-1])
    moved = np.maximum(moved, low + gap * np.arange(len(moved))) if gap * (len(moved) - 1) <= high - low else moved
    found = np.empty_like(moved)
    found[order] = moved
    return found


def _start(block: Sequence[float], gap: float) -> float:
    return float(np.mean(block)) - gap * (len(block) - 1) / 2


def _size(text: Text) -> tuple[float, float]:
    extent = text.get_window_extent()
    return extent.width, extent.height


def _boxes(circle: Bbox, size: tuple[float, float], gap: float) -> Iterator[Bbox]:
    wide, high = size
    x, y = (circle.x0 + circle.x1) / 2, (circle.y0 + circle.y1) / 2
    for across, up in _AROUND:
        reach = circle.width / 2 * (0.75 if across and up else 1.0) + gap
        left = x - wide / 2 if not across else x + reach if across > 0 else x - reach - wide
        bottom = y - high / 2 if not up else y + reach if up > 0 else y - reach - high
        yield Bbox.from_bounds(left, bottom, wide, high)


def _around(stretch: Stretch, axes: Axes, room: float) -> Bbox:
    """Return the box of a line, a little wider than it."""
    (x0, y0), (x1, y1) = axes.transData.transform(np.array(stretch, np.float64))
    return Bbox.from_extents(min(x0, x1) - room, min(y0, y1) - room, max(x0, x1) + room, max(y0, y1) + room)


def _hidden(box: Bbox, taken: Sequence[Bbox]) -> float:
    """Return the area of `box` that is taken already."""
    shared = (Bbox.intersection(box, other) for other in taken)
    return sum(part.width * part.height for part in shared if part is not None)


def _outside(box: Bbox, inside: Bbox) -> float:
    part = Bbox.intersection(box, inside)
    return box.width * box.height - (part.width * part.height if part is not None else 0.0)


def _move(text: Text, axes: Axes, box: Bbox) -> None:
    place = axes.transData.inverted().transform((box.x0, (box.y0 + box.y1) / 2))
    text.set(x=place[0], y=place[1], ha="left", va="center")
