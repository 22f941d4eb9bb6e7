"""One pass of pictures through a network, in which every layer's activations are taken in as the layer gives them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.core.progress import track
from striate.data.store import Store
from striate.inside.inspecting import Inside, inspecting
from striate.inside.names import resolve
from striate.inside.tracing import kind_of
from striate.runtime.plan import Plan
from striate.units.gathering import Gathering
from striate.units.keeping import Progress, load_partial, save_partial

SAVED_EVERY = 20.0  # seconds

Whole = NDArray[np.int64]
Read = tuple[NDArray[np.uint8], NDArray[np.bool_]]


@dataclass(frozen=True, eq=False)
class Pictures:
    """What passes through the network.

    Args:
        store: reads the pictures and places them.
        rows: (N,) of its table, ascending.
        labels: (N,) their classes.
        originals: (N,) False for copies of earlier pictures.
        batch: how many pass at once.
    """

    store: Store
    rows: Whole
    labels: Whole
    originals: NDArray[np.bool_]
    batch: int


def run(
    network: nn.Module,
    pictures: Pictures,
    gathered: Sequence[Gathering],
    plan: Plan,
    *,
    partial: Path | None,
    quiet: bool,
) -> Progress:
    """Have `gathered` take in what their layers give to all pictures; returns which could not be read.

    Args:
        network: left exactly as it was.
        pictures: all of them.
        gathered: one a layer; they have taken in nothing yet.
        plan: of the network's device.
        partial: a folder that keeps how far this is; None: nothing is kept.
        quiet: show no progress.
    """
    progress = (load_partial(partial, gathered) if partial else None) or Progress(0, {})
    store, rows, count = pictures.store, pictures.rows, len(pictures.rows)
    parts = [slice(start, min(start + pictures.batch, count)) for start in range(progress.done, count, pictures.batch)]
    unreadable, saved = dict(progress.unreadable), time.monotonic()
    with _watching(network, gathered, plan) as watch, track("units", count, done=progress.done, quiet=quiet) as tracker:
        for part, (images, readable) in zip(parts, _ahead(store, [rows[part] for part in parts]), strict=True):
            unreadable |= {row: store.reason(row) or "" for row in rows[part][~readable].tolist()}
            positions = np.arange(part.start, part.stop)[readable]
            if len(positions):
                watch.take(store.preprocess.normalize(torch.from_numpy(images[readable])), positions, pictures)
            tracker.advance(len(readable))
            if partial and time.monotonic() - saved >= SAVED_EVERY:
                save_partial(partial, gathered, Progress(part.stop, unreadable))
                saved = time.monotonic()
    return Progress(count, unreadable)


@dataclass(eq=False)
class _Watch:
    """Hands what the layers give to those who gather it."""

    inside: Inside
    plan: Plan
    gathered: Sequence[Gathering]
    kind: torch.dtype
    calls: dict[str, int] = field(default_factory=dict)
    batch: tuple[Whole, Whole, NDArray[np.bool_]] | None = None

    def take(self, images: Tensor, positions: Whole, pictures: Pictures) -> None:
        """Pass normalized `images` through the network, which are those at `positions` of the pictures."""
        self.batch = positions, pictures.labels[positions], pictures.originals[positions]
        self.calls = {}
        self.inside.network(self.plan.to_device(images.to(self.kind)))
        for layer in self.gathered:
            if self.calls.get(layer.layer.name, 0) != 1:
                raise DoesNotApply(
                    f"{layer.layer.name} ran {self.calls.get(layer.layer.name, 0)} times, not once as when the network "
                    "was traced: which layers run must not depend on numbers"
                )

    def attach(self, layer: Gathering) -> None:
        """Watch one layer; `inspecting` takes the hook away."""
        module, wanted = resolve(self.inside.network, layer.layer.name)
        ran = 0

        def begin(_module: nn.Module, _given: Any) -> None:
            nonlocal ran
            ran = 0

        def see(_module: nn.Module, _given: Any, result: Any) -> None:
            nonlocal ran
            ran += 1
            if wanted in (None, ran) and self.batch is not None and isinstance(result, Tensor):
                self.calls[layer.layer.name] = self.calls.get(layer.layer.name, 0) + 1
                layer.add(result, *self.batch)

        self.inside.network.register_forward_pre_hook(begin)
        self.inside.network.get_submodule(module).register_forward_hook(see)


@contextmanager
def _watching(network: nn.Module, gathered: Sequence[Gathering], plan: Plan) -> Iterator[_Watch]:
    with inspecting(network) as inside, plan.applied(), plan.exact(), torch.inference_mode():
        watch = _Watch(inside, plan, gathered, kind_of(network))
        for layer in gathered:
            watch.attach(layer)
        yield watch


def _ahead(store: Store, parts: Sequence[Whole]) -> Iterator[Read]:
    """Yield the pictures of each of `parts`, reading the next ones while the network works on one."""
    with ThreadPoolExecutor(1, thread_name_prefix="striate-ahead") as reader:
        coming: deque[Future[Read]] = deque()
        for part in parts:
            coming.append(reader.submit(store.read, part))
            if len(coming) > 1:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
