"""The split as a file: read back as it was, refused where it is wrong, taken from elsewhere."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from striate.core.errors import DataError
from striate.data.split import Split, match, split
from striate.data.table import Table, picture_columns

TRAIN, VAL, TEST = 0, 1, 2


def table_of(contents: Sequence[object], **columns: Sequence[object]) -> Table:
    """A table of files whose content is named, so that equal names are equal pictures."""
    texts = {name: pa.array(values, pa.string()) for name, values in columns.items() if name != "label"}
    labels = pa.array(columns.get("label", [0] * len(contents)), pa.int32())
    hashes = pa.array([str(content) for content in contents], pa.string())
    paths = texts.pop("path", pa.array([f"{place}.jpg" for place in range(len(contents))]))
    return Table(pa.table({"path": paths, "label": labels, "hash": hashes, **texts}), ("a", "b", "c"), "made", "made")


def test_a_saved_split_is_read_back_as_it_was(tmp_path: Path) -> None:
    made = split(table_of(range(73), split=["train"] * 50 + ["test"] * 20 + [None] * 3), salt=4)
    made.save(tmp_path / "split.parquet")
    read = Split.load(tmp_path / "split.parquet")
    assert np.array_equal(read.sides, made.sides)
    assert read.hashes.equals(made.hashes)
    assert (read.salt, read.val, read.test, read.origin) == (4, 0.15, None, made.origin)
    assert pq.read_schema(tmp_path / "split.parquet").names == ["row", "hash", "split"]


def test_the_same_split_is_the_same_file(tmp_path: Path) -> None:
    for name in ("one.parquet", "two.parquet"):
        split(table_of(range(50))).save(tmp_path / name)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_a_split_is_written_as_parquet_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"name it split\.parquet"):
        split(table_of([1])).save(tmp_path / "split.csv")
    assert list(tmp_path.iterdir()) == []


def write_parquet(path: Path, columns: dict[str, list[object]], **metadata: str) -> Path:
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata or None), path)
    return path


def test_the_lines_of_a_file_may_be_in_any_order(tmp_path: Path) -> None:
    path = write_parquet(
        tmp_path / "s.parquet", {"row": [2, 0, 1], "hash": ["c", "a", "b"], "split": ["test", "train", "val"]}
    )
    assert Split.load(path).sides.tolist() == [TRAIN, VAL, TEST]


WRONG = {
    "another table": ({"label": [1], "path": ["a"]}, {}, "is no split"),
    "no pictures named": ({"split": ["train"]}, {}, "needs columns 'split' and one of 'hash', 'path'"),
    "an unknown side": ({"hash": ["a"], "split": ["trian"]}, {}, "'trian'"),
    "an empty hash": ({"hash": ["a", None], "split": ["train", "val"]}, {}, "empty cells"),
    "a lost line": ({"row": [0, 2], "hash": ["a", "b"], "split": ["train", "val"]}, {}, "gaps or repeats"),
    "a row that is no number": ({"row": ["0"], "hash": ["a"], "split": ["train"]}, {}, "whole number"),
    "a path named twice": ({"path": ["a", "a"], "split": ["train", "val"]}, {}, "names a picture twice"),
    "metadata that is no JSON": ({"hash": ["a"], "split": ["train"]}, {"striate": "{"}, "damaged"),
    "metadata that lacks parts": ({"hash": ["a"], "split": ["train"]}, {"striate": "{}"}, "damaged"),
    "metadata that is no record": ({"hash": ["a"], "split": ["train"]}, {"striate": "[1]"}, "damaged"),
}


@pytest.mark.parametrize(("columns", "metadata", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_refused_with_its_name(
    tmp_path: Path, columns: dict[str, list[object]], metadata: dict[str, str], said: str
) -> None:
    path = write_parquet(tmp_path / "wrong.parquet", columns, **metadata)
    with pytest.raises(DataError, match=said) as refusal:
        Split.load(path)
    assert "wrong.parquet" in str(refusal.value)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "split.parquet"
    split(table_of(range(50))).save(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="damaged"):
        Split.load(path)


@pytest.mark.parametrize("part", ["split", "metadata"])
def test_a_file_that_was_changed_but_still_claims_its_draw_is_refused(part: str, tmp_path: Path) -> None:
    path = tmp_path / "split.parquet"
    split(table_of(range(50))).save(path)
    table = pq.read_table(path)
    if part == "split":
        table = table.set_column(2, "split", pa.array(["train"] * 50))
    else:
        said = {**json.loads(table.schema.metadata[b"striate"]), "val": 0.5}
        table = table.replace_schema_metadata({b"striate": json.dumps(said)})
    pq.write_table(table, path)
    with pytest.raises(DataError, match="changed after it was written"):
        Split.load(path)
    pq.write_table(table.replace_schema_metadata(None), path)
    assert Split.load(path).origin == "given by split.parquet"


def test_a_flipped_bit_is_never_read_as_another_split(tmp_path: Path) -> None:
    path = tmp_path / "split.parquet"
    made = split(table_of(range(50)))
    made.save(path)
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            read = Split.load(path)
        except DataError:
            continue
        assert read.sides.tolist() == made.sides.tolist()
        assert read.hashes.equals(made.hashes)


def test_a_missing_file_is_named_with_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no split file .*mine\.parquet; `striate data split"):
        Split.load(tmp_path / "mine.parquet")


def test_a_csv_from_elsewhere_may_name_paths(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("path,split\n1.jpg,val\n0.jpg,train\n2.jpg,test\n")
    made = split(table_of(range(3)), previous=Split.load(tmp_path / "mine.csv"))
    assert made.sides.tolist() == [TRAIN, VAL, TEST]
    assert made.hashes.to_pylist() == ["0", "1", "2"]
    assert made.origin == "train, validation and test given by mine.csv"


def test_hashes_of_digits_alone_are_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("hash,split\n007,train\n08,val\n")
    assert Split.load(tmp_path / "mine.csv").hashes.to_pylist() == ["007", "08"]


def test_a_file_from_elsewhere_without_validation_gets_it_from_train(tmp_path: Path) -> None:
    lines = [f"{n}.jpg,{'train' if n < 200 else 'test'}" for n in range(250)]
    (tmp_path / "mine.csv").write_text("\n".join(["path,split", *lines]))
    foreign = Split.load(tmp_path / "mine.csv")
    made = split(table_of(range(250)), val=0.2, previous=foreign)
    assert made.rows("test").tolist() == list(range(200, 250))
    assert 20 < made.rows("val").size < 60
    assert made.origin.startswith("train and test given by mine.csv; validation (20 %) drawn from train")
    assert foreign.rows("val").size == 0


def test_a_file_that_names_paths_does_not_fit_an_array(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("path,split\na,train\n")
    arrays = Table(
        picture_columns(np.zeros(1, np.int64)), ("a",), "made", "made", pixels=np.zeros((1, 2, 2, 1), np.uint8)
    )
    with pytest.raises(DataError, match="are no files: use hashes"):
        match(arrays, Split.load(tmp_path / "mine.csv"))


def test_a_saved_split_is_extended_by_its_own_salt_and_fractions(tmp_path: Path) -> None:
    path = tmp_path / "split.parquet"
    split(table_of(range(50)), salt=3).save(path)
    extended = split(table_of(range(60)), salt=9, val=0.5, previous=Split.load(path), extend=True)
    assert extended.sides.tolist() == split(table_of(range(60)), salt=3).sides.tolist()
    extended.save(path)
    assert (Split.load(path).salt, Split.load(path).val, len(Split.load(path))) == (3, 0.15, 60)
