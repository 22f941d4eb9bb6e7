"""Training of a classic pipeline: one fit, without epochs; the run is like any other."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.classic import PIPELINES, create
from striate.classic.pictures import Stored
from striate.core.errors import RecipeError
from striate.core.files import write_text
from striate.core.progress import say
from striate.data.store import Store
from striate.data.table import Table
from striate.recognize.pipelines import ClassicNetwork
from striate.recognize.recognizer import NetworkRecognizer
from striate.runtime.processes import Group
from striate.train.checkpoint import State
from striate.train.finish import finish
from striate.train.recipe import Recipe, merge
from striate.train.run import Run

_TAKEN = {"model", "options", "seed", "split", "preprocess", "image_size", "threads", "plan"}  # fields of the recipe


def check(wanted: Mapping[str, Any]) -> None:
    """Refuse what a pipeline cannot take, before any data is read.

    Raises:
        RecipeError: a field that is for networks.
        UnknownName: no such parameter.
    """
    name = wanted["model"]
    others = sorted(set(wanted) - _TAKEN)
    if others:
        raise RecipeError(f"{name} is fitted at once, without steps: leave {', '.join(others)} out")
    create(name, **wanted.get("options", {}))


def resolve(size: tuple[int, int] | None, channels: int, wanted: Mapping[str, Any]) -> Recipe:
    """Return the complete recipe.

    Args:
        size: height and width that all pictures share, or None.
        channels: of the pictures.
        wanted: nested values of recipe fields, the model among them.
    """
    largest = PIPELINES[wanted["model"]].image_size
    if size is None or max(size) > largest:
        size = (largest, largest)
    values: dict[str, Any] = {
        "epochs": 1,
        "augment": {"flip": "none", "shift": 0},
        "optimizer": {"lr": 1.0},
        "preprocess": {"size": list(size), "channels": channels, "fit": "crop"},
        "plan": "reference",
    }
    values = merge(values, {key: value for key, value in wanted.items() if key != "image_size"})
    if wanted.get("image_size"):
        values = merge(values, {"preprocess": {"size": wanted["image_size"]}})
    channels = values["preprocess"]["channels"]
    return Recipe.from_values(merge(values, {"preprocess": {"mean": [0.0] * channels, "std": [1.0] * channels}}))


def explain(recipe: Recipe, table: Table, rows: NDArray[np.int64]) -> str:
    """Return one sentence that says what is fitted to what."""
    height, width = recipe.preprocess.size
    return (
        f"{recipe.model} ({PIPELINES[recipe.model].title}) on {len(rows):,} pictures of {len(table.classes)} classes "
        f"at {height}x{width}x{recipe.preprocess.channels}"
    )


def carry_on(run: Run, table: Table, rows: NDArray[np.int64], *, group: Group, quiet: bool = False) -> Run:
    """Fit the pipeline of a prepared run to the pictures of `rows`, measure it, and return the run.

    Raises:
        RecipeError: more than one process.
    """
    if group.world > 1:
        raise RecipeError(f"{run.recipe.model} is fitted by one process: start it without torchrun")
    recipe, began = run.recipe, time.monotonic()
    network = ClassicNetwork(recipe.model, recipe.options, len(run.classes))
    store = Store(table, recipe.preprocess, threads=recipe.threads)
    try:
        network.pipeline = network.fresh(recipe.seed).fit(Stored(store, rows), table.labels[rows])
        state = State(step=1, seconds=time.monotonic() - began, finished=True)
        say(f"fitted in {state.seconds:.1f} s", quiet=quiet)
        fitted = NetworkRecognizer(recipe.model, recipe.options, network, run.classes, recipe.preprocess)
        fitted.save(run.path / "checkpoints" / "best")
        write_text(run.path / "log.jsonl", "")
        finish(run, table, store, state, group=group, quiet=quiet)
    finally:
        store.close()
    return run
