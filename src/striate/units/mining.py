"""What the units of a network answer to on the user's own pictures: all layers in one pass over the data.

Each layer's activations are taken in while the network runs, as soon as the layer gives them, and forgotten; what
writes into them afterwards comes too late. A study that was stopped goes on where it was, to the same bytes; one
that is there already is read. Zeiler and Fergus, 2014, look at the nine pictures that a unit answers to most
(https://arxiv.org/abs/1311.2901).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from striate.core.errors import DataError, RecipeError
from striate.core.files import alone, recover_directory
from striate.core.progress import say
from striate.data.duplicates import same_content
from striate.data.examine import with_hashes
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.data.table import Table
from striate.inside.inspecting import plain
from striate.inside.layers import Layer
from striate.runtime.inference import batch_size
from striate.runtime.plan import Plan
from striate.units import fingerprints, keeping, passing
from striate.units.choosing import chosen
from striate.units.figures import finished
from striate.units.gathering import Gathering
from striate.units.passing import Pictures
from striate.units.study import Study

Whole = NDArray[np.int64]


def study(
    network: nn.Module,
    store: Store,
    rows: Sequence[int] | Whole | None = None,
    *,
    plan: Plan | None = None,
    layers: Sequence[str] | None = None,
    top: int = 9,
    seed: int = 0,
    batch: int | None = None,
    place: Path | None = None,
    quiet: bool = True,
) -> Study:
    """Return what the units of each of `layers` answer to.

    Args:
        network: on any device; left exactly as it was.
        store: reads the pictures and places them for the network; its table has the labels.
        rows: of the table, in any order; by default all.
        plan: how the arithmetic runs, in float32 in any case; by default as the network's device likes it best.
        layers: their names; by default those that `choosing.chosen` takes.
        top: pictures that are kept for each unit.
        seed: of all that is drawn.
        batch: pictures at once; by default half of what `runtime.inference` takes. Nothing but rounding depends on it.
        place: a folder for studies, such as `studies` in a run: this one is kept there under its fingerprint, goes on
            there if it was stopped, and is only read if it is there. None: nothing is kept.
        quiet: show no progress.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: a layer does not run, gives neither maps nor vectors, or gives numbers that are not finite.
        RecipeError: `top` or `batch` is less than 1.
        DataError: no pictures, or none that can be read.
    """
    if top < 1 or (batch is not None and batch < 1):
        raise RecipeError(f"top = {top}, batch = {batch}: both must be at least 1")
    network, preprocess = plain(network), store.preprocess
    wanted = _rows(store.table, rows)
    plan = (plan or Plan(device=_device(network))).resolve(network)
    shape = (preprocess.channels, *preprocess.size)
    found = chosen(network, shape, layers)
    table = with_hashes(store.table.take(wanted), quiet=quiet)
    settings = {
        "layers": [layer.name for layer in found],
        "top": top,
        "seed": seed,
        "preprocess": preprocess.model_dump(mode="json"),
    }
    asked = _Asked(
        network=network,
        pictures=Pictures(store, wanted, table.labels, _originals(table), batch or _batch(preprocess, plan)),
        plan=plan,
        layers=found,
        shape=shape,
        weights=fingerprints.of_weights(network),
        data=fingerprints.of_data(table, wanted),
        settings=settings,
        quiet=quiet,
    )
    return _mined(asked, None) if place is None else _kept(asked, place)


@dataclass(frozen=True, eq=False)
class _Asked:
    """A study that is to be made: of whose units, on what, and how."""

    network: nn.Module
    pictures: Pictures
    plan: Plan
    layers: list[Layer]
    shape: tuple[int, int, int]
    weights: str
    data: str
    settings: dict[str, Any]
    quiet: bool

    @property
    def key(self) -> str:
        """The name of the folder that such a study is kept in."""
        parts = (self.weights, self.data, fingerprints.of_settings(self.settings))
        return "-".join(part[:8] for part in parts)


def _kept(asked: _Asked, place: Path) -> Study:
    """Read the study, or make it and keep it."""
    folder = place / asked.key
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):
        recover_directory(folder / "study")
        if (folder / "study").is_dir():
            try:
                kept = keeping.load(folder / "study")
                if (kept.weights, kept.data, kept.settings) == (asked.weights, asked.data, asked.settings):
                    return kept  # else two fingerprints begin alike
            except DataError as error:
                say(f"warn: {error}; it is made anew", quiet=asked.quiet)
        made = _mined(asked, folder / "partial")
        keeping.save(made, folder / "study")
        shutil.rmtree(folder / "partial", ignore_errors=True)
        return made


def _mined(asked: _Asked, partial: Path | None) -> Study:
    pictures, table = asked.pictures, asked.pictures.store.table
    options = {"classes": len(table.classes), "top": asked.settings["top"], "seed": asked.settings["seed"]}
    gathered = [Gathering(layer, pictures.rows, **options) for layer in asked.layers]
    progress = passing.run(asked.network, pictures, gathered, asked.plan, partial=partial, quiet=asked.quiet)
    readable = ~np.isin(pictures.rows, list(progress.unreadable))
    if not readable.any():
        row, reason = next(iter(progress.unreadable.items()))
        raise DataError(f"none of {len(readable):,} pictures can be read; {table.name(row)}: {reason}")
    counts = np.bincount(pictures.labels[readable], minlength=len(table.classes)).astype(np.int64)
    return Study(
        layers=tuple(finished(layer, counts) for layer in gathered),
        classes=table.classes,
        shape=asked.shape,
        rows=pictures.rows,
        unreadable=progress.unreadable,
        copies=int((readable & ~pictures.originals).sum()),
        labels=pictures.labels,
        class_counts=counts,
        weights=asked.weights,
        data=asked.data,
        settings=asked.settings,
    )


def _rows(table: Table, rows: Sequence[int] | Whole | None) -> Whole:
    wanted = np.arange(len(table)) if rows is None else np.unique(np.asarray(rows, np.int64))
    if len(wanted) == 0:
        raise DataError(f"{table.location}: no pictures to study units on")
    if wanted[0] < 0 or wanted[-1] >= len(table):
        raise DataError(f"{table.location} has {len(table):,} rows: there is none numbered {wanted[[0, -1]].max()}")
    return wanted


def _batch(preprocess: Preprocess, plan: Plan) -> int:
    """Return how many pictures pass at once: a ResNet-50 takes 1.5 GB for the 41 of 224 x 224 that inference would."""
    return max(8, batch_size(preprocess, plan) // 2)


def _device(network: nn.Module) -> Any:
    return next((tensor.device.type for tensor in network.parameters()), "cpu")


def _originals(table: Table) -> NDArray[np.bool_]:
    """Say of which pictures no earlier one has the same content."""
    content = same_content(table.columns["hash"])
    first = np.zeros(len(content), bool)
    first[np.unique(content, return_index=True)[1]] = True
    return first | (content < 0)
