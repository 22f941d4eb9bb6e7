"""Fit a recognizer: make the run directory, train, measure, and write down what was found."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from striate.core.errors import DataError, RecipeError
from striate.core.files import alone, free_name, write_json, write_text
from striate.core.progress import say
from striate.core.seeds import seed_for
from striate.data import split as splitting
from striate.data.audit import Audit
from striate.data.split import Split
from striate.data.table import SIDES, Table
from striate.layers.network import Network
from striate.recognize.recognizer import build
from striate.runtime.processes import ALONE, Group
from striate.train import environment, pipeline
from striate.train.finish import finish
from striate.train.loop import Loop, Sides
from striate.train.models import is_pipeline
from striate.train.recipe import Recipe
from striate.train.rehearsal import check_smallest, choose_plan
from striate.train.run import Run
from striate.train.starting import look_at_pictures, start
from striate.train.storing import open_store
from striate.zoo import consent


@dataclass(frozen=True)
class Data:
    """What a run is trained and measured on.

    Args:
        table: with its content hashes.
        split: the side of each picture.
        audit: what was found; its quarantined pictures are left out of training and unanswered in evaluation.
        data_root: where a named data set was looked for.
    """

    table: Table
    split: Split
    audit: Audit
    data_root: str | None = None

    def check(self) -> None:
        """Refuse data that nothing can be learned from.

        Raises:
            DataError: fewer than two classes have a readable picture to train on.
        """
        rows = self.readable("train")
        if len(rows) == 0:
            raise DataError(f"{self.table.location}: no readable picture to train on; see `striate data check`")
        present = np.unique(self.table.labels[rows])
        if len(present) < 2:
            raise DataError(
                f"{self.table.location}: all {len(rows)} readable training pictures are of the class "
                f"'{self.table.classes[present[0]]}'; a classifier needs two classes at least"
            )

    def readable(self, side: str) -> NDArray[np.int64]:
        """Return the rows of `side` whose pictures can be read."""
        quarantined = np.array([row for row, _, _ in self.audit.quarantined], np.int64)
        return np.setdiff1d(self.split.rows(side), quarantined)


def fit(data: Data, recipe: Recipe, out: Path, *, quiet: bool = False) -> Run:
    """Train by `recipe` and return the finished run; arguments and errors as `prepare` and `carry_on` have them."""
    return carry_on(prepare(data, recipe, out, quiet=quiet), data.table, quiet=quiet)


def prepare(data: Data, recipe: Recipe, out: Path, *, quiet: bool = False) -> Run:
    """Make the run directory with everything that training needs, and return the run.

    Args:
        data: pictures, split and audit.
        recipe: resolved.
        out: the run directory; it must not exist.
        quiet: print nothing.

    Raises:
        DataError: nothing to learn from, or `out` exists.
        RecipeError: something that the recipe asks for does not go with the data or the network.
    """
    data.check()
    if is_pipeline(recipe.model):
        pipeline.create(recipe)  # refuses what it does not know before there is a directory
        _make_directory(out, data, recipe, {}, only=pipeline.WRITTEN)
        return Run(out)
    if len(data.readable("val")) == 0 and (recipe.patience is not None or recipe.schedule.name == "plateau"):
        raise RecipeError("early stopping and the plateau schedule watch validation, and there are no such pictures")
    network = _network(recipe, data.table.classes, out)
    for note in network.notes:
        say(f"note: {note}", quiet=quiet)
    rows = data.readable("train")
    look_at_pictures(network, recipe, data.table, rows, quiet=quiet)
    start(network, recipe, data.table.classes, quiet=quiet)
    check_smallest(recipe, network, len(rows))
    plan = choose_plan(recipe, network, data.table, rows, quiet=quiet)
    recipe = recipe.model_copy(update={"plan": plan})
    _make_directory(out, data, recipe, {"network": network.origin} if network.origin else {})
    return Run(out)


def carry_on(run: Run, table: Table, *, group: Group = ALONE, quiet: bool = False) -> Run:
    """Train a run to its end from where it stands, as if it had never been stopped.

    Args:
        run: prepared, or stopped.
        table: the pictures that it was prepared with.
        group: the processes that train it together; each calls this.
        quiet: print nothing.

    Raises:
        RecipeError: batches too small for so many processes.
        TrainingStopped: the loss is not finite.
        Interrupted: the user stopped it.
    """
    recipe = run.recipe
    quarantined = np.array([entry["row"] for entry in run.data["quarantined"]], np.int64)
    sides = Sides(*(np.setdiff1d(run.split.rows(side), quarantined) for side in SIDES[:2]))
    if is_pipeline(recipe.model):
        return pipeline.carry_on(run, table, sides, group=group, quiet=quiet)
    check_batches(recipe, group)
    network = _network(recipe, run.classes, run.path)
    _compare_code(run, network, quiet=quiet or not group.first)
    look_at_pictures(network, recipe, table, sides.train, quiet=True)  # `prepare` has said what this and `start` do
    if not (run.path / "checkpoints" / "last").is_dir():
        start(network, recipe, run.classes, quiet=True)
    store = open_store(run, table, sides, group=group, quiet=quiet)
    prepared = recipe.plan.prepare(network)
    loop = Loop(run.path, recipe, recipe.plan, prepared, run.classes, store, sides, quiet=quiet, group=group)
    try:
        with alone(run.path) if group.first else nullcontext():
            loop.run()
            finish(run, table, store, loop.state, group=group, quiet=quiet)
    finally:
        store.close()
    group.wait()  # for the first to have written the last file
    return run


def check_batches(recipe: Recipe, group: Group) -> None:
    """Refuse batches that do not suffice for all processes, and processes that have nothing to do."""
    if is_pipeline(recipe.model):
        pipeline.check_alone(recipe, group)
    elif group.world > 1 and recipe.batch_size < 2 * group.world:
        raise RecipeError(
            f"batch_size = {recipe.batch_size} is too small for {group.world} processes, which take pictures in pairs: "
            f"set it to {2 * group.world} or more, or start fewer processes"
        )


def _network(recipe: Recipe, classes: tuple[str, ...], where: Path) -> Network:
    consent.require(recipe.model, recipe.options, where)
    torch.manual_seed(seed_for("weights", recipe.seed))
    return build(recipe.model, recipe.options, classes, recipe.preprocess)


def _compare_code(run: Run, network: Network, *, quiet: bool) -> None:
    """Say where the file that makes a network of others is no longer what it was when the run began."""
    began = run.read_json("environment.json").get("network", {})
    if began != network.origin:
        was, here = (" ".join(map(str, origin.values())) for origin in (began, network.origin))
        say(f"warn: the code of {run.recipe.model} has changed since {run.path} began ({was}; now {here}): what "
            "follows may not be what it would have been", quiet=quiet)  # fmt: skip


def _make_directory(
    out: Path, data: Data, recipe: Recipe, origin: dict[str, Any], *, only: set[str] | None = None
) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.mkdir()
    except OSError as error:
        if out.exists():
            raise DataError(f"{out} exists and is never overwritten: choose another --out, {free_name(out)}") from None
        raise DataError(f"cannot make the run directory {out} ({error.strerror}): choose another --out") from None
    write_json(out / "classes.json", list(data.table.classes))
    data.split.save(out / "split.parquet")
    write_json(out / "data.json", _describe(data))
    write_json(out / "environment.json", {**environment.describe(recipe.plan), **origin})
    write_text(out / "recipe.toml", recipe.to_toml(only))  # last: a directory with a recipe is a run


def _describe(data: Data) -> dict[str, Any]:
    table, split = data.table, data.split
    side_of = dict(enumerate(SIDES))
    return {
        "source": table.source,
        "location": _absolute(table),
        "data_root": data.data_root,
        "pictures": len(table),
        "classes": list(table.classes),
        "counts": {
            name: np.bincount(table.labels[split.rows(name)], minlength=len(table.classes)).tolist() for name in SIDES
        },
        "fingerprint": table.fingerprint,
        "quarantined": [
            {"row": int(row), "picture": name, "split": side_of.get(int(split.sides[row])), "reason": reason}
            for row, name, reason in data.audit.quarantined
        ],
        "findings": [f.to_dict() for f in [*data.audit.findings, *splitting.findings(table, split)]],
        "notes": list(table.notes),
        "split": split.origin,
    }


def _absolute(table: Table) -> str:
    return table.location if table.pixels is not None else str(Path(table.location).resolve())
