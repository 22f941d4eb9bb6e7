"""A split: which pictures train, which choose the model (val) and which are kept for the end (test); it is a file.

A side is drawn from a hash of the picture's group, or else its content (see `sides`), so adding pictures never moves
old ones. Sides that the data gives are honored, and what is missing is drawn from train.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from striate.core.errors import DataError, UnknownName, listed
from striate.core.findings import Finding, Verdict
from striate.data.match import contents, given, groups, match
from striate.data.sides import NONE, TEST, TRAIN, VAL, check_fractions, place, positions
from striate.data.split_file import Split
from striate.data.table import SIDES, Table

__all__ = ["Split", "class_counts", "findings", "grouped", "match", "split"]

_LONG = {TRAIN: "train", VAL: "validation", TEST: "test"}
_ABSENT = {  # by whether there is validation, and a test
    (True, True): (),
    (True, False): ("no test: the headline is validation, used for selection",),
    (False, True): ("no validation: nothing chooses the epoch",),
    (False, False): ("no validation and no test: nothing measures the result",),
}
_NAMED = 20  # classes or groups that a sentence names before it says how many more


def split(
    table: Table,
    *,
    val: float = 0.15,
    test: float = 0.15,
    salt: int = 0,
    previous: Split | None = None,
    extend: bool = False,
) -> Split:
    """Give every picture its side, the same whatever else is in the table.

    Sides given by the table's `split` column, or by a file from elsewhere, are honored. None given: test and val are
    drawn. Only train: both are drawn from it. Train and test: val is drawn from train. Train and val: there is no
    test. In a column that gives some sides, a picture whose cell is empty is left out.

    Args:
        table: with a `hash` column, or its pictures are hashed now.
        val: the fraction for validation, of the pictures that it is drawn from.
        test: the fraction for testing, of the pictures that it is drawn from.
        salt: another salt, another draw; not the seed of the training.
        previous: a split to keep: its pictures stay where they are, and its own salt and fractions count.
        extend: give pictures that `previous` does not know a side, where it is an error otherwise.

    Raises:
        RecipeError: a fraction below 0, or fractions that leave nothing to train on.
        DataError: val or test is given but no train, or `previous` does not know pictures and `extend` is off.
    """
    check_fractions(val, test)
    if previous is None:
        hashes, fixed, giver = contents(table), given(table), "given by the data"
    else:
        laid = match(table, previous, extend=extend)
        if previous.salt is not None:
            return laid
        hashes, fixed, giver = laid.hashes, laid.sides.copy(), laid.origin
    parts = set(np.unique(fixed).tolist()) - {NONE}
    if parts and TRAIN not in parts:
        raise DataError(
            f"{table.location}: {_parts(parts)} pictures are {giver}, but none for train; mark some 'train'"
        )
    made = Split(
        sides=fixed,
        hashes=hashes,
        salt=salt,
        val=None if VAL in parts else val,
        test=None if parts & {VAL, TEST} else test,
        origin="",
        group="group" if table.has("group") else None,
    )
    if made.val is not None:
        pool = fixed == TRAIN if parts else np.ones(len(table), bool)
        fixed[pool] = place(positions(groups(table), hashes, salt), made.val, made.test or 0)[pool]
    return replace(made, origin=_origin(made, parts, giver, grouped=table.has("group")))


def grouped(table: Table, column: str) -> Table:
    """Return the table with `column` as its groups: pictures of one group stay on one side.

    Raises:
        UnknownName: the table has no such column.
    """
    if not table.has(column):
        raise UnknownName("column", column, table.columns.column_names)
    return table.with_column("group", table.columns[column].cast(pa.string()))


def class_counts(table: Table, split: Split) -> NDArray[np.int64]:
    """Count the pictures of each class on each side.

    Returns:
        (3, K): train, val, test by class.
    """
    size = len(table.classes)
    cells = np.bincount((split.sides.astype(np.int64) + 1) * size + table.labels, minlength=4 * size)
    return cells.reshape(4, size)[1:].astype(np.int64)


def findings(table: Table, split: Split) -> list[Finding]:
    """Name the classes that a side lacks, and the groups that given sides tear; nothing where all is well.

    A class without any picture is the audit's to report. A side that has no picture at all is one finding.
    """
    counts = class_counts(table, split)
    present = counts.sum(axis=0) > 0
    found = [_lacking(table, counts, side, np.flatnonzero(present & (counts[side] == 0))) for side in _LONG]
    return [finding for finding in (*found, _torn(table, split)) if finding is not None]


def _lacking(table: Table, counts: NDArray[np.int64], side: int, lacking: NDArray[np.int64]) -> Finding | None:
    if not lacking.size:
        return None
    sizes = table.counts
    if counts[side].any():
        named = listed([f"'{table.classes[k]}' ({sizes[k]})" for k in lacking], _NAMED)
        detail = f"Classes without {_LONG[side]} pictures, with their pictures in all: {named}."
        remedy = "Add pictures of these classes and extend the split, or draw it anew with another salt or fraction."
    else:
        detail = f"There are no {_LONG[side]} pictures at all."
        remedy = f"Give or draw a fraction for {_LONG[side]}, unless this is meant."
    return Finding(
        check=f"classes-without-{SIDES[side]}",
        verdict=Verdict.FAIL if side == TRAIN else Verdict.WARN,
        value=int(lacking.size),
        detail=detail,
        remedy=remedy,
    )


def _torn(table: Table, split: Split) -> Finding | None:
    names = groups(table)
    if names is None:
        return None
    pairs = pa.table({"group": names, "side": pa.array(split.sides)})
    pairs = pairs.filter(pc.and_(pc.not_equal(pairs["group"], ""), pc.greater(pairs["side"], NONE)))
    sides = pairs.group_by("group").aggregate([("side", "count_distinct")])
    torn = sides.filter(pc.greater(sides["side_count_distinct"], 1))["group"].sort()
    if not len(torn):
        return None
    return Finding(
        check="torn-groups",
        verdict=Verdict.FAIL,
        value=len(torn),
        detail=f"Groups with pictures on more than one side: {listed(torn.to_pylist(), _NAMED)}.",
        remedy="Give each group one side: torn groups make results look better than they are.",
    )


def _origin(made: Split, parts: set[int], giver: str, *, grouped: bool) -> str:
    said = [f"{_parts(parts)} {giver}"] if parts else []
    drawn = [(_LONG[side], part) for side, part in ((VAL, made.val), (TEST, made.test)) if part]
    if drawn:
        named = _and(f"{name} ({100 * part:g} %)" for name, part in drawn)
        key = "group, or else content," if grouped else "content"
        said.append(f"{named} drawn{' from train' if parts else ''} by hash of {key} with salt {made.salt}")
    said += _ABSENT[VAL in parts or bool(made.val), TEST in parts or bool(made.test)]
    left_out = np.count_nonzero(made.sides == NONE)
    if left_out:
        said.append(f"pictures left out, as they are given no side: {left_out}")
    return "; ".join(said)


def _parts(parts: set[int]) -> str:
    return _and(_LONG[part] for part in sorted(parts))


def _and(words: Iterable[str]) -> str:
    *rest, last = words
    return f"{', '.join(rest)} and {last}" if rest else last
