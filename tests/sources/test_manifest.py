import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from striate.core.errors import ClassMismatch, DataError
from striate.sources import manifest

PLAIN = "path,label\na.png,cat\nb/c.png,dog\n"


def write_parquet(disk, **columns):
    pq.write_table(pa.table(columns), disk.root / "m.parquet")
    return disk.root / "m.parquet"


def labels(table):
    return [table.classes[label] for label in table.labels]


@pytest.mark.parametrize("column", ["image_path", "path", "file_name", "Path", " PATH "])
def test_paths_start_at_the_manifests_folder(disk, column):
    disk.pictures("a.png", "b/c.png")
    table = manifest.read(disk.write("m.csv", PLAIN.replace("path", column, 1)))
    assert [table.path(row).read_text() for row in range(2)] == ["a.png", "b/c.png"]
    assert (table.classes, labels(table)) == (("cat", "dog"), ["cat", "dog"])


def test_absolute_paths_stay(disk):
    picture = disk.write("elsewhere/a.png")
    assert manifest.read(disk.write("m/m.csv", f"path,label\n{picture},cat\n")).path(0) == picture


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        b"\n\n" + PLAIN.replace("\n", "\n\n").encode(),
        PLAIN.replace(",", " , ").encode(),
        b'"path","label"\n"a.png","cat"\n"b/c.png","dog"\n',
        b"extra,extra,label,path\n1,2,cat,a.png\n3,4,dog,b/c.png",
    ],
    ids=["mark", "utf-16", "semicolon", "tab", "windows", "blank lines", "blanks", "quoted", "more columns"],
)
def test_the_ways_that_spreadsheets_write_are_read(disk, content):
    table = manifest.read(disk.write("m.csv", content))
    assert (table.strings("path"), labels(table)) == (["a.png", "b/c.png"], ["cat", "dog"])


def test_a_tsv_is_read(disk):
    assert len(manifest.read(disk.write("m.TSV", PLAIN.replace(",", "\t")))) == 2


def test_quoted_separators_belong_to_the_value(disk):
    table = manifest.read(disk.write("m.csv", 'path,label\n"a,b.png","big, red"\n'))
    assert (table.name(0), table.classes) == ("a,b.png", ("big, red",))


def test_numeric_labels_are_text_in_order_of_value(disk):
    table = manifest.read(disk.write("m.csv", "path,label\na,10\nb,9\nc,10\n"))
    assert (table.classes, labels(table)) == (("9", "10"), ["10", "9", "10"])


def test_words_that_mean_nothing_elsewhere_are_labels(disk):
    assert manifest.read(disk.write("m.csv", "path,label\na,NA\nb,None\nc,null\n")).classes == ("NA", "None", "null")


def test_labels_that_look_equal_are_one_class(disk):
    content = "path,label\na,caf\u00e9\nb,cafe\u0301\nc, caf\u00e9 \n"
    assert manifest.read(disk.write("m.csv", content)).counts.tolist() == [3]


def test_splits_are_known_in_every_spelling(disk):
    spellings = ["train", "Training", "val", "valid", "validation", "TEST"]
    content = "path,label,split\n" + "".join(f"{place},x,{name}\n" for place, name in enumerate(spellings))
    assert manifest.read(disk.write("m.csv", content)).strings("split") == ["train"] * 2 + ["val"] * 3 + ["test"]


@pytest.mark.parametrize(("value", "named"), [("dev", "'dev'"), ("", "empty")])
def test_another_split_is_refused_with_its_row(disk, value, named):
    with pytest.raises(DataError, match=rf"row 2 .*split is {named}; allowed are train, training"):
        manifest.read(disk.write("m.csv", f"path,label,split\na,x,train\nb,x,{value}\nc,x,{value}\n"))


def test_a_split_column_without_values_is_no_split(disk):
    assert not manifest.read(disk.write("m.csv", "path,label,split,group\na,x,,\nb,x,,\n")).has("split")


def test_a_class_without_training_rows_is_refused_by_name(disk):
    with pytest.raises(ClassMismatch, match=r"without any training row: 'zebra' \(1 rows\)"):
        manifest.read(disk.write("m.csv", "path,label,split\na,cat,train\nb,cat,val\nc,zebra,val\n"))


def test_a_manifest_of_test_pictures_needs_no_training_rows(disk):
    assert manifest.read(disk.write("m.csv", "path,label,split\na,cat,test\nb,dog,test\n")).classes == ("cat", "dog")


def test_groups_and_hashes_are_kept(disk):
    table = manifest.read(disk.write("m.csv", "path,label,group,hash\na,x,p1,00ff\nb,x,,11ee\n"))
    assert table.strings("group") == ["p1", None]
    assert table.strings("hash") == ["00ff", "11ee"]


def test_hashes_with_holes_are_not_used_and_that_is_said(disk):
    table = manifest.read(disk.write("m.csv", "path,label,hash\na,x,00ff\nb,x,\n"))
    assert not table.has("hash")
    assert "1 of its cells are empty" in table.notes[0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,cat\nb,\nc,\n", r"row 2 .*label is empty\. 2 rows"),
        ("a,cat\nb,  \n", "row 2 .*label is empty"),
        ("a,cat\n,dog\n", "row 2 .*path is empty"),
        ("a,cat\n   ,dog\n", "row 2 .*path is empty"),
    ],
)
def test_an_empty_cell_is_refused_with_its_row(disk, rows, message):
    with pytest.raises(DataError, match=message):
        manifest.read(disk.write("m.csv", "path,label\n" + rows))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "its columns are none"),
        ("path,label\n", "no rows"),
        (
            "a.png,cat\nb.png,dog\n",
            r"no column image_path, path or file_name and no column label: its columns are a\.png",
        ),
        ("path,class\na,b\n", "no column label: its columns are path, class"),
        ("path,label,label\na,b,c\n", "several columns label"),
        ("path,image_path,label\na,b,c\n", "image_path and path, which mean the same"),
        ("path,label\na,b,c\n", r"cannot be read as csv: .*Expected 2 columns, got 3"),
        (b"path,label\ncaf\xe9,x\n", "no UTF-8 text"),
        (b"path,label\na,caf\xe9\n", "no UTF-8 text"),
        (b"path,label,split\na,x,caf\xe9\n", "no UTF-8 text"),
        (b"path,label,caf\xe9\na,x,1\n", "no UTF-8 text"),
        (b"\x00\x01\x02\xff\xfe" * 50, "UTF-8|no column"),
    ],
)
def test_a_table_that_is_no_manifest_is_refused_with_the_reason(disk, content, message):
    with pytest.raises(DataError, match=message):
        manifest.read(disk.write("m.csv", content))


def test_windows_paths_are_read_and_said(disk):
    table = manifest.read(disk.write("m.csv", "path,label\ncats\\1.png,cat\ndogs\\2.png,dog\n"))
    assert table.strings("path") == ["cats/1.png", "dogs/2.png"]
    assert "Windows" in table.notes[0]


def test_a_missing_manifest_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no file .*gone\.csv"):
        manifest.read(tmp_path / "gone.csv")


def test_parquet_says_the_same_as_csv(disk):
    path = write_parquet(disk, label=["cat", "dog"], path=["a.png", "b/c.png"], other=[[1], [2]])
    assert manifest.read(path).fingerprint == manifest.read(disk.write("m.csv", PLAIN)).fingerprint


@pytest.mark.parametrize(
    ("column", "classes"),
    [
        (pa.array([10, 9, 10]), ("9", "10")),
        (pa.array([10.0, 9.0, 10.0]), ("9", "10")),
        (pa.array([True, False, True]), ("false", "true")),
        (pa.array(["x", "y", "x"]).dictionary_encode(), ("x", "y")),
        (pa.array(["x", "y", "x"], pa.large_string()), ("x", "y")),
        (pa.DictionaryArray.from_arrays([1, 0, 1], ["a", "b", "never"]), ("a", "b")),
        (pa.DictionaryArray.from_arrays([1, 0, 1], [7, 5, 6]), ("5", "7")),
    ],
    ids=["whole", "floating", "boolean", "dictionary", "large", "unused category", "numbered category"],
)
def test_parquet_labels_of_any_plain_type_are_text(disk, column, classes):
    assert manifest.read(write_parquet(disk, path=["a", "b", "c"], label=column)).classes == classes


def test_parquet_in_many_pieces_is_one_table(disk):
    names = [f"{place:05d}" for place in range(70_000)]
    data = pa.table({"path": names, "label": [f"c{place % 300}" for place in range(70_000)], "group": range(70_000)})
    pq.write_table(data, disk.root / "m.parquet", row_group_size=999)
    table = manifest.read(disk.root / "m.parquet")
    assert table.columns["path"].num_chunks == 1
    assert table.strings("path") == names
    assert (table.labels == np.arange(70_000) % 300).all()
    assert table.strings("group", [69_999]) == ["69999"]


@pytest.mark.parametrize("value", [None, float("nan")])
def test_a_parquet_label_that_is_missing_is_refused(disk, value):
    with pytest.raises(DataError, match=r"row 2 .*label is empty"):
        manifest.read(write_parquet(disk, path=["a", "b"], label=pa.array([1.0, value], from_pandas=False)))


def test_parquet_columns_that_hold_no_text_are_refused(disk):
    with pytest.raises(DataError, match="cannot be read as parquet"):
        manifest.read(write_parquet(disk, path=["a"], label=[[1, 2]]))


@pytest.mark.parametrize("name", ["path", "label", "split", "group"])
def test_parquet_text_that_is_no_utf8_is_refused(disk, name):
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, 4], np.int32)), pa.py_buffer(b"caf\xe9"))
    columns = {"path": ["a"], "label": ["x"], "split": ["train"], "group": ["g"], name: bad}
    with pytest.raises(DataError, match="no UTF-8 text"):
        manifest.read(write_parquet(disk, **columns))


@pytest.mark.parametrize("size", [0, 10, 300])
def test_a_truncated_parquet_is_refused(disk, size):
    whole = write_parquet(disk, path=["a", "b"], label=["x", "y"]).read_bytes()
    with pytest.raises(DataError, match=r"m\.parquet cannot be read as parquet"):
        manifest.read(disk.write("m.parquet", whole[:size]))
