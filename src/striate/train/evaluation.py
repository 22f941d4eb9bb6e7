"""Measure a recognizer: a run's on its own test pictures, anybody's on labeled ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from striate.core.errors import DataError, listed
from striate.core.progress import say
from striate.data.examine import with_hashes
from striate.data.table import Table
from striate.data.views import views as views_of
from striate.evaluate import accuracy
from striate.recognize.load import Loaded, load
from striate.recognize.rows import answer_rows
from striate.runtime.processes import Group, together
from striate.sources import open_table
from striate.train.run import Run


@dataclass(frozen=True)
class Evaluation:
    """How a recognizer answers a set of pictures.

    Args:
        part: what was measured: "test" or "val" of the run's own, or the data's name.
        metrics: as `metrics.json` has them.
        ignored: pictures of unknown classes that were left out.
        quarantined: names and reasons of pictures that cannot be read; counted as unanswered.
        seen: pictures that the run was trained on or chosen by, which flatter; None where that is not known.
    """

    part: str
    metrics: dict[str, Any]
    ignored: int
    quarantined: list[tuple[str, str]]
    seen: int | None


@dataclass(frozen=True)
class _Labeled:
    """What a recognizer is measured on: `rows` of a table that is aligned with its classes; the rest as `Evaluation`.

    `calibrated` says that the temperature was not fitted on these pictures.
    """

    table: Table
    rows: NDArray[np.int64]
    part: str
    calibrated: bool = True
    ignored: int = 0
    seen: int | None = 0


def evaluate(
    path: Path,
    data: str | None = None,
    *,
    data_root: str | None = None,
    ignore_unknown: bool = False,
    views: str = "none",
    quiet: bool = False,
) -> Evaluation:
    """Measure a recognizer; of a run, the best.

    Args:
        path: a run directory, or a folder that a recognizer was saved to.
        data: pictures labeled with class names that the recognizer knows; None: the run's own test pictures (or
            validation, where it has none).
        data_root: where a named data set lies.
        ignore_unknown: leave pictures of classes that the recognizer does not know out, and count them.
        views: a name of `striate.data.views.VIEWS`; of several views, a picture's probabilities are the mean of
            theirs, each after the temperature, and the metrics name them as `views`.
        quiet: print nothing.

    Raises:
        ClassMismatch: pictures of a class that the recognizer does not know.
        DataError: no pictures to measure, or not those that the run had.
    """
    with together() as group:
        quiet = quiet or not group.first
        recognizer = load(path)
        views_of(views, recognizer.preprocess.size)  # a wrong name is told before any picture is read
        run = Run(path) if (path / "recipe.toml").is_file() else None
        if run is not None and not run.finished:
            say(f"warn: the training of {path} is not finished; this is its best so far", quiet=quiet)
        if data is not None:
            labeled = _others(data, data_root, recognizer.classes, run, ignore_unknown=ignore_unknown, quiet=quiet)
            _say_seen(path, labeled, quiet=quiet)
        elif run is not None:
            labeled = _own(run, data_root, quiet=quiet)
        else:
            raise DataError(f"{path} has no pictures of its own: name labeled ones, striate evaluate {path} DATA")
        return _measure(recognizer, labeled, views, seed=run.seed if run else 0, group=group, quiet=quiet)


def _own(run: Run, data_root: str | None, *, quiet: bool) -> _Labeled:
    """Return the run's test pictures, or where it has none those for validation, as they were when it was trained."""
    saved = run.data
    table = with_hashes(open_table(saved["location"], data_root=data_root or saved["data_root"]), quiet=quiet)
    if table.fingerprint != saved["fingerprint"]:
        raise DataError(
            f"{saved['location']} has changed since {run.path} was trained: its test pictures are no longer the same. "
            f"To measure on what is there now: striate evaluate {run.path} {saved['location']}"
        )
    part = "test" if len(run.split.rows("test")) else "val"
    rows = run.split.rows(part)
    if len(rows) == 0:
        raise DataError(f"{run.path} has neither test nor validation pictures: name some to evaluate on")
    return _Labeled(table, rows, part, calibrated=part == "test")


def _others(
    data: str, data_root: str | None, classes: tuple[str, ...], run: Run | None, *, ignore_unknown: bool, quiet: bool
) -> _Labeled:
    """Return the pictures of `data`, or of its test part where it has one, aligned with `classes` by name."""
    table = open_table(data, data_root=data_root)
    part = _part(table)
    table, left_out = table.align(classes, unknown="ignore" if ignore_unknown else "error")
    rows = np.arange(len(table)) if part is None else _side(table, part)
    if len(rows) == 0:
        raise DataError(f"{data}: no pictures of a class that is known, which are: {listed(classes)}")
    seen = None if run is None else _seen(run, with_hashes(table, quiet=quiet), rows)
    name = data if part is None else f"{data} ({part})"
    return _Labeled(table, rows, name, ignored=len(left_out), seen=seen)


def _say_seen(path: Path, labeled: _Labeled, *, quiet: bool) -> None:
    if labeled.seen is None:
        say(f"note: what {path} was trained on is not known here: make sure that these are others", quiet=quiet)
    elif labeled.seen:
        count = len(labeled.rows)
        say(f"warn: {path} was trained on or chosen by {labeled.seen:,} of these {count:,} pictures", quiet=quiet)


def _measure(
    recognizer: Loaded,
    labeled: _Labeled,
    views: str,
    *,
    seed: int,
    group: Group,
    quiet: bool,
) -> Evaluation:
    table, rows = labeled.table, labeled.rows
    fitted = labeled.calibrated and recognizer.temperature != 1.0
    temperature = recognizer.temperature if fitted else None
    told = answer_rows(
        recognizer,
        table,
        rows,
        group=group,
        views=views,
        temperature=temperature,
        label="evaluating",
        quiet=quiet,
    )
    answer = told.answers
    labels = table.labels[rows]
    metrics = accuracy.measure(
        answer.scores[answer.answered],
        labels[answer.answered],
        recognizer.classes,
        unanswered_labels=labels[~answer.answered],
        temperature=temperature,
        seed=seed,
    )
    if told.looks > 1:
        metrics["views"] = views
    lost = [(table.name(row), told.reasons[row]) for row in rows[~answer.answered].tolist()]
    return Evaluation(labeled.part, metrics, labeled.ignored, lost, labeled.seen)


def _part(table: Table) -> str | None:
    """Return which of the data's own parts to measure: test, else val, else None for all pictures."""
    if not table.has("split"):
        return None
    there = set(table.columns["split"].unique().to_pylist())
    return next((part for part in ("test", "val") if part in there), None)


def _side(table: Table, part: str) -> NDArray[np.int64]:
    chosen = pc.fill_null(pc.equal(table.columns["split"], part), fill_value=False)
    return np.flatnonzero(chosen.to_numpy()).astype(np.int64)


def _seen(run: Run, table: Table, rows: NDArray[np.int64]) -> int:
    """Count the pictures of `rows` whose content the run was trained on or chosen by."""
    split = run.split
    known = np.concatenate([split.rows("train"), split.rows("val")])
    hashes = split.hashes.take(pa.array(known))
    asked = table.columns["hash"].take(pa.array(rows))
    return int(pc.sum(pc.is_in(asked, value_set=hashes)).as_py() or 0)
