"""Textures for made pictures: two colors in stripes, checks, dots, clouds or grain, at any angle and scale."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float64]

_APART = 0.35  # least distance of the mean colors of shape and ground, in RGB from 0 to 1


def two_textures(random: np.random.Generator, size: int) -> tuple[Plane, Plane]:
    """Draw two textures whose mean colors can be told apart.

    Args:
        random: where the draws come from.
        size: pixels a side.

    Returns:
        Two planes (size, size, 3) from 0 to 1.
    """
    colors = random.uniform(0.12, 0.88, (64, 2, 3))
    apart = np.linalg.norm(colors[:, 0] - colors[:, 1], axis=1) > _APART
    first, second = colors[int(np.argmax(apart))]
    return _texture(random, size, first), _texture(random, size, second)


def lit(random: np.random.Generator, picture: Plane) -> NDArray[np.uint8]:
    """Light `picture` from one side, add a little noise and return its bytes."""
    size = len(picture)
    slope = random.uniform(-0.25, 0.25, 2)
    ramp = np.linspace(-1, 1, size)
    light = 1 + slope[0] * ramp[None, :] + slope[1] * ramp[:, None]
    noise = random.normal(0, random.uniform(0.005, 0.03), picture.shape)
    pixels: NDArray[np.uint8] = np.rint(np.clip(picture * light[..., None] + noise, 0, 1) * 255).astype(np.uint8)
    return pixels


def _texture(random: np.random.Generator, size: int, color: NDArray[np.float64]) -> Plane:
    pattern = _PATTERNS[random.integers(len(_PATTERNS))]
    values = pattern(random, *_turned(random, size))
    contrast = random.uniform(0.04, 0.13) * random.choice([-1, 1], 3)
    texture: Plane = color + (values - values.mean())[..., None] * contrast
    return texture


def _turned(random: np.random.Generator, size: int) -> tuple[Plane, Plane]:
    """Return coordinates in units of the texture's period, at a random angle."""
    period = random.uniform(0.09, 0.25)
    angle = random.uniform(0, np.pi)
    shift = random.uniform(0, 1, 2)
    points = (np.arange(size) + 0.5) / size / period
    x, y = points[None, :], points[:, None]
    return np.cos(angle) * x + np.sin(angle) * y + shift[0], np.cos(angle) * y - np.sin(angle) * x + shift[1]


def _wave(x: Plane) -> Plane:
    """Return a wave from -1 to 1 with period 1, steeper than a sine."""
    wave: Plane = np.tanh(3 * np.sin(2 * np.pi * x))
    return wave


def _plain(random: np.random.Generator, x: Plane, y: Plane) -> Plane:  # noqa: ARG001
    return np.zeros(np.broadcast_shapes(x.shape, y.shape))


def _stripes(random: np.random.Generator, x: Plane, y: Plane) -> Plane:  # noqa: ARG001
    return _wave(x)


def _checks(random: np.random.Generator, x: Plane, y: Plane) -> Plane:  # noqa: ARG001
    return _wave(x) * _wave(y)


def _dots(random: np.random.Generator, x: Plane, y: Plane) -> Plane:  # noqa: ARG001
    dots: Plane = np.tanh(4 * (np.cos(2 * np.pi * x) + np.cos(2 * np.pi * y) - 0.6))
    return dots


def _clouds(random: np.random.Generator, x: Plane, y: Plane) -> Plane:
    waves = random.uniform(-1, 1, (6, 3)) * [0.8, 0.8, np.pi]
    clouds: Plane = np.sum([np.sin(2 * np.pi * (a * x + b * y) + c) for a, b, c in waves], axis=0) / 2
    return clouds


def _grain(random: np.random.Generator, x: Plane, y: Plane) -> Plane:
    return random.normal(0, 0.8, np.broadcast_shapes(x.shape, y.shape))


_PATTERNS: tuple[Callable[[np.random.Generator, Plane, Plane], Plane], ...] = (
    _plain,
    _stripes,
    _checks,
    _dots,
    _clouds,
    _grain,
)
