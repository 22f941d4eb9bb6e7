"""Where the benchmarks find real data: beside the repository in `shared/data`, or where STRIATE_DATA points."""

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np


def root() -> Path:
    """Return the folder that holds mnist and cifar10; where it is absent, say so and leave."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("STRIATE_DATA", beside))
    if not (folder / "mnist").is_dir():
        print(f"no data in {folder}: set STRIATE_DATA to the folder that holds mnist and cifar10; nothing was measured")
        sys.exit(0)
    return folder


def write_part_of_cifar10(out: Path, *, train: int, test: int = 500) -> Path:
    """Write the first `train` (of 10,000) and `test` pictures of CIFAR-10 as its binary edition; returns `out`."""
    place = root() / "cifar10"
    binary = place / "cifar-10-batches-bin"
    folder = out / binary.name
    folder.mkdir(parents=True)
    first, last = (_records(place, binary, name) for name in ("data_batch_1", "test_batch"))
    for number, part in enumerate(np.array_split(first[:train], 5), 1):
        (folder / f"data_batch_{number}.bin").write_bytes(part.tobytes())
    (folder / "test_batch.bin").write_bytes(last[:test].tobytes())
    return out


def write_cifar10(out: Path) -> Path:
    """Write the whole of CIFAR-10 as its binary edition; returns `out`."""
    place = root() / "cifar10"
    folder = out / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        (folder / f"{name}.bin").write_bytes(_records(place, place / folder.name, name).astype(np.uint8).tobytes())
    return out


def _records(place: Path, binary: Path, name: str) -> np.ndarray:
    """Return (10000, 3073) bytes, a picture a row, from the binary edition or from the strips of shared/data."""
    if binary.is_dir():
        return np.fromfile(binary / f"{name}.bin", np.uint8).reshape(-1, 3073)
    found = spec_from_file_location("prepare", place / "prepare.py")
    prepare = module_from_spec(found)
    found.loader.exec_module(prepare)
    images, labels = prepare.load(name)
    return np.hstack([labels[:, None], images.transpose(0, 3, 1, 2).reshape(len(images), -1)])
