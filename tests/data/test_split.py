"""Splits: stable, whole groups, what is given honored, kept in a file and laid over a changed table."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from striate.core.errors import DataError, RecipeError, UnknownName
from striate.core.findings import Verdict
from striate.data.hashes import pixel_hashes
from striate.data.split import Split, class_counts, findings, grouped, split
from striate.data.table import Table, picture_columns

TRAIN, VAL, TEST, NONE = 0, 1, 2, -1


def table_of(contents: Sequence[object], **columns: Sequence[object]) -> Table:
    """A table of files whose content is named, so that equal names are equal pictures."""
    texts = {name: pa.array(values, pa.string()) for name, values in columns.items() if name != "label"}
    labels = pa.array(columns.get("label", [0] * len(contents)), pa.int32())
    hashes = pa.array([str(content) for content in contents], pa.string())
    paths = texts.pop("path", pa.array([f"{place}.jpg" for place in range(len(contents))]))
    return Table(pa.table({"path": paths, "label": labels, "hash": hashes, **texts}), ("a", "b", "c"), "made", "made")


def sides_by_content(table: Table, made: Split) -> dict[str | None, int]:
    return dict(zip(table.strings("hash"), made.sides.tolist(), strict=True))


pictures = st.lists(st.integers(0, 10_000), unique=True, max_size=40)
salts = st.integers(-5, 5)


# Drawing


def test_the_draw_is_the_one_that_the_documentation_describes() -> None:
    # printf '0|abc' | b2sum -l 64: 204071df8197ec52, which is 0.126 of the way
    position = 0x204071DF8197EC52 / 2**64
    assert split(table_of(["abc"]), test=position + 1e-9, val=0).sides.tolist() == [TEST]
    assert split(table_of(["abc"]), test=position - 1e-9, val=1e-6).sides.tolist() == [VAL]
    assert split(table_of(["abc"]), test=position - 1e-6, val=0).sides.tolist() == [TRAIN]


@settings(max_examples=50, deadline=None)
@given(old=pictures, new=pictures, salt=salts)
def test_adding_pictures_never_moves_old_ones(old: list[int], new: list[int], salt: int) -> None:
    before = table_of(old)
    after = table_of([*(n for n in new if n not in old), *old])
    kept = sides_by_content(after, split(after, val=0.3, test=0.3, salt=salt))
    assert sides_by_content(before, split(before, val=0.3, test=0.3, salt=salt)).items() <= kept.items()


@settings(max_examples=50, deadline=None)
@given(contents=pictures, order=st.randoms(use_true_random=False))
def test_the_order_of_the_pictures_does_not_matter(contents: list[int], order: object) -> None:
    shuffled = contents.copy()
    order.shuffle(shuffled)
    first, second = table_of(contents), table_of(shuffled)
    assert sides_by_content(first, split(first)) == sides_by_content(second, split(second))


@settings(max_examples=50, deadline=None)
@given(contents=pictures, names=st.lists(st.sampled_from([None, "", "g", "h", "i"]), min_size=40, max_size=40))
def test_a_group_is_never_torn_and_no_group_is_no_group(contents: list[int], names: list[str | None]) -> None:
    names = names[: len(contents)]
    table = table_of(contents, group=names)
    made = split(table, val=0.3, test=0.3)
    for name in ("g", "h", "i"):
        assert len({side for side, group in zip(made.sides, names, strict=True) if group == name}) <= 1
    alone = split(table_of(contents), val=0.3, test=0.3)
    ungrouped = [not name for name in names]
    assert made.sides[ungrouped].tolist() == alone.sides[ungrouped].tolist()


def test_pictures_of_the_same_content_are_on_the_same_side() -> None:
    made = split(table_of([7, 8, 9] * 20), val=0.3, test=0.3)
    assert (made.sides.reshape(20, 3) == made.sides[:3]).all()


def test_the_proportions_hold_within_every_class() -> None:
    labels = np.arange(90_000) % 3
    table = table_of(range(90_000), label=labels.tolist())
    shares = class_counts(table, split(table, val=0.1, test=0.2)) / 30_000
    # over four standard deviations of a share of 30,000 draws: 4 * sqrt(0.21 / 30,000) = 0.0106
    assert np.abs(shares - np.array([[0.7], [0.1], [0.2]])).max() < 0.013


def test_another_salt_is_another_draw_and_the_same_salt_the_same() -> None:
    table = table_of(range(1000))
    assert np.array_equal(split(table, salt=1).sides, split(table, salt=1).sides)
    differing = np.mean(split(table, salt=1).sides != split(table, salt=2).sides)
    assert 0.3 < differing < 0.6  # 1 - (0.7^2 + 2 * 0.15^2) = 0.465 for independent draws


def test_a_larger_validation_fraction_leaves_the_test_pictures_as_they_were() -> None:
    table = table_of(range(500))
    assert np.array_equal(split(table, val=0.1).rows("test"), split(table, val=0.4).rows("test"))


@pytest.mark.parametrize(
    ("val", "test", "said"),
    [
        (-0.1, 0.1, "val fraction is -0.1"),
        (0.1, 1.0, "test fraction is 1.0"),
        (0.5, 0.5, "leave nothing to train on"),
        (float("nan"), 0.1, "val fraction is nan"),
    ],
)
def test_fractions_that_make_no_sense_are_refused(val: float, test: float, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        split(table_of([1]), val=val, test=test)


def test_pictures_without_a_hash_column_are_hashed() -> None:
    pixels = np.arange(400, dtype=np.uint8).reshape(100, 2, 2, 1)
    arrays = Table(picture_columns(np.zeros(100, np.int64)), ("a",), "made", "made", pixels=pixels)
    made = split(arrays.take(np.arange(50, 100)))
    assert made.hashes.to_pylist() == pixel_hashes(pixels)[50:]
    assert np.array_equal(made.sides, split(table_of(pixel_hashes(pixels)[50:])).sides)


def test_a_file_without_a_hash_goes_by_its_name() -> None:
    table = table_of([1, 2])
    table = table.with_column("hash", pa.array([None, "2"]))
    assert split(table).hashes.to_pylist() == ["name:0.jpg", "2"]


# Given sides: the four cases


def given_table(**counts: int) -> Table:
    sides = [side for side, count in counts.items() for _ in range(count)]
    return table_of(range(len(sides)), split=[None if side == "none" else side for side in sides])


def test_none_given_draws_validation_and_test() -> None:
    made = split(given_table(none=1000))
    assert np.array_equal(made.sides, split(table_of(range(1000))).sides)
    assert made.origin == "validation (15 %) and test (15 %) drawn by hash of content with salt 0"
    assert (made.val, made.test, made.salt) == (0.15, 0.15, 0)


def test_only_train_given_draws_validation_and_test_from_it() -> None:
    made = split(given_table(train=1000))
    assert np.array_equal(made.sides, split(table_of(range(1000))).sides)
    assert made.origin.startswith("train given by the data; validation (15 %) and test (15 %) drawn from train")


def test_train_and_test_given_draws_validation_from_train_alone() -> None:
    made = split(given_table(train=1000, test=300), val=0.2)
    assert made.rows("test").tolist() == list(range(1000, 1300))
    assert 150 < made.rows("val").size < 250
    assert made.rows("val").max() < 1000
    assert (made.val, made.test) == (0.2, None)
    assert made.origin.startswith("train and test given by the data; validation (20 %) drawn from train by hash")


def test_train_and_validation_given_means_no_test_and_says_so() -> None:
    made = split(given_table(train=30, val=20))
    assert made.sides.tolist() == [TRAIN] * 30 + [VAL] * 20
    assert made.origin == (
        "train and validation given by the data; no test: the headline is validation, used for selection"
    )


def test_all_three_given_are_honored_in_any_spelling() -> None:
    made = split(table_of(range(5), split=["Train", "valid", "validation", " test ", "val"]))
    assert made.sides.tolist() == [TRAIN, VAL, VAL, TEST, VAL]
    assert made.origin == "train, validation and test given by the data"
    assert (made.val, made.test) == (None, None)


@pytest.mark.parametrize("sides", [{"test": 3}, {"val": 3, "test": 2}, {"val": 1, "none": 5}])
def test_given_sides_without_train_are_an_error(sides: dict[str, int]) -> None:
    with pytest.raises(DataError, match="none for train"):
        split(given_table(**sides))


def test_a_side_that_is_none_is_named() -> None:
    with pytest.raises(DataError, match="'holdout', 'tset'; write train, val or test"):
        split(table_of(range(3), split=["train", "tset", "holdout"]))


def test_pictures_whose_cell_is_empty_are_left_out_and_counted() -> None:
    made = split(given_table(train=5, val=5, test=5, none=2))
    assert made.sides[-2:].tolist() == [NONE, NONE]
    assert made.origin.endswith("; pictures left out, as they are given no side: 2")


def test_fractions_of_zero_draw_nothing_and_say_what_that_means() -> None:
    assert split(table_of(range(100)), val=0).origin.endswith("no validation: nothing chooses the epoch")
    assert split(table_of(range(100)), test=0).origin.endswith(
        "no test: the headline is validation, used for selection"
    )
    nothing = split(table_of(range(100)), val=0, test=0)
    assert nothing.origin == "no validation and no test: nothing measures the result"
    assert nothing.rows("train").size == 100


# Findings


def finding_of(check: str, table: Table, made: Split) -> object:
    return {finding.check: finding for finding in findings(table, made)}[check]


def test_classes_without_pictures_on_a_side_are_named_with_their_counts() -> None:
    table = table_of(range(6), label=[0, 0, 0, 1, 1, 1], split=["train", "val", "test", "train", "train", "val"])
    (lacking,) = findings(table, split(table))
    assert (lacking.check, lacking.verdict, lacking.value) == ("classes-without-test", Verdict.WARN, 1)
    assert lacking.detail == "Classes without test pictures, with their pictures in all: 'b' (3)."


def test_a_class_without_training_pictures_fails() -> None:
    table = table_of(range(4), label=[0, 1, 0, 0], split=["train", "test", "val", "test"])
    assert finding_of("classes-without-train", table, split(table)).verdict is Verdict.FAIL


def test_a_side_without_any_picture_is_said_once() -> None:
    table = table_of(range(4), label=[0, 1, 0, 1], split=["train", "train", "val", "val"])
    assert finding_of("classes-without-test", table, split(table)).detail == "There are no test pictures at all."


def test_nothing_is_found_where_all_is_well() -> None:
    table = table_of(range(3000), label=[n % 3 for n in range(3000)], group=[str(n % 700) for n in range(3000)])
    assert findings(table, split(table)) == []


def test_groups_torn_by_given_sides_are_named() -> None:
    groups = ["ward 1", "ward 2", "ward 1", None, None, ""]
    table = table_of(range(6), group=groups, split=["train", "val", "test", "train", "val", "test"])
    torn = finding_of("torn-groups", table, split(table))
    assert (torn.value, torn.detail) == (1, "Groups with pictures on more than one side: ward 1.")


def test_any_column_can_be_the_group() -> None:
    table = table_of(range(40), patient=[str(n % 4) for n in range(40)])
    made = split(grouped(table, "patient"), val=0.3, test=0.3)
    assert (made.sides.reshape(10, 4) == made.sides[:4]).all()
    assert "hash of group, or else content," in made.origin
    with pytest.raises(UnknownName, match="did you mean patient"):
        grouped(table, "pateint")


def test_an_unknown_side_is_named() -> None:
    with pytest.raises(UnknownName, match="did you mean train"):
        split(table_of([1])).rows("training")


# Scale


def test_a_hundred_thousand_rows_add_a_bounded_memory() -> None:
    benchmark = Path(__file__).parents[2] / "benchmarks" / "table.py"
    command = [sys.executable, str(benchmark), "--rows", "100000", "--steps", "split", "fingerprint", "match", "--json"]
    measured = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    added = {one["step"]: one["bytes"] / 100_000 for one in measured}
    assert len(added) == 3
    assert max(added.values()) < 2000, added  # bytes a row; about 1000 measured, of which 200 do not depend on the rows
