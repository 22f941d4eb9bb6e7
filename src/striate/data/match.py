"""Lay a saved split over a table that was reordered, reduced or grown: a picture is known by its content."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from striate.core.errors import DataError
from striate.data.examine import with_hashes
from striate.data.sides import NONE, TEST, TRAIN, VAL, place, positions, read_sides
from striate.data.split_file import Split
from striate.data.table import Table


def match(table: Table, saved: Split, *, extend: bool = False) -> Split:
    """Give each picture of `table` the side it has in `saved`.

    A table with the same contents row by row gets exactly what was saved. In another one, where the same content was
    saved on two sides, a picture goes to the one of them where the table or the draw puts it, else by its row, else
    to the first of train, val, test.

    Args:
        table: the pictures to place.
        saved: the split to keep.
        extend: place pictures that `saved` does not know as well: where the table gives them val or test, there;
            else with the rest of their group; else by the salt and the fractions of `saved`.

    Raises:
        DataError: `saved` does not know some pictures and `extend` is off, or it knows none of them, or it was not
            drawn and so has no rule to extend by.
    """
    hashes = contents(table)
    keys = hashes if saved.key == "hash" else _paths(table)
    if saved.hashes.equals(keys):
        return replace(saved, hashes=hashes, key="hash")
    found = _index(keys, saved.hashes)
    new = np.flatnonzero(found < 0)
    if new.size and (not extend or new.size == len(table)):
        raise DataError(_unknown(table, saved, new))
    if new.size and saved.group is not None and not table.has("group"):
        raise DataError(
            f"the saved split keeps the groups of column '{saved.group}' together, and {table.location} shows none for "
            f"{_some(table, new)}: `striate data split DATA --extend FILE --group COLUMN` names their column"
        )
    sides = saved.sides[found] if len(saved) else np.full(len(table), NONE, np.int8)
    sides[new] = NONE
    first = _index(saved.hashes, saved.hashes)
    laid = replace(saved, sides=sides, hashes=hashes, key="hash", origin=saved.origin + _changes(first, found))
    torn, settled = _settled(table, laid, saved.sides, first, found)
    sides[torn] = settled
    sides[new] = _joined(table, laid, new)
    return laid


def contents(table: Table) -> pa.ChunkedArray:
    """Return what each picture is known by: its content hash, or its name where there is no file to hash.

    Files are hashed now where the table does not say their hash.
    """
    table = with_hashes(table)
    hashes = table.columns["hash"].cast(pa.string())
    if not hashes.null_count:
        return hashes
    return pc.coalesce(hashes, pc.binary_join_element_wise("name", table.columns["path"].cast(pa.string()), ":"))


def groups(table: Table) -> pa.ChunkedArray | None:
    """Return the group of each picture, or None if the table has none."""
    return table.columns["group"].cast(pa.string()) if table.has("group") else None


def given(table: Table) -> NDArray[np.int8]:
    """Return the side that the table itself gives to each picture, NONE where it gives none."""
    if not table.has("split"):
        return np.full(len(table), NONE, np.int8)
    return read_sides(table.columns["split"], table.location)


def _paths(table: Table) -> pa.ChunkedArray:
    if not table.has("path"):
        raise DataError(f"the split file names paths, but the pictures of {table.location} are no files: use hashes")
    return table.columns["path"].cast(pa.string())


def _index(keys: pa.ChunkedArray, known: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return where each key first stands in `known`, -1 if nowhere."""
    places = pc.fill_null(pc.index_in(keys, value_set=known.cast(keys.type)), -1)
    found: NDArray[np.int64] = places.to_numpy().astype(np.int64)
    return found


def _settled(
    table: Table, laid: Split, saved: NDArray[np.int8], first: NDArray[np.int64], found: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Return the rows whose content was saved on more than one side, and the side of each."""
    lowest, highest = saved.view(np.uint8).copy(), saved.view(np.uint8).copy()  # NONE becomes 255, after TEST
    np.minimum.at(lowest, first, lowest.copy())
    np.maximum.at(highest, first, highest.copy())
    rows = np.flatnonzero((found >= 0) & (lowest != highest)[found])
    if not rows.size:
        return rows, laid.sides[rows]
    entry, claims = found[rows], _claims(table, laid, rows)
    claimed = np.isin(entry * 4 + claims, np.unique(first * 4 + saved)) & (claims != NONE)
    nearest = np.minimum(rows, len(saved) - 1)
    sides = np.where(first[nearest] == entry, saved[nearest], lowest.view(np.int8)[entry])
    return rows, np.where(claimed, claims, sides)


def _joined(table: Table, laid: Split, new: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return the side of each of the `new` pictures."""
    if not new.size:
        return laid.sides[new]
    homes, fixed = _homes(table, laid.sides)[new], given(table)[new]
    drawn = [TRAIN, *[VAL] * (laid.val is not None), *[TEST] * (laid.test is not None)]
    welcome = (homes != NONE) & ((fixed == NONE) | ((fixed == TRAIN) & np.isin(homes, drawn)))
    sides = np.where(welcome, homes, _claims(table, laid, new))
    lost = new[sides == NONE]
    if lost.size:
        raise DataError(
            f"the saved split was given, not drawn, so it has no rule for {_some(table, lost)}: "
            "say their side in a column 'split' of the data"
        )
    return sides


def _claims(table: Table, laid: Split, rows: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return the side that each of `rows` would have by itself: given by the table, or drawn as `laid` was."""
    fixed = given(table)[rows]
    if laid.salt is None or not laid.drawn:
        return fixed
    named, chosen = groups(table), pa.array(rows)
    found = positions(None if named is None else named.take(chosen), laid.hashes.take(chosen), laid.salt)
    return np.where(fixed > TRAIN, fixed, place(found, laid.val or 0, laid.test or 0))


def _homes(table: Table, sides: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the side that the placed pictures of each picture's group are on, the first of train, val, test."""
    homes = np.full(len(table), NONE, np.int8)
    names = groups(table)
    if names is None:
        return homes
    kinds = pc.unique(names)
    codes, named = _index(names, kinds), pc.fill_null(pc.not_equal(names, ""), fill_value=False).to_numpy()
    lowest = np.full(len(kinds), 255, np.uint8)
    np.minimum.at(lowest, codes, sides.view(np.uint8))
    homes[named] = lowest.view(np.int8)[codes][named]
    return homes


def _changes(first: NDArray[np.int64], found: NDArray[np.int64]) -> str:
    seen = np.zeros(len(first), bool)
    seen[found[found >= 0]] = True
    new, gone = np.count_nonzero(found < 0), np.count_nonzero(~seen[first])
    added = f"; pictures added by the same rule: {new}" if new else ""
    return added + (f"; pictures no longer in the data: {gone}" if gone else "")


def _unknown(table: Table, saved: Split, new: NDArray[np.int64]) -> str:
    if new.size == len(table):
        return f"the saved split knows none of the {len(table)} pictures of {table.location}: is it another data set's?"
    how = "" if saved.drawn else " where the data gives them a side"
    return (
        f"the saved split does not know {_some(table, new)} of {table.location}: "
        f"place them too{how} with `striate data split DATA --extend FILE`, or while training with "
        "--set split.extend=true; the others stay where they are"
    )


def _some(table: Table, rows: NDArray[np.int64]) -> str:
    names = ", ".join(table.names(rows[:3])) + (", ..." if rows.size > 3 else "")
    return f"{rows.size} of the {len(table)} pictures ({names})"
