"""The training of a classic pipeline: its recipe, and a fit to all training pictures at once.

It has no steps, so nothing of a fit that was stopped is kept; it is deterministic, so begun anew it ends the same.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from striate import classic
from striate.classic.pictures import Stored, UnreadablePicture
from striate.core.errors import DataError, Interrupted, RecipeError, StriateError, UnknownName
from striate.core.files import alone, write_json, write_text
from striate.core.progress import say, track
from striate.data.store import Store
from striate.data.table import Table
from striate.recognize.pipeline import PipelineRecognizer
from striate.runtime import machine, resident
from striate.runtime.processes import Group
from striate.train.checkpoint import State
from striate.train.finish import finish
from striate.train.loop import Sides
from striate.train.recipe import Recipe, merge
from striate.train.run import Run
from striate.train.storing import open_store

if TYPE_CHECKING:
    from striate.classic.pipeline import Pipeline
    from striate.train.defaults import Look

# Values of a step's input below which threads wait for each other longer than they help: the support vector machine of
# digits, 1,278 vectors of 324 numbers, took 1.0 s on one thread and 12 s on two of a busy machine with 2 cores.
_WORTH_SHARING = 2**22
_READ = 256  # pictures that are read at once, to see whether they can be
_APPLY = {
    "model", "options", "seed", "split", "threads", "store", "image_size", "preprocess.size", "preprocess.fit",
    "preprocess.center", "preprocess.interpolation", "preprocess.channels", "plan.threads",
}  # fmt: skip
WRITTEN = {"model", "options", "epochs", "seed", "split", "preprocess", "threads", "store", "plan"}


def applies(field: str) -> bool:
    """Say whether a recipe's field, as `--set` names it, means anything to a pipeline."""
    return field in _APPLY or field.partition(".")[0] in _APPLY


def applying(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return those of nested `values` that mean something to a pipeline."""
    kept: dict[str, Any] = {}
    for name, value in values.items():
        if applies(f"{prefix}{name}"):
            kept[name] = value
        elif isinstance(value, Mapping) and (inner := applying(value, f"{prefix}{name}.")):
            kept[name] = inner
    return kept


def check(name: str, wanted: Mapping[str, Any]) -> None:
    """Refuse what no data could make right, before any data is read.

    Raises:
        RecipeError: a field that means nothing to a pipeline, or one of `options` with a value that is not allowed.
        UnknownName: a parameter that the pipeline does not have.
    """
    for field in _fields(wanted):
        if not applies(field):
            raise RecipeError(
                f"{field} means nothing to {name}: a classic pipeline is fitted once to all training pictures as they "
                "are, without steps, epochs, augmentation or weights to begin from. Leave it out; its own parameters "
                "are options, as in --set options.classifier__holdout=0.3"
            )
    classic.create(name, **wanted.get("options", {}))


def resolve(
    look: Look, name: str, wanted: Mapping[str, Any], base: Recipe | None = None, *, same_data: bool = True
) -> Recipe:
    """Return the complete recipe.

    Args:
        look: the sizes and channels of the training pictures.
        name: of the pipeline.
        wanted: nested values of recipe fields; they have passed `check`.
        base: of the same pipeline, to be repeated; None: our defaults.
        same_data: whether `base` was for these data.

    Raises:
        RecipeError: a value that is not allowed.
    """
    values: dict[str, Any] = {"model": name, "epochs": 1}
    if base is not None:
        kept = ("options", "seed", "threads", "store")
        values |= {field: getattr(base, field) for field in kept}
        values["preprocess"] = base.preprocess.model_dump(mode="json", exclude={"mean", "std"})
    if base is None or not same_data:
        values["preprocess"] = {"size": _size(name, look), "channels": look.channels}
    asked = {"preprocess": {"size": wanted["image_size"]}} if wanted.get("image_size") else {}
    values = merge(merge(values, {key: value for key, value in wanted.items() if key != "image_size"}), asked)
    channels = values["preprocess"]["channels"]
    values["preprocess"] |= {"mean": [0.0] * channels, "std": [1.0] * channels}  # it takes the pixels themselves
    threads = values.get("plan", {}).get("threads") or machine.cores()
    values["plan"] = {"device": "cpu", "precision": "float32", "memory_format": "contiguous", "compile": "off"}
    values["plan"]["threads"] = threads
    return Recipe.from_values(values)


def explain(recipe: Recipe, table: Table, rows: NDArray[np.int64]) -> str:
    """Return one sentence that says what is fitted."""
    height, width = recipe.preprocess.size
    return (
        f"{recipe.model} ({classic.PIPELINES[recipe.model].title}) on {len(rows):,} pictures of {len(table.classes)} "
        f"classes at {height}x{width}x{recipe.preprocess.channels}: fitted once, no augmentation"
    )


def create(recipe: Recipe) -> Pipeline:
    """Return the pipeline of a recipe, not fitted yet."""
    return classic.create(recipe.model, seed=recipe.seed, **recipe.options)


def carry_on(run: Run, table: Table, sides: Sides, *, group: Group, quiet: bool = False) -> Run:
    """Fit a prepared or stopped run from the beginning, and measure it.

    Args:
        run: with the recipe of a pipeline.
        table: the pictures that it was prepared with.
        sides: its readable rows.
        group: of this process alone.
        quiet: print nothing.

    Raises:
        RecipeError: several processes.
        DataError: so many pictures became unreadable since the audit that two classes are not left.
        Interrupted: the user stopped it.
    """
    recipe = run.recipe
    check_alone(recipe, group)
    store = open_store(run, table, sides, quiet=quiet)
    began = time.perf_counter()
    try:
        with alone(run.path):
            create(recipe)  # imports what it needs, which is no part of what its fit takes
            with resident.watched() as grown:
                steps, lost = _fit_and_save(run, store, sides.train, quiet=quiet)
            write_text(run.path / "log.jsonl", "".join(json.dumps({"kind": "fit", **step}) + "\n" for step in steps))
            told = {"fitting": steps, "fitting_memory": grown.bytes}
            write_json(run.path / "environment.json", {**run.read_json("environment.json"), **told})
            state = State(seconds=time.perf_counter() - began, finished=True, unreadable=lost)
            finish(run, table, store, state, quiet=quiet)
    except KeyboardInterrupt:
        raise Interrupted(
            "stopped; a fit has no steps to go on from, so it begins anew, to the same result, with: "
            f"striate train --resume {run.path}"
        ) from None
    finally:
        store.close()
    return run


def check_alone(recipe: Recipe, group: Group) -> None:
    """Refuse several processes."""
    if group.world > 1:
        raise RecipeError(f"{recipe.model} is fitted by one process: start it without torchrun; it uses all cores")


def fit(
    pipeline: Pipeline, images: Stored, labels: NDArray[np.int64], *, threads: int, quiet: bool = True
) -> list[dict[str, Any]]:
    """Fit the pipeline in place, step by step, and return what each step was and took.

    The same as `pipeline.fit(images, labels)`, and it says what it does.

    Args:
        pipeline: as `classic.create` makes it.
        images: the training pictures, read block by block.
        labels: (N,).
        threads: of the arithmetic where a step is large enough to share; results may depend on it in the last bits.
        quiet: print nothing.
    """
    steps: list[dict[str, Any]] = []
    vectors: Any = images
    for name, step in pipeline.steps:
        if step in {None, "passthrough"}:
            continue
        what, began = _named(step), time.perf_counter()
        say(f"{name}: {what} of {_amount(vectors)}", quiet=quiet)
        with _on(threads if _values(vectors) >= _WORTH_SHARING else 1):
            if name == pipeline.steps[-1][0]:
                step.fit(vectors, labels)
            else:
                vectors = _transformed(step, vectors, labels, label=name, quiet=quiet)
        steps.append({"step": name, "what": what, "seconds": round(time.perf_counter() - began, 3)})
    return steps


@contextmanager
def _on(threads: int) -> Iterator[None]:
    """Let torch, and the libraries beneath NumPy and scikit-learn, compute on so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_num_threads(before)


def _values(vectors: Any) -> int:
    return len(vectors) * int(np.prod(vectors.shape_of_one)) if isinstance(vectors, Stored) else int(vectors.size)


def _transformed(step: Any, vectors: Any, labels: NDArray[np.int64], *, label: str, quiet: bool) -> Any:
    if not isinstance(vectors, Stored):
        return step.fit_transform(vectors, labels)
    from striate.classic.encoded import Encoded  # scikit-learn: 0.6 s that the training of a network need not wait

    talks = isinstance(step, Encoded)  # scikit-learn's own verbose steps write to standard output
    if talks:
        step.set_params(verbose=not quiet)
    with track(label, len(vectors), quiet=quiet) as tracker:
        described = step.fit_transform(_Watched(vectors, tracker.advance), labels)
    if talks:
        step.set_params(verbose=False)
    return described


class _Watched(Stored):
    """Tells how many of its pictures have been read for the first time."""

    def __init__(self, images: Stored, advance: Callable[[int], None]) -> None:
        super().__init__(images.store, images.rows)
        self._advance, self._seen = advance, np.zeros(len(images.store.table), bool)

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        images = super().read(rows)
        self._advance(len(rows) - int(self._seen[rows].sum()))
        self._seen[rows] = True
        return images


def _fit_and_save(
    run: Run, store: Store, rows: NDArray[np.int64], *, quiet: bool
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return what each step was and took, and the rows that became unreadable, with their reasons."""
    recipe = run.recipe
    with recipe.plan.applied():
        lost: dict[str, str] = {}
        try:
            pipeline, steps = _fitted(recipe, store, rows, quiet=quiet)
        except UnreadablePicture:
            say("warn: a picture became unreadable; the fit begins anew without what cannot be read", quiet=quiet)
            rows, lost = _still_readable(store, rows)
            pipeline, steps = _fitted(recipe, store, rows, quiet=quiet)
    recognizer = PipelineRecognizer(recipe.model, recipe.options, pipeline, run.classes, recipe.preprocess)
    best: Path = run.path / "checkpoints" / "best"
    best.parent.mkdir(exist_ok=True)
    recognizer.save(best)
    return steps, lost


def _fitted(
    recipe: Recipe, store: Store, rows: NDArray[np.int64], *, quiet: bool
) -> tuple[Pipeline, list[dict[str, Any]]]:
    pipeline, labels = create(recipe), store.table.labels[rows].astype(np.int64)
    _weigh_by_name(pipeline, store.table.classes)
    try:
        steps = fit(pipeline, Stored(store, rows), labels, threads=recipe.plan.threads, quiet=quiet)
    except (ValueError, TypeError) as error:
        if isinstance(error, StriateError) or not recipe.options:
            raise
        given = ", ".join(f"options.{name}={value}" for name, value in recipe.options.items())
        raise RecipeError(f"{recipe.model} cannot be fitted with {given}: {error}") from None
    if getattr(pipeline.steps[-1][1], "temperature_", None) == 1.0:  # a fitted one is never exactly that
        say("warn: too few pictures of a class to calibrate its probabilities on held-out ones", quiet=quiet)
    return pipeline, steps


def _weigh_by_name(pipeline: Pipeline, classes: tuple[str, ...]) -> None:
    """Turn class weights that are given by class name into weights of labels.

    Raises:
        UnknownName: no such class.
    """
    for name, weights in pipeline.get_params().items():
        if name.endswith("class_weight") and isinstance(weights, dict):
            unknown = [given for given in weights if given not in classes]
            if unknown:
                raise UnknownName("class", str(unknown[0]), classes)
            pipeline.set_params(**{name: {classes.index(given): weight for given, weight in weights.items()}})


def _still_readable(store: Store, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], dict[str, str]]:
    """Return those of the rows that can be read, and the reasons of the others.

    Raises:
        DataError: two classes are not left.
    """
    readable = np.concatenate([store.read(part)[1] for part in np.array_split(rows, -(-len(rows) // _READ))])
    lost = {str(row): store.reason(row) or "" for row in rows[~readable].tolist()}
    kept = rows[readable]
    if len(np.unique(store.table.labels[kept])) < 2:
        row, reason = next(iter(lost.items()))
        raise DataError(
            f"{len(lost)} pictures of {store.table.location} became unreadable, {store.table.name(int(row))} first "
            f"({reason}): what is left is of one class. Put the files back, and begin anew"
        )
    return kept, lost


def _size(name: str, look: Look) -> list[int]:
    """Return the pictures' own size where they share one that the pipeline takes as it is, else its largest."""
    own, most = look.size, classic.PIPELINES[name].image_size
    return list(own) if own is not None and max(own) <= most else [most, most]


def _fields(values: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Return the names of all fields in nested `values`; what stands below `options` is one."""
    names = []
    for name, value in values.items():
        nested = isinstance(value, Mapping) and name != "options"
        names += _fields(value, f"{prefix}{name}.") if nested else [f"{prefix}{name}"]
    return names


def _named(step: Any) -> str:
    """Return what a step is: its type, or the types of its parts."""
    parts = getattr(step, "transformer_list", None) or getattr(step, "steps", None)
    if parts:
        return " and ".join(_named(part) for _, part in parts)
    inner = getattr(step, "estimator", getattr(step, "encoding", None))  # whose truth value may be its length
    return f"{type(step).__name__} of {_named(inner)}" if inner is not None else type(step).__name__


def _amount(vectors: Any) -> str:
    if isinstance(vectors, Stored):
        return f"{len(vectors):,} pictures"
    return f"{len(vectors):,} vectors of {vectors.shape[1]:,} numbers"
