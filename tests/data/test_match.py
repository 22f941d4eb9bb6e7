"""A saved split over a changed table: nothing moves, what is new follows the same rule, what is unknown is named."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from striate.core.errors import DataError
from striate.data.split import Split, match, split
from striate.data.table import Table

TRAIN, VAL, TEST, NONE = 0, 1, 2, -1


def table_of(contents: Sequence[object], **columns: Sequence[object]) -> Table:
    """A table of files whose content is named, so that equal names are equal pictures."""
    texts = {name: pa.array(values, pa.string()) for name, values in columns.items() if name != "label"}
    labels = pa.array(columns.get("label", [0] * len(contents)), pa.int32())
    hashes = pa.array([str(content) for content in contents], pa.string())
    paths = texts.pop("path", pa.array([f"{place}.jpg" for place in range(len(contents))]))
    return Table(pa.table({"path": paths, "label": labels, "hash": hashes, **texts}), ("a", "b", "c"), "made", "made")


pictures = st.lists(st.integers(0, 10_000), unique=True, max_size=40)


@settings(max_examples=50, deadline=None)
@given(
    contents=st.lists(st.integers(0, 30), max_size=30),
    names=st.lists(st.sampled_from([None, "", "g", "h"]), min_size=30, max_size=30),
    order=st.randoms(use_true_random=False),
    left=st.integers(0, 30),
)
def test_a_reordered_and_reduced_table_keeps_every_side(
    contents: list[int], names: list[str | None], order: object, left: int
) -> None:
    table = table_of(contents, group=names[: len(contents)])
    made = split(table, val=0.3, test=0.3)
    rows = list(range(len(contents)))
    order.shuffle(rows)
    chosen = np.array(rows[:left], np.int64)
    laid = match(table.take(chosen), made)
    assert laid.hashes.to_pylist() == [str(contents[row]) for row in chosen]
    if [contents[row] for row in chosen] == contents:  # twins in two groups may have changed places, but none sees it
        assert laid.sides.tolist() == made.sides.tolist()
    else:
        assert laid.sides.tolist() == made.sides[chosen].tolist()


@settings(max_examples=50, deadline=None)
@given(old=pictures, new=pictures)
def test_extending_is_what_drawing_everything_would_have_been(old: list[int], new: list[int]) -> None:
    saved = split(table_of(old), val=0.3, test=0.3, salt=5)
    grown = table_of([*(n for n in new if n not in old), *old])
    if not old and new:
        return
    assert np.array_equal(match(grown, saved, extend=True).sides, split(grown, val=0.3, test=0.3, salt=5).sides)


def test_unknown_pictures_are_named_with_the_remedy() -> None:
    with pytest.raises(DataError, match=r"not know 3 of the 5 pictures \(0.jpg, 1.jpg, 2.jpg\).*--extend"):
        match(table_of([10, 11, 12, 1, 2]), split(table_of([1, 2])))


def test_a_split_of_another_data_set_is_refused_even_to_extend() -> None:
    with pytest.raises(DataError, match="none of the 2 pictures of made"):
        match(table_of([8, 9]), split(table_of([1, 2])), extend=True)


def test_what_was_added_and_what_is_gone_is_said() -> None:
    laid = match(table_of([4, 2, 3]), split(table_of([0, 1, 2, 3])), extend=True)
    assert laid.origin.endswith("; pictures added by the same rule: 1; pictures no longer in the data: 2")


def test_an_unchanged_table_gets_exactly_what_was_saved() -> None:
    made = replace(split(table_of([1, 1, 1])), sides=np.array([TEST, TRAIN, NONE], np.int8))
    assert match(table_of([1, 1, 1]), made).sides.tolist() == [TEST, TRAIN, NONE]


def test_the_same_content_on_two_sides_goes_where_the_data_gives_it() -> None:
    made = split(table_of(["x", "twin", "twin"], split=["train", "train", "test"]), val=0)
    moved = table_of(["twin", "x", "twin"], split=["test", "train", "train"])
    assert match(moved, made).sides.tolist() == [TEST, TRAIN, TRAIN]


def test_the_same_content_on_two_sides_goes_by_row_where_nothing_else_tells() -> None:
    hashes = pa.chunked_array([["x", "twin", "twin"]])
    made = Split(sides=np.array([TRAIN, TEST, TRAIN], np.int8), hashes=hashes, origin="given by mine.parquet")
    assert match(table_of(["twin", "twin", "x"]), made).sides.tolist() == [TRAIN, TEST, TRAIN]


def group_and_its_side(side: int) -> str:
    names = [f"group{n}" for n in range(60)]
    drawn = split(table_of(range(60), group=names), val=0.3, test=0.3)
    return names[drawn.sides.tolist().index(side)]


@pytest.mark.parametrize("side", [TRAIN, VAL, TEST])
def test_a_new_picture_of_an_old_group_joins_its_side(side: int) -> None:
    name = group_and_its_side(side)
    # The old picture stood on this side before it had a group, so the draw alone would not tell.
    for home in (TRAIN, VAL, TEST):
        saved = replace(split(table_of(["old"]), val=0.3, test=0.3), sides=np.array([home], np.int8))
        grown = table_of(["new", "old", "loner"], group=[name, name, None])
        assert match(grown, saved, extend=True).sides[:2].tolist() == [home, home]


def test_new_pictures_that_the_data_gives_a_side_go_there() -> None:
    saved = split(table_of(range(130), split=["train"] * 100 + ["test"] * 30), val=0.3)
    grown = table_of(range(200), split=["train"] * 100 + ["test"] * 60 + ["train"] * 40)
    laid = match(grown, saved, extend=True)
    assert laid.sides[:130].tolist() == saved.sides.tolist()
    assert (laid.sides[130:160] == TEST).all()
    assert set(laid.sides[160:].tolist()) == {TRAIN, VAL}


def test_a_new_picture_given_to_train_does_not_follow_its_group_into_a_given_test() -> None:
    saved = split(table_of(range(20), split=["train"] * 10 + ["test"] * 10), val=0)
    names = ["g" if n in {15, 20} else None for n in range(21)]
    grown = table_of(range(21), split=["train"] * 10 + ["test"] * 10 + ["train"], group=names)
    assert match(grown, saved, extend=True).sides[20] == TRAIN


def test_a_given_split_has_no_rule_for_pictures_without_a_side() -> None:
    saved = split(table_of(range(3), split=["train", "val", "test"]))
    assert match(table_of(range(4), split=["train", "val", "test", "val"]), saved, extend=True).sides[3] == VAL
    with pytest.raises(DataError, match=r"no rule for 1 of the 4 pictures \(3.jpg\)"):
        match(table_of(range(4)), saved, extend=True)
