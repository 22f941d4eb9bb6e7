"""Batches: which pictures a step sees, a function of (seed, epoch, step) alone."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import DataError
from striate.core.seeds import generator, uniforms
from striate.data.augment import Augment, Draws, draw
from striate.data.store import Store

Sampling = Literal["shuffle", "balanced"]
_AHEAD = 3  # batches read while the network works on one
_AT_ONCE = 2  # batches in the making, so that no thread waits for the last picture of one before it begins the next


@dataclass(frozen=True)
class Batch:
    """Pictures for one step.

    Args:
        images: (N, C, H, W) uint8, crops already cut.
        labels: (N,) int64.
        rows: (N,) int64, their row in the table.
        draws: what else augmentation does to them.
        unreadable: rows that belonged to the step and could not be read; they are left out, never replaced.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    draws: Draws
    unreadable: tuple[int, ...]


class Batches:
    """The training batches of a store.

    An epoch shows every picture once, in batches that differ in size by at most one picture: no picture is
    dropped and no tiny batch is left over. With `sampling="balanced"` an epoch has as many draws, each class
    equally often in expectation, with replacement.

    Args:
        store: where the pictures are read.
        rows: (M,) the rows to train on.
        batch_size: the most pictures in a step, over all processes.
        seed: the run's seed.
        augment: what may happen to a picture.
        sampling: shuffle or balanced.
    """

    def __init__(
        self,
        store: Store,
        rows: NDArray[np.int64],
        *,
        batch_size: int,
        seed: int,
        augment: Augment,
        sampling: Sampling = "shuffle",
    ) -> None:
        if len(rows) == 0:
            raise DataError(f"{store.table.location}: no picture to train on; see `striate data check`")
        self.store, self.rows, self.seed, self.augment, self.sampling = store, rows, seed, augment, sampling
        self.steps_per_epoch = -(-len(rows) // batch_size)
        self._bounds = np.linspace(0, len(rows), self.steps_per_epoch + 1).astype(np.int64)
        self._order: tuple[int, NDArray[np.int64]] = (0, rows)
        self._lock = threading.Lock()

    def at(self, epoch: int, step: int, rank: int = 0, world: int = 1) -> Batch:
        """Return the batch of `step` (from 0) of `epoch` (from 1); of `world` processes, `rank`'s share of it.

        Pictures are dealt in pairs, the first two to the first process and so on, so that two that are mixed with each
        other stay together. A rank may get none.
        """
        first = int(self._bounds[step])
        positions = _dealt(first, int(self._bounds[step + 1]), rank, world)
        rows = self._epoch_order(epoch)[positions]
        size = self.store.preprocess.size
        draws = draw(self.augment, self.seed, epoch, positions, first=first, rows=rows, size=size)
        images, readable = self.store.read(rows, draws.crops)
        lost = tuple(rows[~readable].tolist())
        if lost:
            rows, images, draws = rows[readable], images[readable], draws.take(readable)
        draws.settle(size)
        return Batch(images, self.store.table.labels[rows], rows, draws, lost)

    def ahead(self, epoch: int, step: int = 0, rank: int = 0, world: int = 1) -> Iterator[Batch]:
        """Yield the batches of `epoch` from `step` on, reading the next ones while the caller works on one."""
        steps = range(step, self.steps_per_epoch)
        waiting: list[Future[Batch]] = []
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="striate-batch") as reader:
            try:
                for later in steps:
                    waiting.append(reader.submit(self.at, epoch, later, rank, world))
                    if len(waiting) > _AHEAD:
                        yield waiting.pop(0).result()
                while waiting:
                    yield waiting.pop(0).result()
            finally:
                for future in waiting:
                    future.cancel()

    def _epoch_order(self, epoch: int) -> NDArray[np.int64]:
        with self._lock:
            if self._order[0] != epoch:
                self._order = (epoch, self._draw_order(epoch))
            return self._order[1]

    def _draw_order(self, epoch: int) -> NDArray[np.int64]:
        if self.sampling == "shuffle":
            return self.rows[generator("order", self.seed, epoch).permutation(len(self.rows))]
        labels = self.store.table.labels[self.rows]
        counts = np.bincount(labels)
        share = np.cumsum((1.0 / counts[labels]) / np.count_nonzero(counts))
        u = uniforms(np.arange(len(self.rows)), 1, "balanced order", self.seed, epoch)[:, 0]
        order: NDArray[np.int64] = self.rows[
            np.searchsorted(share, u * share[-1], side="right").clip(0, len(self.rows) - 1)
        ]
        return order


def _dealt(first: int, after: int, rank: int, world: int) -> NDArray[np.int64]:
    """Return the positions that `rank` gets of those from `first` to before `after`."""
    if world == 1:
        return np.arange(first, after)
    places = np.arange(after - first)
    dealt: NDArray[np.int64] = first + places[places // 2 % world == rank]
    return dealt
