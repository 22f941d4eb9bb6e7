"""Small data sets in the formats of the real ones, written anew for each test."""

import gzip
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from striate.data.table import Table
from striate.sources import folder
from striate.sources.idx import FILES


@dataclass(frozen=True)
class Disk:
    """A place to write to."""

    root: Path

    def write(self, path: str, content: bytes | str = b"") -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return place

    def pictures(self, *paths: str) -> Path:
        """Write files that are named like pictures; nothing in this room opens them."""
        for path in paths:
            self.write(path, path)
        return self.root

    def idx(self, place: str = "mnist", *, packed: bool = True, train: int = 30, test: int = 10) -> Path:
        """Write the four files of MNIST; picture i is all i, its label i modulo 10."""
        for side, count in (("train", train), ("test", test)):
            index = np.arange(count, dtype=np.uint8)
            images = np.broadcast_to(index[:, None, None], (count, 28, 28))
            for name, values in zip(FILES[side], (images, index % 10), strict=True):
                raw = idx_bytes(values)
                self.write(f"{place}/{name}{'.gz' if packed else ''}", gzip.compress(raw) if packed else raw)
        return self.root / place

    def cifar10(self, place: str = "cifar10") -> Path:
        for name in ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"):
            self.write(f"{place}/{name}.bin", cifar_records(10).tobytes())
        return self.root / place

    def cifar100(self, place: str = "cifar100") -> Path:
        self.write(f"{place}/train.bin", cifar_records(20, label_bytes=2).tobytes())
        self.write(f"{place}/test.bin", cifar_records(10, label_bytes=2).tobytes())
        return self.root / place


def idx_bytes(values: NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def cifar_records(count: int, label_bytes: int = 1) -> NDArray[np.uint8]:
    """Picture i has label i modulo 10 (the first of two label bytes is half of it), red i, green i + 1, blue i + 2."""
    index = np.arange(count)[:, None]
    label = index % 10
    labels = np.concatenate([label // 2, label], axis=1)[:, 2 - label_bytes :]
    return np.concatenate([labels, index + np.repeat([0, 1, 2], 1024)], axis=1).astype(np.uint8)


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


@pytest.fixture
def read_folder(disk: Disk) -> Callable[..., Table]:
    """Return what writes pictures of the given paths and reads the folder."""
    return lambda *paths: folder.read(disk.pictures(*paths))
