import pickle
import sys

import numpy as np
import pytest

from striate.core.errors import ClassMismatch, DataError
from striate.sources import cifar10, cifar100

BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


@pytest.fixture
def python_edition(disk):
    """CIFAR-10's python edition, as today's Python writes it for Python 2."""

    def write(place="cifar-10-batches-py", **changes):
        for name in BATCHES:
            planes = np.arange(10, dtype=np.uint8)[:, None] + np.repeat(np.arange(3, dtype=np.uint8), 1024)
            entries = {"data": planes, "labels": [i % 10 for i in range(10)], "batch_label": name, **changes}
            disk.write(f"{place}/{name}", pickle.dumps(entries, protocol=2))
        return disk.root / place

    return write


@pytest.mark.parametrize("place", [".", "cifar10", "cifar-10-batches-bin", "cifar10/cifar-10-batches-bin"])
def test_a_record_is_a_label_and_three_planes(disk, place):
    folder = disk.cifar10(place)
    table = cifar10.read(disk.root)
    assert table.root == folder
    assert table.pixels.shape == (60, 32, 32, 3)
    assert table.pixels.flags.c_contiguous
    assert (table.pixels[7] == [7, 8, 9]).all()
    assert (table.labels == np.arange(60) % 10).all()
    assert table.strings("split", [49, 50]) == ["train", "test"]
    assert table.notes[0] == "cifar10 has 50 train pictures here, not the 50000 of the official files"


def test_rows_of_a_plane_run_from_the_top(disk):
    disk.cifar10()
    record = np.zeros(3073, np.uint8)
    record[1 + 32 * 2 + 5] = 200  # red, third row, sixth column
    disk.write("cifar10/data_batch_1.bin", record.tobytes())
    assert np.argwhere(cifar10.read(disk.root).pixels[0]).tolist() == [[2, 5, 0]]


def test_both_editions_make_one_table(disk, python_edition):
    disk.cifar10("a/cifar10")
    python_edition("b/cifar-10-batches-py")
    assert cifar10.read(disk.root / "a").fingerprint == cifar10.read(disk.root / "b").fingerprint


@pytest.mark.parametrize(("labels", "byte"), [("fine", 1), ("coarse", 0)])
def test_hundred_classes_or_their_twenty_kinds(disk, labels, byte):
    disk.cifar100("cifar-100-binary")
    table = cifar100.read(disk.root, labels=labels)
    assert len(table.classes) == {"fine": 100, "coarse": 20}[labels]
    assert table.labels[:4].tolist() == ([0, 1, 2, 3] if byte else [0, 0, 1, 1])
    assert table.location == f"cifar100?labels={labels}"


def test_another_kind_of_labels_is_refused(disk):
    with pytest.raises(DataError, match="option labels='both' is not allowed: give fine or coarse"):
        cifar100.read(disk.root, labels="both")


@pytest.mark.parametrize("edition", ["binary", "python"])
def test_class_names_beside_the_files_must_be_those_of_the_data_set(disk, python_edition, edition):
    names = list(cifar10.CLASSES)
    for listed, fits in ((names, True), (names[::-1], False)):
        if edition == "binary":
            place = disk.cifar10()
            disk.write("cifar10/batches.meta.txt", "\n".join(listed) + "\n\n")
        else:
            place = python_edition("py")
            disk.write("py/batches.meta", pickle.dumps({"label_names": listed}, protocol=2))
        if fits:
            assert cifar10.read(place).classes == cifar10.CLASSES
        else:
            with pytest.raises(ClassMismatch, match="names other classes than cifar10 has: truck, ship"):
                cifar10.read(place)


@pytest.mark.parametrize("size", [0, 1, 3072, 3073 * 10 - 1])
def test_a_truncated_file_is_refused_with_its_size(disk, size):
    path = disk.cifar10() / "data_batch_3.bin"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DataError, match=rf"data_batch_3\.bin has {size} bytes, not a multiple of 3073: truncated"):
        cifar10.read(disk.root)


def test_a_label_without_a_class_is_refused(disk):
    disk.cifar10()
    disk.write("cifar10/test_batch.bin", b"\x0a" + bytes(3072))
    with pytest.raises(DataError, match=r"test_batch\.bin has the label 10, but the classes of cifar10 are 0 to 9"):
        cifar10.read(disk.root)


def test_a_missing_batch_is_named(disk):
    (disk.cifar10() / "data_batch_2.bin").unlink()
    with pytest.raises(DataError, match=r"lacks data_batch_2\.bin"):
        cifar10.read(disk.root)


def test_absent_files_are_named_with_places_and_checksums(tmp_path):
    with pytest.raises(DataError) as caught:
        cifar10.read(tmp_path)
    message = str(caught.value)
    assert "cifar-10-batches-bin" in message
    assert "data_batch_5.bin" in message
    assert "cifar-10-binary.tar.gz  md5 c32a1d4ab5d03f1284b67883e8d87530" in message


def test_an_archive_that_was_not_unpacked_is_pointed_out(disk):
    disk.write("cifar10/cifar-10-binary.tar.gz")
    with pytest.raises(DataError, match=r"cifar10/cifar-10-binary\.tar\.gz is still packed: unpack it"):
        cifar10.read(disk.root)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": [1, 2]}, "no array 'data' of 3072 bytes"),
        ({"data": np.zeros((10, 3), np.uint8)}, "no array 'data' of 3072 bytes"),
        ({"data": np.zeros((10, 3072))}, "array of type 'f8', where only unsigned bytes"),
        ({"labels": ["a"] * 10}, "no list of whole numbers 'labels'"),
        ({"labels": [0] * 9}, "10 pictures, but 9 labels"),
        ({"labels": [10] * 10}, "has the label 10"),
        ({"labels": [-1] * 10}, "has the label -1"),
        ({"labels": [2**70] * 10}, "has the label 1180591620717411303424"),
    ],
)
def test_a_pickle_of_something_else_is_refused(python_edition, changes, message):
    with pytest.raises(DataError, match=message):
        cifar10.read(python_edition(**changes))


def test_the_real_pictures_are_read_in_both_editions(shared_data, tmp_path):
    sys.path.insert(0, str(shared_data / "cifar10"))
    try:
        import prepare

        images, labels = prepare.load("test_batch")
        names = prepare._index()["test_batch"]["names"]
        old = prepare.official_batch("test_batch", images, labels, names)  # byte for byte the file of 2009
    finally:
        sys.path.pop(0)
        sys.modules.pop("prepare", None)
    records = np.concatenate([labels[:, None], images.transpose(0, 3, 1, 2).reshape(len(images), -1)], axis=1)
    for name in BATCHES:
        (tmp_path / name).write_bytes(old)
        (tmp_path / "cifar10").mkdir(exist_ok=True)
        (tmp_path / "cifar10" / f"{name}.bin").write_bytes(records.tobytes())
    binary = cifar10.read(tmp_path)
    assert (binary.pixels[-10_000:] == images).all()
    assert (binary.labels[-10_000:] == labels).all()
    assert binary.notes == ()
    (tmp_path / "cifar10" / "data_batch_1.bin").parent.rename(tmp_path / "aside")
    python = cifar10.read(tmp_path)
    assert python.root == tmp_path
    assert (python.pixels == binary.pixels).all()
    assert (python.labels == binary.labels).all()
