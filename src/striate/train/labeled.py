"""Labeled pictures to look at a recognizer with: a run's own, as they were when it was trained, or others."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from striate.core.errors import DataError, listed
from striate.data.examine import with_hashes
from striate.data.table import Table
from striate.sources import open_table
from striate.train.run import Run


@dataclass(frozen=True)
class Labeled:
    """Rows of a table whose classes are those of a recognizer, in its order.

    Args:
        table: aligned with the recognizer's classes.
        rows: (N,) which of its pictures.
        part: of the run's own "train", "val" or "test"; else the data's name.
        calibrated: whether the recognizer's temperature was not fitted on these pictures.
        ignored: how many pictures of unknown classes were left out.
        seen: how many the run was trained on or chosen by; None where that is not known.
    """

    table: Table
    rows: NDArray[np.int64]
    part: str
    calibrated: bool = True
    ignored: int = 0
    seen: int | None = 0


def own(run: Run, data_root: str | None, *, part: str | None = None, quiet: bool) -> Labeled:
    """Return pictures of a run, as they were when it was trained.

    Args:
        run: whose pictures.
        data_root: where a named data set lies; by default where it lay.
        part: "train", "val" or "test"; by default test, or where it has none val.
        quiet: show no progress.

    Raises:
        DataError: the pictures have changed since, or the run has none in this part.
    """
    saved = run.data
    table = with_hashes(open_table(saved["location"], data_root=data_root or saved["data_root"]), quiet=quiet)
    if table.fingerprint != saved["fingerprint"]:
        raise DataError(
            f"{saved['location']} has changed since {run.path} was trained: its pictures are no longer the same. "
            f"To look at what is there now, name it after the run: {run.path} {saved['location']}"
        )
    asked, part = part, part or ("test" if len(run.split.rows("test")) else "val")
    rows = run.split.rows(part)
    if len(rows) == 0:
        lacks = f"no {asked} pictures" if asked else "neither test nor validation pictures"
        raise DataError(f"{run.path} has {lacks}: name some to evaluate on")
    return Labeled(table, rows, part, calibrated=part == "test")


def others(
    data: str, data_root: str | None, classes: tuple[str, ...], run: Run | None, *, ignore_unknown: bool, quiet: bool
) -> Labeled:
    """Return the pictures of `data`, or of its test part where it has one, aligned with `classes` by name.

    Raises:
        ClassMismatch: a class that is not among `classes`, unless they are to be ignored.
        DataError: no pictures are left.
    """
    table = open_table(data, data_root=data_root)
    part = _part(table)
    table, left_out = table.align(classes, unknown="ignore" if ignore_unknown else "error")
    rows = np.arange(len(table)) if part is None else _side(table, part)
    if len(rows) == 0:
        raise DataError(f"{data}: no pictures of a class that is known, which are: {listed(classes)}")
    seen = None if run is None else _seen(run, with_hashes(table, quiet=quiet), rows)
    name = data if part is None else f"{data} ({part})"
    return Labeled(table, rows, name, ignored=len(left_out), seen=seen)


def any_classes(data: str, data_root: str | None) -> Labeled:
    """Return the pictures of `data`, or of its test part, with its own classes, whatever a recognizer's are.

    Raises:
        DataError: there are none.
    """
    table = open_table(data, data_root=data_root)
    part = _part(table)
    rows = np.arange(len(table)) if part is None else _side(table, part)
    if len(rows) == 0:
        raise DataError(f"{data} holds no pictures: name a folder with one folder a class, or a table")
    return Labeled(table, rows, data if part is None else f"{data} ({part})", seen=None)


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
