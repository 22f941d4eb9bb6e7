"""How each layer came to be what it is: its likeness to its final self, and its weights' way left, epoch by epoch.

Zeiler and Fergus, 2014, section 4.1, see in pictures that lower layers converge within few epochs and upper ones late;
Raghu, Gilmer, Yosinski and Sohl-Dickstein, 2017 (https://arxiv.org/abs/1706.05806), measure it by likeness. A
first layer with random weights is already alike its final self, as both see the same pixels: so progress from the
start is told too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor, nn

from striate.core.errors import DataError
from striate.core.seeds import generator
from striate.data.store import Store
from striate.inside.inspecting import inspecting, plain
from striate.inside.names import resolve
from striate.inside.tracing import kind_of
from striate.runtime.inference import batch_size
from striate.runtime.plan import Plan
from striate.units.choosing import chosen
from striate.units.similarity import LEAST, Alignment, gram

PICTURES = 512
Doubles = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Convergence:
    """How far L layers were at each of T epochs.

    Args:
        layers: their names, in the order in which they end: lower ones first.
        epochs: the last is the final one, that all are compared with.
        likeness: (T, L) linear CKA, unbiased, of each layer with its final self.
        distance: (T, L) |w_t - w_final| / |w_0 - w_final|, over all weights in the layer; NaN for a layer without
            weights or whose weights never moved, and for all where the weights before the first step were not kept.
        pictures: how many the likeness rests on.
        batch: how many were compared with each other at once.
    """

    layers: tuple[str, ...]
    epochs: tuple[int, ...]
    likeness: Doubles
    distance: Doubles
    pictures: int
    batch: int

    @property
    def progress(self) -> Doubles:
        """(T, L) the part of the way from the first likeness to 1: 0 at the first of `epochs`, 1 at the last.

        NaN for a layer that was its final self from the first.
        """
        first = self.likeness[:1]
        left = 1 - first
        return np.where(left > 1e-9, (self.likeness - first) / np.where(left > 1e-9, left, 1), np.nan)

    def lower_first(self, values: Doubles) -> Doubles:
        """Return (T,) Spearman's correlation of a layer's depth with `values` (T, L), such as `progress`.

        Near -1: the lower a layer, the greater its value; NaN where fewer than 3 layers have one, or all the same.
        """
        depth = np.arange(len(self.layers))
        return np.array([_rank_correlation(depth, row) for row in values])


def convergence(
    networks: Mapping[int, nn.Module],
    store: Store,
    rows: Sequence[int] | Whole | None = None,
    *,
    layers: Sequence[str] | None = None,
    seed: int = 0,
    plan: Plan | None = None,
) -> Convergence:
    """Return how far each layer was at each epoch; the last one counts as final.

    Args:
        networks: the same network at some epochs, 0 before the first step; each is taken once, and then once more the
            last one, so that a mapping may read them from snapshots.
        store: reads the pictures and places them.
        rows: of its table; by default up to 512, drawn by `seed`.
        layers: their names; by default those that `choosing.chosen` takes.
        seed: of the drawn pictures.
        plan: of the networks' device.

    Raises:
        DataError: fewer than two epochs, or fewer than 4 pictures that can be read.
        UnknownName: no such layer.
    """
    epochs = tuple(sorted(networks))
    if len(epochs) < 2:
        raise DataError(
            f"convergence is seen between epochs, and there is {len(epochs)}: train with --set snapshots=0,1,2,5 or so"
        )
    final = plain(networks[epochs[-1]])
    plan = (plan or Plan(device=next(final.parameters()).device.type)).resolve(final)
    shape = (store.preprocess.channels, *store.preprocess.size)
    names = tuple(layer.name for layer in chosen(final, shape, layers))
    batches = _batches(store, _rows(store, rows, seed), batch_size(store.preprocess, plan))
    last = [_grams(final, names, plan.to_device(images)) for images in batches]
    weights = _weights(networks[0], names) if epochs[0] == 0 else None
    likeness, distance = [], []
    for epoch in epochs:
        network = plain(networks[epoch])
        found = [Alignment() for _ in names]
        for images, target in zip(batches, last, strict=True):
            for alignment, one, other in zip(
                found, _grams(network, names, plan.to_device(images)), target, strict=True
            ):
                alignment.add(one, other)
        likeness.append([alignment.value for alignment in found])
        distance.append(_distances(network, final, names, weights))
    return Convergence(
        names, epochs, np.array(likeness), np.array(distance), sum(map(len, batches)), max(map(len, batches))
    )


def _rows(store: Store, rows: Sequence[int] | Whole | None, seed: int) -> Whole:
    if rows is not None:
        return np.unique(np.asarray(rows, np.int64))
    count = len(store.table)
    drawn = generator("convergence", seed).choice(count, min(PICTURES, count), replace=False)
    return np.sort(drawn)


def _batches(store: Store, rows: Whole, most: int) -> list[Tensor]:
    """Return the pictures that can be read, normalized, in equal batches; up to one less than a batch are left out."""
    images, readable = store.read(rows)
    pictures = store.preprocess.normalize(torch.from_numpy(images[readable]))
    size = min(most, len(pictures))
    if size < LEAST:
        raise DataError(f"{store.table.location}: layers are compared over at least {LEAST} pictures, not {size}")
    return [pictures[start : start + size] for start in range(0, len(pictures) - size + 1, size)]


def _grams(network: nn.Module, names: Sequence[str], images: Tensor) -> list[Tensor]:
    """Return the Gram matrix (n, n) of each layer; their maps are forgotten when the pass is done."""
    with inspecting(network) as inside, torch.no_grad():
        seen = [inside.capture(name) for name in names]
        inside.scores(images.to(kind_of(inside.network)))
        return [gram(captured.output).cpu() for captured in seen]


def _weights(network: nn.Module, names: Sequence[str]) -> list[Tensor]:
    """Return all weights in each layer as one vector, in float64."""
    network = plain(network)
    found = []
    for name in names:
        module = network.get_submodule(resolve(network, name).module)
        parts = [weight.detach().double().cpu().flatten() for weight in module.parameters()]
        found.append(torch.cat(parts) if parts else torch.zeros(0, dtype=torch.float64))
    return found


def _distances(
    network: nn.Module, final: nn.Module, names: Sequence[str], first: Sequence[Tensor] | None
) -> list[float]:
    if first is None:
        return [float("nan")] * len(names)
    found = []
    for now, end, start in zip(_weights(network, names), _weights(final, names), first, strict=True):
        whole = float((start - end).norm())
        found.append(float((now - end).norm()) / whole if whole > 0 else float("nan"))
    return found


def _rank_correlation(depth: Whole, values: Doubles) -> float:
    known = np.isfinite(values)
    if known.sum() < 3 or np.ptp(values[known]) == 0:
        return float("nan")
    return float(spearmanr(depth[known], values[known]).statistic)
