"""Measure a finished run again: on its own test pictures, or on others."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from striate.core.errors import DataError
from striate.core.progress import say
from striate.data.examine import with_hashes
from striate.data.table import Table
from striate.evaluate import accuracy
from striate.recognize.load import Loaded
from striate.recognize.rows import answer_rows
from striate.runtime.processes import Group, together
from striate.sources import open_table
from striate.train.run import Run


@dataclass(frozen=True)
class Evaluation:
    """How a recognizer answers a set of pictures.

    Args:
        part: what was measured: "test", "val", or the data's name.
        metrics: as `metrics.json` has them.
        ignored: pictures of unknown classes that were left out.
        quarantined: names and reasons of pictures that cannot be read; counted as unanswered.
        seen: pictures that the run was trained on or chosen by; numbers on them flatter.
    """

    part: str
    metrics: dict[str, Any]
    ignored: int
    quarantined: list[tuple[str, str]]
    seen: int


def evaluate(
    path: Path,
    data: str | None = None,
    *,
    data_root: str | None = None,
    ignore_unknown: bool = False,
    views: str = "none",
    quiet: bool = False,
) -> Evaluation:
    """Measure the run's best recognizer.

    Args:
        path: a run directory.
        data: other pictures, labelled with class names of the run; None: the run's own test pictures (or
            validation, where it has none).
        data_root: where a named data set lies.
        ignore_unknown: leave pictures of classes that the run does not know out, and count them.
        views: a name of `striate.data.views.VIEWS`; of several views, a picture's probabilities are the mean of
            theirs, each after the temperature, and the metrics name them as `views`.
        quiet: print nothing.

    Raises:
        ClassMismatch: pictures of a class that the run does not know.
        DataError: no pictures to measure, or not those that the run had.
    """
    with together() as group:
        quiet = quiet or not group.first
        return _evaluate(Run(path), data, data_root, group, views=views, ignore_unknown=ignore_unknown, quiet=quiet)


def _evaluate(
    run: Run, data: str | None, data_root: str | None, group: Group, *, views: str, ignore_unknown: bool, quiet: bool
) -> Evaluation:
    path, recognizer = run.path, run.recognizer()
    if not run.finished:
        say(f"warn: the training of {path} is not finished; this is its best so far", quiet=quiet)
    if data is None:
        return _own(run, recognizer, data_root, group, views=views, quiet=quiet)
    table = open_table(data, data_root=data_root)
    part = _part(table)
    table, left_out = table.align(recognizer.classes, unknown="ignore" if ignore_unknown else "error")
    rows = np.arange(len(table)) if part is None else _side(table, part)
    if len(rows) == 0:
        raise DataError(f"{data}: no pictures of a class that {path} knows")
    name = data if part is None else f"{data} ({part})"
    seen = _seen(run, with_hashes(table, quiet=quiet), rows)
    if seen:
        say(f"warn: {run.path} was trained on or chosen by {seen} of these {len(rows)} pictures", quiet=quiet)
    counts = {"ignored": len(left_out), "seen": seen}
    seed = run.seed
    return _measure(recognizer, table, rows, name, group=group, **counts, views=views, seed=seed, quiet=quiet)


def _own(run: Run, recognizer: Loaded, data_root: str | None, group: Group, *, views: str, quiet: bool) -> Evaluation:
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
    seed = run.seed
    return _measure(recognizer, table, rows, part, group=group, views=views, seed=seed, quiet=quiet)


def _measure(
    recognizer: Loaded,
    table: Table,
    rows: NDArray[np.int64],
    part: str,
    *,
    group: Group,
    ignored: int = 0,
    seen: int = 0,
    views: str,
    seed: int,
    quiet: bool,
) -> Evaluation:
    temperature = None if part == "val" else recognizer.temperature
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
    return Evaluation(part, metrics, ignored, lost, seen)


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
