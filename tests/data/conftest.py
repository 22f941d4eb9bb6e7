"""Made pictures with what real ones have: soft ground, edges and texture."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

Scene = Callable[..., Image.Image]
Encode = Callable[..., bytes]


@pytest.fixture(scope="session")
def scene() -> Scene:
    """Make the picture number `seed`: a colored ground, a dozen boxes and disks, and a little grain."""

    def make(seed: int, width: int = 120, height: int = 90) -> Image.Image:
        random = np.random.default_rng(seed)
        ground = Image.fromarray(random.integers(60, 200, (3, 4, 3), np.uint8))
        pixels = np.asarray(ground.resize((width, height), Image.Resampling.BICUBIC), np.float32).copy()
        y, x = np.mgrid[:height, :width]
        for _ in range(12):
            top, left, size = random.random(3) * (height, width, height / 3)
            box = (np.abs(y - top) < size) & (np.abs(x - left) < size / 2)
            disk = (y - top) ** 2 + (x - left) ** 2 < (size / 2) ** 2
            pixels[disk if random.random() < 0.5 else box] = random.integers(0, 256, 3)
        pixels += random.normal(0, 3, pixels.shape)
        return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))

    return make


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Turn a picture into the bytes of a file."""

    def save(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
        written = io.BytesIO()
        picture.save(written, kind, **options)
        return written.getvalue()

    return save
