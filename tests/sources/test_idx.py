import gzip
import struct

import numpy as np
import pytest

from striate.core.errors import DataError
from striate.sources import mnist
from striate.sources.idx import read_idx

TRAIN = "train-images-idx3-ubyte"


def header(*shape, kind=8):
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_values_come_with_the_last_dimension_fastest(disk, pack):
    values = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert (read_idx(disk.write("x", pack(header(2, 3, 4) + values.tobytes())), 3) == values).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it has 0 bytes"),
        (b"<!DOCTYPE html>", r"begins with b'<!DO', not b'\\x00\\x00\\x08\\x03'"),
        (header(2, 2), "no IDX file of 3 dimensions"),
        (header(1, 1, 1, kind=9) + b"x", "no IDX file"),
        (header(2, 2, 2)[:10], "no IDX file"),
        (header(2, 2, 2) + b"1234567", "has 7 bytes of values where its header says 2 x 2 x 2 = 8"),
        (header(2, 2, 2) + b"123456789", "has 9 bytes of values where its header says 2 x 2 x 2 = 8"),
        (header(2**32 - 1, 2**32 - 1, 2**32 - 1), "has 0 bytes of values where .* = 79228162458924105385300197375"),
        (gzip.compress(header(2, 2, 2) + b"12345678", mtime=0)[:-9], "cannot be unpacked"),
        (gzip.compress(header(2, 2, 2) + b"12345678", mtime=0)[:20], "cannot be unpacked"),
        (b"\x1f\x8bgarbage", "cannot be unpacked"),
    ],
)
def test_a_damaged_file_is_refused_with_what_it_has(disk, content, message):
    with pytest.raises(DataError, match=message):
        read_idx(disk.write("x", content), 3)


@pytest.mark.parametrize("rename", [str, lambda name: name.replace("-idx", ".idx")])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("place", [".", "mnist", "MNIST/raw"])
def test_files_are_found_packed_or_not_in_either_spelling_and_place(disk, rename, packed, place):
    folder = disk.idx(place, packed=packed)
    for path in list(folder.iterdir()):
        if path.is_file():
            path.rename(path.with_name(rename(path.name)))
    table = mnist.read(disk.root)
    assert table.root == folder.absolute()
    assert (table.pixels[17] == 17).all()
    assert table.labels[17] == 7
    assert table.strings("split", [29, 30]) == ["train", "test"]
    assert table.name(17) == "mnist[17]"


def test_absent_files_are_named_with_places_and_checksums(tmp_path):
    with pytest.raises(DataError) as caught:
        mnist.read(tmp_path / "nowhere")
    message = str(caught.value)
    assert "nowhere (no such folder) and in mnist, MNIST/raw beneath it" in message
    assert message.count(" md5 ") == 4
    assert "train-images-idx3-ubyte.gz  md5 f68b3c2dcbeaaa9fbdd348bbdeb94873" in message
    assert "--data-root" in message


def test_only_the_missing_ones_of_four_files_are_named(disk):
    (disk.idx() / f"{TRAIN}.gz").unlink()
    with pytest.raises(DataError) as caught:
        mnist.read(disk.root)
    assert str(caught.value).count(" md5 ") == 1
    assert TRAIN in str(caught.value)


def test_a_label_without_a_class_is_refused(disk):
    disk.write("mnist/train-labels-idx1-ubyte", header(30) + b"\x0a" * 30)
    (disk.idx() / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="has the label 10, but the classes are 0 to 9"):
        mnist.read(disk.root)


def test_pictures_and_labels_that_differ_in_number_are_refused(disk):
    disk.write("mnist/train-labels-idx1-ubyte", header(29) + bytes(29))
    (disk.idx() / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"has 30 pictures, but .* has 29 labels"):
        mnist.read(disk.root)


def test_pictures_of_two_sizes_are_refused(disk):
    disk.idx(packed=False)
    disk.write(f"mnist/{TRAIN}", header(30, 3, 3) + bytes(270))
    with pytest.raises(DataError, match="differ in size"):
        mnist.read(disk.root)


def test_other_files_than_the_official_are_read_and_said(disk):
    disk.idx()
    (note,) = mnist.read(disk.root).notes
    assert "not the official ones of mnist: 30 train and 10 test pictures" in note
