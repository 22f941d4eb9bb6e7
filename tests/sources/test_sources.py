"""What holds for every source; a new row in SOURCES brings its own tests, and needs an entry in MADE."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from striate.data.table import SIDES, Table
from striate.sources import SOURCES, open_table

MANIFEST = "path,label\na.png,cat\nb.png,dog\nc.png,cat\n"

# source: what writes its files and returns what to open, how many pictures and classes come of it, its sides
MADE = {
    "folder": (lambda disk: disk.pictures("cat/1.jpg", "cat/2.jpg", "dog/1.jpg"), 3, 2, None),
    "manifest": (lambda disk: disk.write("m.csv", MANIFEST), 3, 2, None),
    "digits": (lambda disk: "digits", 1797, 10, None),
    "mnist": (lambda disk: disk.idx() and "mnist", 40, 10, {"train": 30, "test": 10}),
    "fashion_mnist": (lambda disk: disk.idx("fashion-mnist") and "fashion_mnist", 40, 10, {"train": 30, "test": 10}),
    "cifar10": (lambda disk: disk.cifar10() and "cifar10", 60, 10, {"train": 50, "test": 10}),
    "cifar100": (lambda disk: disk.cifar100() and "cifar100", 30, 100, {"train": 20, "test": 10}),
    "shapes": (lambda disk: "shapes?count=20&size=24", 20, 10, None),
    "roads": (lambda disk: "roads?count=60", 60, 30, None),
}


@pytest.fixture
def opened(disk, source) -> Callable[[], Table]:
    data = MADE[source][0](disk)
    return lambda: open_table(data, data_root=disk.root)


each_source = pytest.mark.parametrize("source", SOURCES)


@each_source
def test_counts_and_classes_are_those_of_the_data(source, opened):
    table = opened()
    _, pictures, classes, sides = MADE[source]
    assert (len(table), len(table.classes), table.counts.sum()) == (pictures, classes, pictures)
    assert table.source == source
    assert table.has("split") == (sides is not None)
    for side in SIDES if sides else ():
        assert table.strings("split").count(side) == sides.get(side, 0)


@each_source
def test_labels_are_classes_and_pictures_are_bytes(source, opened):
    table = opened()
    assert table.columns["label"].type == pa.int32()
    assert (table.labels >= 0).all()
    assert (table.labels < len(table.classes)).all()
    if table.pixels is None:
        assert not any(table.path(row).is_absolute() and not table.root.is_absolute() for row in range(len(table)))
    else:
        assert (table.pixels.dtype, table.pixels.ndim) == (np.uint8, 4)
        assert table.pixels.shape[3] in {1, 3}
        assert table.columns["index"].to_pylist() == list(range(len(table.pixels)))


@each_source
def test_two_readings_have_one_fingerprint_and_a_new_label_another(source, opened):
    table, again = opened(), opened()
    assert table.fingerprint == again.fingerprint
    labels = table.labels.copy()
    labels[0] = (labels[0] + 1) % len(table.classes)
    assert table.with_column("label", pa.array(labels, pa.int32())).fingerprint != table.fingerprint


@each_source
def test_the_location_opens_the_same_table(source, opened, disk):
    table = opened()
    assert open_table(table.location, data_root=disk.root).fingerprint == table.fingerprint


@each_source
def test_reading_says_what_a_user_should_know_in_sentences_or_nothing(source, opened):
    assert all(len(note) > 10 and "\n" not in note for note in opened().notes)
