"""Made photographs: JPEGs that weigh and decode like real ones, the same on every machine.

Real pictures have amplitudes that fall with the frequency (Field, 1987) and edges; these have both. How steep
the fall is was chosen by what the files weigh: photographs scaled to 500x375 take 35 to 60 KB at quality 90, these 48;
scaled to 1600x1200 they take 210 to 470, these 370.
"""

import colorsys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from striate.core.seeds import generator

CLASSES = 10
_QUALITY = 90
_FALL = 1.4


def make_folder(root: Path, count: int, size: tuple[int, int], *, told_by: str = "number", first: int = 0) -> Path:
    """Write `count` JPEGs of width and height `size` into folders of `CLASSES` classes beneath `root`; returns it.

    Args:
        root: made where it is not there.
        count: how many.
        size: width and height.
        told_by: what tells the classes apart. number: of ellipses, or of rectangles, which is hard; color: of most of
            the ellipses and rectangles, which a network learns in a minute.
        first: the number of the first picture; other numbers are other pictures.
    """
    for number, picture in enumerate(_pictures(first, count, size, told_by), first):
        folder = root / f"class{number % CLASSES}"
        folder.mkdir(parents=True, exist_ok=True)
        picture.save(folder / f"{number:05}.jpg", quality=_QUALITY)
    return root


def describe(root: Path) -> str:
    """Return how many files there are and what they weigh, in one line."""
    sizes = [path.stat().st_size for path in root.rglob("*.jpg")]
    return f"{len(sizes):,} made JPEGs of {np.mean(sizes) / 1e3:.0f} KB on average"


def _pictures(first: int, count: int, size: tuple[int, int], told_by: str) -> Iterator[Image.Image]:
    width, height = size
    grounds = [_ground(height, width, number) for number in range(8)]
    for number in range(first, first + count):
        draw = generator("made picture", number)
        rolled = np.roll(grounds[number % 8], draw.integers(0, (height, width)), (0, 1))
        pixels = rolled * draw.uniform(0.5, 1, 3) + draw.uniform(0, 120, 3)
        picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
        strew = _strew_colors if told_by == "color" else _strew_numbers
        strew(ImageDraw.Draw(picture), draw, size, number % CLASSES)
        yield picture


def _strew_numbers(canvas: ImageDraw.ImageDraw, draw: np.random.Generator, size: tuple[int, int], kind: int) -> None:
    width, height = size
    for _ in range(4 + kind):
        left, top = draw.integers(0, width), draw.integers(0, height)
        across, down = draw.integers(width // 20, width // 4, 2)
        shape = canvas.ellipse if kind < CLASSES // 2 else canvas.rectangle
        shape((left, top, left + across, top + down), fill=tuple(map(int, draw.integers(0, 255, 3))))


def _strew_colors(canvas: ImageDraw.ImageDraw, draw: np.random.Generator, size: tuple[int, int], kind: int) -> None:
    """Draw 5 to 9 shapes of the class's hue, and two of any, as pictures of one thing show others too."""
    width, height = size
    kinds = [*draw.integers(0, CLASSES, 2), *[kind] * draw.integers(5, 10)]
    for shown in kinds:
        left, top = draw.integers(0, width * 9 // 10), draw.integers(0, height * 9 // 10)
        across, down = draw.integers(width // 12, width // 4, 2)
        hue = (shown + draw.uniform(-0.4, 0.4)) % CLASSES / CLASSES
        color = colorsys.hsv_to_rgb(hue, *draw.uniform(0.6, 1, 2))
        shape = canvas.ellipse if draw.integers(0, 2) else canvas.rectangle
        shape((left, top, left + across, top + down), fill=tuple(int(255 * part) for part in color))


def _ground(height: int, width: int, number: int) -> NDArray[np.float32]:
    """Return (height, width, 3) noise around 128 whose amplitude falls with the frequency, the colors alike."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None] * height, np.fft.rfftfreq(width)[None] * width)
    frequency[0, 0] = np.inf
    draw = generator("ground", number)
    waves = draw.normal(size=(4, *frequency.shape)) + 1j * draw.normal(size=(4, *frequency.shape))
    planes = np.fft.irfft2(waves / frequency**_FALL, s=(height, width))
    mixed = planes[0] + 0.3 * planes[1:]
    return (128 + 45 * mixed / mixed.std()).transpose(1, 2, 0).astype(np.float32)
