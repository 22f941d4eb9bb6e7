"""Compare finished runs: read their answers, measure what they cost on this machine, and write the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.compare import cost, page
from striate.compare.advice import advice, cautions
from striate.compare.charts import Curve
from striate.compare.entrants import Entrant, read, recipe_of, same_training
from striate.compare.measure import measure
from striate.core.errors import StriateError
from striate.core.files import write_json
from striate.core.progress import say, track
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.data.table import Table
from striate.recognize.ensemble import Ensemble
from striate.recognize.predict import Recognizer
from striate.report.contents import read_log
from striate.report.of_run import thumbnails
from striate.runtime import machine
from striate.sources import open_table
from striate.train.environment import command

Plain = dict[str, Any]

RESULT = "comparison.json"
_THUMBNAIL = 112  # pixels: what the page shows pictures at


@dataclass(frozen=True)
class Compared:
    """A comparison that is done.

    Args:
        folder: with `comparison.html`, `comparison.json` and `figures`.
        found: what `comparison.json` holds.
    """

    folder: Path
    found: Plain = field(repr=False)

    @property
    def page(self) -> Path:
        """The page."""
        return self.folder / page.NAME


def compare_runs(paths: Sequence[Path], folder: Path, *, failed: Sequence[Plain] = (), quiet: bool = False) -> Compared:
    """Compare finished runs on the pictures that all of them were tested on.

    Args:
        paths: run directories, two at least.
        folder: where the page, its figures and the numbers are written; what is there of the kind is replaced.
        failed: what could not be trained: `name` and `reason`.
        quiet: print nothing.

    Raises:
        StriateError: runs that cannot be compared, with the reason; see `entrants.read`.
    """
    entrants = read(paths)
    table, reason = _table(entrants[0])
    if table is None:
        say(f"warn: the page shows no pictures, and times are measured on noise: {reason}", quiet=quiet)
    costs = _costs(entrants, table, quiet=quiet)
    found = measure(entrants, costs)
    found |= {
        "advice": advice(found),
        "cautions": cautions(found, same_training=same_training(entrants), failed=len(failed)),
        "failed": list(failed),
        "machine": f"{machine.processor('cpu')}, {machine.cores()} cores",
        "command": command(),
    }
    shown = page.Shown(entrants, _curves(entrants, found), no_pictures=reason)
    folder.mkdir(parents=True, exist_ok=True)
    if table is None:
        page.write(folder, found, shown)
    else:
        _write_with_pictures(folder, found, shown, table)
    write_json(folder / RESULT, found)
    return Compared(folder, found)


def _table(entrant: Entrant) -> tuple[Table | None, str]:
    """Return the table of the first run, or why it cannot be had."""
    data = entrant.trainings[0].run.data
    try:
        table = open_table(data["location"], data_root=data["data_root"])
    except StriateError as error:
        return None, str(error)
    if len(table) != data["pictures"]:
        return None, f"{data['location']} has changed since the runs were trained."
    return table, ""


def _costs(entrants: Sequence[Entrant], table: Table | None, *, quiet: bool) -> dict[str, Plain]:
    costs = {}
    with track("measuring", len(entrants), quiet=quiet) as tracker:
        for entrant in entrants:
            costs[entrant.name] = _cost(entrant, entrants[0].trainings[0].rows, table)
            tracker.advance(1, entrant.name)
    return costs


def _cost(entrant: Entrant, rows: NDArray[np.int64], table: Table | None) -> Plain:
    run = entrant.trainings[0].run
    recognizer: Recognizer = run.recognizer()
    recipe = recipe_of(run)
    optimizer = recipe.get("optimizer", {}).get("name", "sgd")
    size = cost.size_of(recognizer, batch=recipe.get("batch_size", 1), optimizer=optimizer)
    seconds = [cost.training_seconds(training.run.path) for training in entrant.trainings]
    told = [value for value in seconds if value is not None]
    return {
        **vars(size),
        "memory": cost.fitting_memory(run.path) if size.memory is None else size.memory,
        "bytes": cost.bytes_on_disk(run),
        "prediction_seconds": _prediction_seconds(recognizer, rows[: cost.AT_ONCE], table),
        "training_seconds": float(np.mean(told)) if told else None,
    }


def _prediction_seconds(recognizer: Recognizer, rows: NDArray[np.int64], table: Table | None) -> float:
    """Return how long a picture takes; of an ensemble, whose members may see other sizes, in all of them."""
    if isinstance(recognizer, Ensemble):
        return sum(_prediction_seconds(member, rows, table) for member in recognizer.members)
    return cost.seconds_a_picture(recognizer, _images(recognizer.preprocess, rows, table))


def _images(preprocess: Preprocess, rows: NDArray[np.int64], table: Table | None) -> NDArray[np.uint8]:
    if table is None:
        return cost.noise(preprocess, cost.AT_ONCE)
    store = Store(table, preprocess)
    try:
        images, readable = store.read(rows)
    finally:
        store.close()
    return images[readable] if readable.any() else cost.noise(preprocess, cost.AT_ONCE)


def _curves(entrants: Sequence[Entrant], found: Plain) -> list[Curve]:
    by_name = {entrant.name: entrant for entrant in entrants}
    curves = []
    for told in found["recognizers"]:
        path = by_name[told["name"]].trainings[0].run.path / "log.jsonl"
        epochs = read_log(path).epochs if path.is_file() else {"epoch": np.array([])}
        if len(epochs["epoch"]) and np.isfinite(epochs["val_accuracy"]).any():
            curves.append(Curve(told["name"], epochs["epoch"], epochs["seconds"], epochs["val_accuracy"]))
    return curves


def _write_with_pictures(folder: Path, found: Plain, shown: page.Shown, table: Table) -> None:
    """Write the page with pictures as the first recognizer that sees them largest sees them."""
    seen = [entrant.trainings[0].run.recognizer().preprocess for entrant in shown.entrants]
    largest = max(seen, key=lambda preprocess: (preprocess.channels, min(max(preprocess.size), _THUMBNAIL)))
    store = Store(table, largest)
    try:
        whole = page.Shown(shown.entrants, shown.curves, lambda rows: thumbnails(store, rows), table.name)
        page.write(folder, found, whole)
    finally:
        store.close()
