"""Checks for pictures that are there twice: at all, across splits, and with different labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import DoesNotApply
from striate.core.findings import Finding, Verdict
from striate.data.duplicates import BITS, CORRELATION, alike, same_content
from striate.data.examine import NEAR_FROM
from striate.data.examined import Examined
from striate.data.picture_checks import concerning, passed, pictures
from striate.data.table import SIDES, Table


@dataclass(frozen=True)
class _Kind:
    check: str
    said: str
    remedy: str
    other_label: Verdict


_EXACT = _Kind("exact-duplicates", "the same content", "keep one of each", Verdict.FAIL)
_NEAR = _Kind(
    "near-duplicates",
    f"the same scene (perceptual hashes within {BITS} of 64 bits, detail correlated to {CORRELATION} or more)",
    "look at them, and keep one of each or give them a common group",
    Verdict.WARN,
)


def findings(
    table: Table, examined: Examined, sides: NDArray[np.int8] | None, *, near: bool | None = None
) -> list[Finding]:
    """Return what the checks found.

    Args:
        table: the pictures.
        examined: what was seen of them.
        sides: (N,) the side of each, or None: nothing is said across splits.
        near: as in `audit`.
    """
    content = same_content(examined.columns["hash"])
    exact = _checks(_EXACT, table, sides, content)
    left_out = _not_looked_at(examined, near=near)
    looked = examined.hashed & (content >= 0)
    if near is False or not looked.any():
        return [*exact, _undecided(f"not looked for: {left_out}", "to look anyway: near=True, or --near")]
    try:
        scenes = _scenes(examined, content, looked)
    except DoesNotApply as error:
        return [*exact, _undecided(f"not found out: {error}", "audit a part of the pictures, such as one class")]
    return [*exact, *_checks(_NEAR, table, sides, scenes, left_out)]


def _not_looked_at(examined: Examined, *, near: bool | None) -> str:
    if near is False:
        return "turned off"
    small = int((examined.readable & ~examined.hashed).sum())
    few = f"{pictures(small)} under {NEAR_FROM} px a side, where pictures of one class look alike to the method"
    return few if small else ""


def _undecided(detail: str, remedy: str) -> Finding:
    return Finding(
        check=_NEAR.check,
        verdict=Verdict.UNDECIDABLE,
        value=None,
        detail=detail,
        remedy=remedy,
    )


def _scenes(examined: Examined, content: NDArray[np.int64], looked: NDArray[np.bool_]) -> NDArray[np.int64]:
    # One picture stands for all of its content. Groups of a single content are no near duplicates.
    rows = np.flatnonzero(looked & ~examined.flat)  # flat ones have a finding of their own
    _, first, members = np.unique(content[rows], return_index=True, return_inverse=True)
    group = alike(examined.dhash[rows[first]], examined.likenesses.rows, examined.places[rows[first]])
    contents = np.bincount(group, minlength=len(group))
    scenes = np.full(len(content), -1, np.int64)
    scenes[rows] = np.where(contents[group] > 1, group, -1)[members]
    return scenes


def _checks(
    kind: _Kind, table: Table, sides: NDArray[np.int8] | None, numbers: NDArray[np.int64], left_out: str = ""
) -> list[Finding]:
    rows, groups = _repeated(numbers)
    also = f"; not looked at: {left_out}" if left_out else ""
    if not rows.size:
        wider = " (so none across splits either)" if sides is not None else ""
        return [passed(kind.check, f"none{wider}{also}")]
    found = concerning(
        table,
        rows,
        check=kind.check,
        verdict=Verdict.WARN,
        detail=f"{pictures(rows.size)} in {_groups(groups)} of {kind.said}{_example(table, rows[:2])}{also}",
        remedy=kind.remedy,
    )
    across = [] if sides is None else [_across_splits(kind, table, sides, rows, groups)]
    return [found, *across, _other_labels(kind, table, rows, groups)]


def _across_splits(
    kind: _Kind, table: Table, sides: NDArray[np.int8], rows: NDArray[np.int64], groups: NDArray[np.int64]
) -> Finding:
    check = f"{kind.check}-across-splits"
    on_a_side = sides[rows] >= 0
    rows, groups = rows[on_a_side], groups[on_a_side]
    rows, groups = _mixed(rows, groups, sides[rows].astype(np.int64))
    if not rows.size:
        return passed(check, "each group lies on one side")
    counts = np.bincount(sides[rows], minlength=len(SIDES))
    named = ", ".join(f"{count} in {side}" for side, count in zip(SIDES, counts, strict=True) if count)
    first = rows[groups == groups[0]]
    pair = np.array([first[0], first[sides[first] != sides[first[0]]][0]])
    return concerning(
        table,
        rows,
        check=check,
        verdict=Verdict.FAIL,
        detail=f"{pictures(rows.size)} of {kind.said} on more than one side: {named}{_example(table, pair)}",
        remedy="results look better than they are: keep one of each, or each group on one side by a `group` column",
    )


def _other_labels(kind: _Kind, table: Table, rows: NDArray[np.int64], groups: NDArray[np.int64]) -> Finding:
    check = f"{kind.check}-with-different-labels"
    rows, groups = _mixed(rows, groups, table.labels[rows])
    if not rows.size:
        return passed(check, "each group has one label")
    first = rows[groups == groups[0]]
    pair = np.array([first[0], first[table.labels[first] != table.labels[first[0]]][0]])
    labels = " and ".join(table.classes[label] for label in table.labels[pair])
    return concerning(
        table,
        rows,
        check=check,
        verdict=kind.other_label,
        detail=f"{pictures(rows.size)} of {kind.said} with different labels{_example(table, pair)} ({labels})",
        remedy="decide which label is right, and remove the others",
    )


def _repeated(numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # The rows whose number others share, group by group, and their numbers.
    known = np.flatnonzero(numbers >= 0)
    counts = np.bincount(numbers[known])
    rows = known[counts[numbers[known]] > 1]
    rows = rows[np.argsort(numbers[rows], kind="stable")]
    return rows, numbers[rows]


def _mixed(
    rows: NDArray[np.int64], groups: NDArray[np.int64], kinds: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    # The rows of groups in which `kinds` differ; `rows` come group by group.
    if not rows.size:
        return rows, groups
    _, member = np.unique(groups, return_inverse=True)
    low, high = np.full(member.max() + 1, kinds.max()), np.full(member.max() + 1, kinds.min())
    np.minimum.at(low, member, kinds)
    np.maximum.at(high, member, kinds)
    mixed = (low != high)[member]
    return rows[mixed], groups[mixed]


def _groups(groups: NDArray[np.int64]) -> str:
    count = len(np.unique(groups))
    return f"{count} group{'' if count == 1 else 's'}"


def _example(table: Table, pair: NDArray[np.int64]) -> str:
    return f", such as {' and '.join(table.names(pair))}"
