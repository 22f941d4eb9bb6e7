"""Tables: what they refuse, how they are relabelled by name, and what their fingerprint notices."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from striate.core.errors import ClassMismatch, DataError
from striate.data.table import Table, picture_columns

CLASSES = ("ant", "bee", "cat")


def table_of_files(**columns: pa.Array | list[object]) -> Table:
    labels = columns.pop("label", [0, 1, 2, 0])
    paths = columns.pop("path", [f"{n}.jpg" for n in range(len(labels))])
    table = pa.table({"path": paths, "label": pa.array(labels, pa.int32()), **columns})
    return Table(table, CLASSES, "folder", "photos", root=Path("/photos"))


def table_of_pixels(count: int = 4) -> Table:
    pixels = np.arange(count * 4, dtype=np.uint8).reshape(count, 2, 2, 1)
    return Table(picture_columns(np.arange(count) % 3), CLASSES, "made", "made", pixels=pixels)


def test_labels_counts_names_and_paths_are_read_from_the_columns() -> None:
    table = table_of_files(path=["a/1.jpg", "/abs/2.jpg", "3.jpg", "4.jpg"])
    assert table.labels.tolist() == [0, 1, 2, 0]
    assert table.counts.tolist() == [2, 1, 1]
    assert table.names([1, 0]) == ("/abs/2.jpg", "a/1.jpg")
    assert [table.path(0), table.path(1)] == [Path("/photos/a/1.jpg"), Path("/abs/2.jpg")]


def test_a_picture_of_an_array_is_called_by_its_source_and_index() -> None:
    assert table_of_pixels().take(np.array([3, 1])).names([0, 1]) == ("made[3]", "made[1]")


def test_labels_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        table_of_files().labels[0] = 2


def test_taking_rows_keeps_their_order_and_leaves_the_table_as_it_was() -> None:
    table = table_of_files(group=["a", None, "b", "c"])
    taken = table.take(np.array([2, 0]))
    assert taken.strings("group") == ["b", "a"]
    assert taken.labels.tolist() == [2, 0]
    assert len(table) == 4


def test_taking_no_rows_leaves_an_empty_table_with_all_its_classes() -> None:
    empty = table_of_files().take(np.array([], np.int64))
    assert len(empty) == 0
    assert empty.counts.tolist() == [0, 0, 0]


def test_a_column_is_added_and_replaced() -> None:
    table = table_of_files().with_column("group", pa.array(["a", "b", "c", "d"]))
    assert table.with_column("group", pa.array(["x"] * 4)).strings("group", [0, 3]) == ["x", "x"]
    assert table.strings("group", [3]) == ["d"]


@pytest.mark.parametrize(
    ("labels", "said"),
    [([0, 3], "holds 3, but there are 3 classes"), ([-1, 0], "holds -1"), ([0, None], "a whole number in every row")],
)
def test_a_label_that_is_no_class_is_refused(labels: list[int], said: str) -> None:
    with pytest.raises(DataError, match=said):
        table_of_files(label=labels)


def test_an_index_outside_the_array_is_refused() -> None:
    pixels = np.zeros((2, 2, 2, 1), np.uint8)
    with pytest.raises(DataError, match="there are 2 pictures in the array"):
        Table(picture_columns(np.zeros(3, np.int64)), CLASSES, "made", "made", pixels=pixels)


def test_a_table_that_says_nowhere_where_its_pictures_are_is_refused() -> None:
    with pytest.raises(DataError, match="nowhere where its pictures are"):
        Table(pa.table({"label": pa.array([0], pa.int32())}), CLASSES, "made", "made")


def test_a_table_without_labels_is_refused() -> None:
    with pytest.raises(DataError, match="no column 'label'"):
        Table(pa.table({"path": ["a.jpg"]}), CLASSES, "made", "made")


def test_repeated_class_names_are_refused() -> None:
    with pytest.raises(DataError, match="repeat: ant, ant"):
        replace(table_of_files(label=[0]), classes=("ant", "ant"))


def test_aligning_follows_the_names_and_not_the_order() -> None:
    aligned, left_out = table_of_files().align(("dog", "cat", "bee", "ant"))
    assert [aligned.classes[label] for label in aligned.labels] == ["ant", "bee", "cat", "ant"]
    assert left_out.size == 0


def test_aligning_names_an_unknown_class_and_how_many_pictures_it_has() -> None:
    with pytest.raises(ClassMismatch, match=r"'ant' \(2 pictures\).*--ignore-unknown"):
        table_of_files().align(("cat", "bee"))


def test_aligning_can_leave_unknown_classes_out_and_says_which_rows() -> None:
    aligned, left_out = table_of_files().align(("cat", "bee"), unknown="ignore")
    assert left_out.tolist() == [0, 3]
    assert aligned.labels.tolist() == [1, 0]
    assert aligned.names([0, 1]) == ("1.jpg", "2.jpg")


def test_a_class_without_pictures_may_be_unknown() -> None:
    aligned, _ = table_of_files(label=[0, 0]).align(("ant",))
    assert aligned.labels.tolist() == [0, 0]


CHANGES = {
    "a label": lambda table: table.with_column("label", pa.array([0, 1, 2, 1], pa.int32())),
    "a class name": lambda table: replace(table, classes=("ant", "bee", "dog")),
    "a path": lambda table: table.with_column("path", pa.array(["0.jpg", "1.jpg", "2.jpg", "9.jpg"])),
    "where one text ends": lambda table: table.with_column("group", pa.array(["ab", "c", None, ""])),
    "null for empty": lambda table: table.with_column("group", pa.array(["a", "bc", None, None])),
    "a group": lambda table: table.with_column("group", pa.array(["a", "bc", None, "d"])),
    "a new column": lambda table: table.with_column("hash", pa.array(["0", "1", "2", "3"])),
    "the order": lambda table: table.take(np.array([1, 0, 2, 3])),
    "the number": lambda table: table.take(np.array([0, 1, 2])),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_fingerprint_notices(change: object) -> None:
    table = table_of_files(group=pa.array(["a", "bc", None, ""]))
    assert change(table).fingerprint != table.fingerprint


def test_the_fingerprint_notices_a_pixel() -> None:
    table = table_of_pixels()
    changed = table.pixels.copy()
    changed[3, 1, 1, 0] ^= 1
    assert replace(table, pixels=changed).fingerprint != table.fingerprint


def test_the_fingerprint_takes_any_column_a_manifest_may_have() -> None:
    extra = {"angle": [0.5, None, 1.0, 2.0], "wet": [True, None, False, True], "tags": [["a"], [], None, ["b", "c"]]}
    table = table_of_files(**extra)
    for name in extra:
        changed = table.with_column(name, table.columns[name].take([0, 1, 2, 2]))
        assert changed.fingerprint != table.fingerprint, name


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(st.tuples(st.none() | st.text(max_size=4), st.integers(0, 2)), max_size=20),
    cuts=st.lists(st.integers(0, 20), max_size=4),
)
def test_the_fingerprint_does_not_depend_on_how_the_columns_are_stored(
    rows: list[tuple[str | None, int]], cuts: list[int]
) -> None:
    texts, labels = pa.array([text for text, _ in rows], pa.string()), [label for _, label in rows]
    bounds = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    pieces = [texts.slice(start, end - start) for start, end in pairwise(bounds)]
    whole = table_of_files(label=labels, group=texts)
    for stored in (
        pa.chunked_array(pieces, pa.string()),
        texts.cast(pa.large_string()),
        texts.dictionary_encode(),
        pa.concat_arrays([pa.array(["before"]), texts]).slice(1),
    ):
        assert table_of_files(label=labels, group=stored).fingerprint == whole.fingerprint


def test_the_fingerprint_notices_the_last_of_many_rows() -> None:
    many = 70_000  # more than are digested at once
    texts = [str(row) for row in range(many)]
    table = table_of_files(label=[0] * many, group=texts)
    changed = table_of_files(label=[0] * many, group=[*texts[:-1], "another"])
    assert changed.fingerprint != table.fingerprint


def test_an_empty_array_table_has_a_fingerprint() -> None:
    assert len(table_of_pixels(0).fingerprint) == 32
