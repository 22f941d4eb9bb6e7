"""What a recognizer costs: parameters, arithmetic, memory, bytes on the disk, and seconds, measured on this machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from striate.core import seeds
from striate.data.preprocess import Preprocess
from striate.inside.memory import STATE
from striate.inside.summary import summarize
from striate.recognize.ensemble import Ensemble
from striate.recognize.load import place
from striate.recognize.pipeline import PipelineRecognizer
from striate.recognize.predict import Recognizer
from striate.recognize.recognizer import NetworkRecognizer
from striate.runtime import memory
from striate.train.run import Run

AT_ONCE = 32  # pictures that are answered at once
_SECONDS = 0.6  # of measuring one recognizer
_ROUNDS = 20


@dataclass(frozen=True)
class Size:
    """What a recognizer is, whoever runs it.

    Args:
        parameters: that answering needs; of a classic pipeline, see `striate.classic.parameters`.
        macs: multiply-accumulates for one picture; None where nobody counts them.
        memory: bytes that a step of its training takes, computed; None where there are no steps, as in an ensemble.
    """

    parameters: int | None = None
    macs: int | None = None
    memory: int | None = None


def size_of(recognizer: Recognizer, *, batch: int, optimizer: str = "sgd") -> Size:
    """Return parameters, arithmetic and training memory, as far as they are known for such a recognizer.

    Args:
        recognizer: whose network is left as it is.
        batch: pictures in a step of its training.
        optimizer: of its training.
    """
    if isinstance(recognizer, Ensemble):
        sizes = [size_of(member, batch=batch) for member in recognizer.members]
        return Size(_sum([size.parameters for size in sizes]), _sum([size.macs for size in sizes]))
    if isinstance(recognizer, PipelineRecognizer):
        return _of_pipeline(recognizer)
    if not isinstance(recognizer, NetworkRecognizer) or next(recognizer.network.parameters(), None) is None:
        return Size()
    shape = (recognizer.preprocess.channels, *recognizer.preprocess.size)
    found = summarize(recognizer.network, shape, batch=batch, optimizer=optimizer if optimizer in STATE else "sgd")
    parameters = found.network.parameters + found.frozen
    return Size(parameters, found.network.macs, found.memory.total if found.memory else None)


def _of_pipeline(recognizer: PipelineRecognizer) -> Size:
    from striate.classic import arithmetic, parameters  # scikit-learn, which networks do without

    shape = (recognizer.preprocess.channels, *recognizer.preprocess.size)
    counted = parameters.count(recognizer.pipeline)
    return Size(counted, arithmetic.multiply_accumulates(recognizer.pipeline, shape))


def bytes_on_disk(run: Run) -> int:
    """Return the bytes of the files that answering needs."""
    return sum(file.stat().st_size for file in place(run.path).rglob("*") if file.is_file())


def seconds_a_picture(recognizer: Recognizer, images: NDArray[np.uint8]) -> float:
    """Return how long a placed picture takes until its scores are there, answered among others.

    The least of several rounds, which what else the machine does disturbed least. Reading files is not in it.

    Args:
        recognizer: in float32, as evaluation asks it.
        images: (N, C, H, W), as its `preprocess` places them.
    """
    times: list[float] = []
    with memory.kept():
        recognizer.scores(images)  # makes room, and picks its kernels
        until = time.perf_counter() + _SECONDS
        while not times or (time.perf_counter() < until and len(times) < _ROUNDS):
            began = time.perf_counter()
            recognizer.scores(images)
            times.append(time.perf_counter() - began)
    return min(times) / len(images)


def noise(preprocess: Preprocess, count: int) -> NDArray[np.uint8]:
    """Return pictures of noise (N, C, H, W), where the real ones are gone."""
    shape = (count, preprocess.channels, *preprocess.size)
    return seeds.generator("noise", prod(shape)).integers(0, 256, shape, dtype=np.uint8)


def fitting_memory(path: Path) -> int | None:
    """Return by how many bytes the process grew at most that fitted the pipeline of the run in `path`."""
    found = Run(path).read_json("environment.json").get("fitting_memory")
    return None if found is None else int(found)


def training_seconds(path: Path) -> float | None:
    """Return how long the run in `path` trained, validation after each epoch included."""
    found = Run(path).read_json("environment.json").get("seconds")
    return None if found is None else float(found)


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
