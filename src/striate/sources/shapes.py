"""Shapes: made pictures of one textured shape on textured ground, with the exact mask and box of the shape.

Where a tool points can be checked here, as the truth is known to the pixel. Only the outline tells the class: size
(as area), place, angle, colors and textures are drawn from the same distributions for every class.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from striate.core.seeds import generator
from striate.data.table import Table, picture_columns
from striate.sources.options import require_range
from striate.sources.textures import lit, two_textures

Plane = NDArray[np.float64]
Inside = Callable[[Plane, Plane], NDArray[np.bool_]]


def _polygon(x: Plane, y: Plane, sides: int) -> NDArray[np.bool_]:
    angles = 2 * np.pi * np.arange(sides) / sides
    depths = [np.cos(angle) * x + np.sin(angle) * y for angle in angles]
    inside: NDArray[np.bool_] = np.max(depths, axis=0) < np.cos(np.pi / sides)
    return inside


def _star(x: Plane, y: Plane) -> NDArray[np.bool_]:
    # fold the plane onto one half of one of the five points, whose edge is then a single line
    angle = np.abs((np.arctan2(y, x) + np.pi / 5) % (2 * np.pi / 5) - np.pi / 5)
    radius = np.hypot(x, y)
    tip, notch = np.array([1.0, 0.0]), 0.45 * np.array([np.cos(np.pi / 5), np.sin(np.pi / 5)])
    normal = np.array([notch[1] - tip[1], tip[0] - notch[0]])
    inside: NDArray[np.bool_] = radius * (np.cos(angle) * normal[0] + np.sin(angle) * normal[1]) < normal @ tip
    return inside


def _heart(x: Plane, y: Plane) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (x**2 + y**2 - 1) ** 3 < x**2 * y**3
    return inside


# Each says which points lie inside the shape; x to the right, y down, all within radius 1 of the origin
OUTLINES: dict[str, Inside] = {
    "circle": lambda x, y: x**2 + y**2 < 1,
    "crescent": lambda x, y: (x**2 + y**2 < 1) & ((x - 0.45) ** 2 + y**2 > 0.64),
    "ring": lambda x, y: (x**2 + y**2 < 1) & (x**2 + y**2 > 0.36),
    "heart": lambda x, y: _heart(1.36 * x, -1.36 * y + 0.1),
    "triangle": lambda x, y: _polygon(x, y, 3),
    "square": lambda x, y: _polygon(x, y, 4),
    "star": _star,
    "cross": lambda x, y: (np.minimum(abs(x), abs(y)) < 0.26) & (np.maximum(abs(x), abs(y)) < 0.95),
    "arrow": lambda x, y: ((abs(y) < 0.2) & (abs(x + 0.3) < 0.66)) | ((x > 0.1) & (x + 1.2 * abs(y) < 0.98)),
    "hourglass": lambda x, y: (abs(x) < 0.06 + 0.75 * abs(y)) & (abs(y) < 0.77),
}
CLASSES = tuple(OUTLINES)

_SMALLEST, _LARGEST = 16, 1024  # pixels a side
_MOST_BYTES = 4 * 2**30  # of all pictures, as they are held in memory
_SAMPLES = 3  # a side, in every pixel, for smooth edges; odd, so that one is the pixel's center


@dataclass(frozen=True)
class Drawing:
    """One made picture and the truth about it.

    Args:
        pixels: (size, size, 3) uint8.
        mask: (size, size) bool, where the center of the pixel lies in the shape.
        box: left, top, right, bottom of the mask in pixels; right and bottom are the first outside.
        label: index into CLASSES.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    box: tuple[int, int, int, int]
    label: int


def read(location: Path | None = None, *, count: int = 2000, size: int = 48, seed: int = 0) -> Table:  # noqa: ARG001
    """Make `count` pictures of `size` by `size` pixels; the first ones are the same whatever the count.

    Args:
        location: not used; nothing is read.
        count: how many pictures; classes are equally frequent in every ten that follow each other.
        size: pixels a side.
        seed: another seed makes other pictures.

    Raises:
        DataError: an option is out of range.
    """
    require_range("shapes", "size", size, _SMALLEST, _LARGEST)
    require_range("shapes", "count", count, 1, _MOST_BYTES // (size * size * 3))
    pixels = np.empty((count, size, size, 3), np.uint8)
    labels = np.empty(count, np.int64)
    for index in range(count):
        drawing = draw(index, size=size, seed=seed)
        pixels[index], labels[index] = drawing.pixels, drawing.label
    again = f"shapes?count={count}&size={size}&seed={seed}"
    return Table(picture_columns(labels), CLASSES, "shapes", again, pixels=pixels)


def draw(index: int, *, size: int, seed: int) -> Drawing:
    """Draw picture `index`, a function of the arguments alone.

    Args:
        index: which picture, from 0.
        size: pixels a side.
        seed: the data set's seed.
    """
    label = int(
        generator("shapes classes", seed, index // len(CLASSES)).permutation(len(CLASSES))[index % len(CLASSES)]
    )
    random = generator("shapes", seed, index)
    coverage, mask = _place(random, CLASSES[label], size)
    shape, ground = two_textures(random, size)
    picture = ground + coverage[..., None] * (shape - ground)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return Drawing(lit(random, picture), mask, box, label)


def _place(random: np.random.Generator, name: str, size: int) -> tuple[Plane, NDArray[np.bool_]]:
    """Return how much of each pixel the shape covers, 0 to 1, and which pixels have their center in it."""
    # one unit of radius covers as much area for every class; the largest radius is the same for all, so that
    # neither the area nor the place tells the class
    area = random.uniform(0.06, 0.2)
    radius = np.sqrt(area / _area(name))
    room = 0.5 - np.sqrt(area / min(map(_area, CLASSES)))
    center = 0.5 + random.uniform(-room, room, 2)
    angle = random.uniform(0, 2 * np.pi)
    points = (np.arange(size * _SAMPLES) + 0.5) / (size * _SAMPLES)
    x, y = (points[None, :] - center[0]) / radius, (points[:, None] - center[1]) / radius
    cosine, sine = np.cos(angle), np.sin(angle)
    inside = OUTLINES[name](cosine * x + sine * y, cosine * y - sine * x)
    coverage = inside.reshape(size, _SAMPLES, size, _SAMPLES).mean((1, 3))
    return coverage, inside[_SAMPLES // 2 :: _SAMPLES, _SAMPLES // 2 :: _SAMPLES]


@cache
def _area(name: str) -> float:
    """Return the area of a shape of radius 1."""
    points = np.linspace(-1, 1, 801)
    return float(OUTLINES[name](points[None, :], points[:, None]).mean() * 4)
