"""Made pictures with what real ones have: soft ground, edges and texture."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from striate.data.table import Table

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


@pytest.fixture
def album(tmp_path: Path, encode: Encode) -> Callable[..., Table]:
    """Write pictures, or bytes, at `class/name.ending` and return their table."""

    def write(files: dict[str, Image.Image | bytes], **columns: Any) -> Table:
        for path, content in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            kind = Image.registered_extensions().get(Path(path).suffix.lower(), "PNG")
            data = content if isinstance(content, bytes) else encode(content, kind)
            (tmp_path / path).write_bytes(data)
        kinds = [path.partition("/")[0] for path in files]
        classes = tuple(sorted(set(kinds)))
        labels = pa.array([classes.index(kind) for kind in kinds], pa.int32())
        rows = pa.table({"path": pa.array(list(files), pa.string()), "label": labels, **columns})
        return Table(columns=rows, classes=classes, source="folder", location=str(tmp_path), root=tmp_path)

    return write
