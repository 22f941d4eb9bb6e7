"""With which settings does `hog-svm` know most? Asked on training pictures alone, so that test pictures stay unseen.

    python benchmarks/hog_settings.py

Of Fashion-MNIST and CIFAR-10 some thousands of training pictures are learned from, and others of the training pictures
are answered. First the description is varied, one setting at a time, then the scale of the kernel and C together.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pairs import options, tell
from sklearn.pipeline import make_pipeline

from classic import opened, pictures
from striate.classic import create
from striate.classic.kernels import mean_distance
from striate.classic.linear_svm import LinearSVM
from striate.classic.maps import RBFMap
from striate.classic.pictures import Pictures

PACKAGES = ("striate", "torch", "scikit-learn", "numpy")
SETS = {"fashion-mnist": (8000, 8000), "cifar10": (6000, 4000)}  # training pictures to learn from, and to answer
DESCRIPTIONS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "12 directions": {"orientations": 12},
    "24 directions": {"orientations": 24},
    "9 directions, opposites alike": {"orientations": 9, "signed": False},
    "18 directions, opposites alike": {"orientations": 18, "signed": False},
    "cells of 3 pixels": {"cell": 3},
    "cells of 5 pixels": {"cell": 5},
    "cells of 8 pixels": {"cell": 8},
    "blocks of 1 cell": {"block": 1},
    "blocks of 3 cells": {"block": 3},
    "not interpolated": {"interpolate": False},
}
SCALES = (1.0, 2.0, 4.0)  # gamma times the mean squared distance
COSTS = (1.0, 5.0, 20.0)
_SAMPLE = 2000  # vectors for the mean distance
_COMPONENTS = 1000  # half of those of the pipeline, for speed


def main() -> int:
    """Try all settings on both sets, print the tables and keep them."""
    asked = options(__doc__).parse_args()
    torch.set_num_threads(asked.threads)
    for name, counts in SETS.items():
        with TemporaryDirectory() as folder:
            lines = list(tried(name, Path(folder), [count // 20 if asked.quick else count for count in counts]))
        tell(f"hog_settings: {name}", lines, asked, PACKAGES)
    return 0


def tried(name: str, folder: Path, counts: list[int]) -> Iterator[str]:
    """Yield the lines of one data set."""
    table = opened(name, folder)
    train = np.flatnonzero(np.array(table.strings("split")) == "train")
    train = np.random.default_rng(0).permutation(train)[: sum(counts)]
    images, labels = pictures(table, train), table.labels[train]
    cut = counts[0]
    yield f"{cut:,} training pictures to learn from, {counts[1]:,} other training pictures to answer."
    yield from ("", "| description | numbers | right |", "|---|---:|---:|")
    for what, setting in DESCRIPTIONS.items():
        vectors = described(images, setting)
        share = right(vectors, labels, cut, scale=2.0, cost=5.0)
        yield said(f"| {what} | {vectors.shape[1]} | {100 * share:.2f} % |")
    vectors = described(images, {})
    yield from ("", "| gamma times the mean squared distance | C | right |", "|---:|---:|---:|")
    for scale in SCALES:
        for cost in COSTS:
            share = right(vectors, labels, cut, scale=scale, cost=cost)
            yield said(f"| {scale:g} | {cost:g} | {100 * share:.2f} % |")


def described(images: Pictures, setting: dict[str, Any]) -> NDArray[np.float32]:
    """Return the vectors of the pictures, by the pipeline's own description but for `setting`."""
    return create("hog-svm")["features"].set_params(**setting).fit_transform(images)


def right(vectors: NDArray[np.float32], labels: NDArray[Any], cut: int, *, scale: float, cost: float) -> float:
    """Return which share of the vectors from `cut` on is right, after learning from those before."""
    gamma = scale / mean_distance("rbf", vectors[:_SAMPLE])
    machine = make_pipeline(RBFMap(_COMPONENTS, gamma=gamma), LinearSVM(cost)).fit(vectors[:cut], labels[:cut])
    return float((machine.predict(vectors[cut:]) == labels[cut:]).mean())


def said(line: str) -> str:
    """Print a line as soon as it is known, and return it."""
    print(line, flush=True)
    return line


if __name__ == "__main__":
    sys.exit(main())
