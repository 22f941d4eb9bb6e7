import os

import pytest

from striate.core.errors import ClassMismatch, DataError
from striate.sources import folder


def rows(table):
    """Return (side, class, path) of every row."""
    sides = table.strings("split") if table.has("split") else [None] * len(table)
    return [(sides[row], table.classes[table.labels[row]], table.name(row)) for row in range(len(table))]


def test_each_folder_is_a_class_and_deeper_pictures_belong_to_it(read_folder):
    table = read_folder("dog/2.png", "cat/b/deep/1.JPG", "cat/1.jpeg", "dog/10.png")
    assert rows(table) == [
        (None, "cat", "cat/1.jpeg"),
        (None, "cat", "cat/b/deep/1.JPG"),
        (None, "dog", "dog/10.png"),
        (None, "dog", "dog/2.png"),
    ]
    assert table.path(0).read_text() == "cat/1.jpeg"
    assert table.notes == ()


@pytest.mark.parametrize("val", ["val", "valid", "validation", "Validation"])
def test_folders_named_after_sides_are_sides(read_folder, val):
    table = read_folder(f"{val}/cat/3.jpg", "train/cat/1.jpg", "train/dog/2.jpg", "test/dog/4.jpg")
    assert rows(table) == [
        ("train", "cat", "train/cat/1.jpg"),
        ("train", "dog", "train/dog/2.jpg"),
        ("val", "cat", f"{val}/cat/3.jpg"),
        ("test", "dog", "test/dog/4.jpg"),
    ]


def test_a_side_that_lacks_a_class_is_labelled_rightly_and_said(read_folder):
    table = read_folder("train/a/1.jpg", "train/b/1.jpg", "train/c/1.jpg", "val/c/1.jpg", "val/a/1.jpg")
    assert [side_and_class[:2] for side_and_class in rows(table)][3:] == [("val", "a"), ("val", "c")]
    assert table.notes == ("val has no pictures of b",)


def test_a_side_with_a_class_that_train_lacks_is_refused_by_name(read_folder):
    with pytest.raises(ClassMismatch, match=r"val has classes that .*train lacks: 'zebra' \(2 pictures\).*Known: cat"):
        read_folder("train/cat/1.jpg", "val/cat/2.jpg", "val/zebra/3.jpg", "val/zebra/4.jpg")


def test_an_empty_folder_in_validation_is_no_class(read_folder, disk):
    (disk.root / "val" / "zebra").mkdir(parents=True)
    assert read_folder("train/cat/1.jpg", "val/cat/2.jpg").classes == ("cat",)


def test_a_test_folder_alone_has_its_own_classes(read_folder):
    assert rows(read_folder("test/b/1.jpg", "test/a/1.jpg"))[0] == ("test", "a", "test/a/1.jpg")


def test_an_empty_class_folder_stays_a_class_of_no_pictures(read_folder, disk):
    (disk.root / "bird").mkdir()
    table = read_folder("cat/1.jpg", "dog/1.jpg")
    assert table.classes == ("bird", "cat", "dog")
    assert table.counts.tolist() == [0, 1, 1]


def test_classes_are_in_natural_order(read_folder):
    assert read_folder("c10/1.jpg", "c9/1.jpg", "c1/1.jpg").classes == ("c1", "c9", "c10")


def test_a_class_is_the_same_in_either_unicode_form(read_folder):
    table = read_folder("train/cafe\u0301/1.jpg", "val/caf\u00e9/2.jpg", "train/tea/1.jpg")
    assert table.classes == ("caf\u00e9", "tea")
    assert table.path(0).is_file()


def test_what_is_no_picture_is_counted_by_ending_and_what_systems_leave_is_not(read_folder, disk):
    for name in ("cat/notes.txt", "cat/more.TXT", "cat/README", "data.csv", "cat/.DS_Store", "cat/Thumbs.db"):
        disk.write(name)
    table = read_folder("cat/1.jpg", "dog/1.jpg", "__MACOSX/cat/1.jpg", ".hidden/1.jpg", "cat/._1.jpg")
    assert table.classes == ("cat", "dog")
    assert len(table) == 2
    (note,) = table.notes
    assert note.startswith("files that do not end like a picture")
    assert note.endswith(".csv (1), .txt (2), no ending (1)")


def test_pictures_in_no_class_folder_are_counted(read_folder):
    table = read_folder("cat/1.jpg", "dog/1.jpg", "loose.jpg", "loose2.png")
    assert len(table) == 2
    assert table.notes == (f"pictures directly in {table.root}, in no class folder, were left out: 2",)


def test_unlabelled_test_pictures_are_left_out_and_said(read_folder):
    table = read_folder("train/cat/1.jpg", "train/dog/1.jpg", "test/1.jpg", "test/2.jpg")
    assert table.strings("split") == ["train", "train"]
    assert table.notes[0].endswith("/test, in no class folder, were left out: 2")


def test_folders_beside_the_sides_are_left_out_and_said(read_folder):
    table = read_folder("train/cat/1.jpg", "val/cat/1.jpg", "extra/cat/1.jpg", "extra/cat/2.jpg")
    assert len(table) == 2
    assert table.notes == ("folders beside train, val and test were left out: extra (2 pictures)",)


def test_a_class_named_train_among_other_classes_is_a_class(read_folder):
    table = read_folder("train/1.jpg", "bus/1.jpg", "car/1.jpg")
    assert table.classes == ("bus", "car", "train")
    assert not table.has("split")
    assert table.notes == ("taken as classes, since they hold pictures and no class folders: train",)


def test_two_folders_for_one_side_are_refused(read_folder):
    with pytest.raises(DataError, match="several folders for the val pictures: val, valid"):
        read_folder("train/a/1.jpg", "val/a/1.jpg", "valid/a/1.jpg")


@pytest.mark.parametrize("paths", [("1.jpg", "2.jpg"), ("train/1.jpg", "test/2.jpg")])
def test_pictures_without_class_folders_are_refused_with_both_layouts(read_folder, paths):
    with pytest.raises(DataError, match=r"holds 2 pictures but no class folders.*ROOT/<class>.*ROOT/train/<class>"):
        read_folder(*paths)


def test_a_folder_around_a_split_folder_is_refused_with_the_right_one(read_folder, disk):
    with pytest.raises(DataError, match=f"give {disk.root}/data instead"):
        read_folder("data/train/cat/1.jpg", "data/val/cat/1.jpg")


def test_folders_named_like_sides_within_classes_are_said(read_folder):
    table = read_folder("cat/train/1.jpg", "cat/test/1.jpg", "dog/1.jpg")
    assert "cat/test, cat/train" in table.notes[0]


def test_a_folder_without_pictures_is_refused_with_what_it_has(disk):
    disk.write("a/1.txt")
    with pytest.raises(DataError, match=r"has no pictures \(files that do not end like .*\.txt \(1\)\)"):
        folder.read(disk.root)
    disk.write("b/empty/.keep")
    with pytest.raises(DataError, match=r"has no pictures \(it is empty\)"):
        folder.read(disk.root / "b" / "empty")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no folder .*nowhere"):
        folder.read(tmp_path / "nowhere")


def test_links_are_followed_once_and_loops_end(read_folder, disk):
    root = disk.pictures("elsewhere/x/1.jpg", "data/cat/1.jpg", "data/dog/1.jpg")
    (root / "data/cat/linked").symlink_to(root / "elsewhere" / "x")
    (root / "data/cat/again").symlink_to(root / "data" / "cat")
    (root / "data/cat/top").symlink_to(root / "data")
    (root / "data/cat/self").symlink_to("self")
    table = folder.read(root / "data")
    assert [name for _, _, name in rows(table)] == ["cat/1.jpg", "cat/linked/1.jpg", "dog/1.jpg"]
    assert "links to folders that were read already were left out: cat/again, cat/top" in table.notes


def test_a_broken_link_is_a_picture_for_the_audit_to_name(read_folder, disk):
    disk.pictures("cat/1.jpg")
    (disk.root / "cat/2.jpg").symlink_to("gone.jpg")
    assert [name for _, _, name in rows(read_folder("dog/1.jpg"))] == ["cat/1.jpg", "cat/2.jpg", "dog/1.jpg"]


def test_a_pipe_named_like_a_picture_is_passed_over(read_folder, disk):
    disk.pictures("cat/1.jpg")
    os.mkfifo(disk.root / "cat/2.jpg")
    assert read_folder("dog/1.jpg").notes[0].endswith("no regular file (1)")


def test_odd_characters_in_names_survive(read_folder):
    names = ["cat/a b.jpg", "cat/naïve 🙂.jpg", "cat/new\nline.jpg", "cat/it's;$(x).jpg", "dog/..jpg.jpg"]
    table = read_folder(*names)
    assert {name for _, _, name in rows(table)} == set(names) - {"dog/..jpg.jpg"}
    assert all(table.path(row).is_file() for row in range(len(table)))


@pytest.mark.parametrize("name", [b"cat/caf\xe9.jpg", b"caf\xe9/1.jpg", b"cat/x.t\xe9t"])
def test_names_that_are_no_utf8_are_named_or_noted_never_a_crash(disk, name):
    root = disk.pictures("cat/1.jpg", "dog/1.jpg")
    place = root / os.fsdecode(name)
    place.parent.mkdir(exist_ok=True)
    place.touch()
    if name.endswith(b".jpg"):
        with pytest.raises(DataError, match=r"no UTF-8: .*\\xe9"):
            folder.read(root)
    else:
        assert "\\xe9" in folder.read(root).notes[0]


def test_a_folder_that_may_not_be_read_is_named(disk, monkeypatch):
    root = disk.pictures("cat/1.jpg", "dog/1.jpg")
    scan = os.scandir

    def refuse(place):
        if str(place).endswith("dog"):
            raise PermissionError(13, "Permission denied")
        return scan(place)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"dog cannot be read: Permission denied"):
        folder.read(root)


def test_photographs_split_into_folders_are_read(shared_data):
    table = folder.read(shared_data / "caltech10")
    assert len(table.classes) == 10
    assert [table.strings("split").count(side) for side in ("train", "val")] == [400, 100]
    assert all(table.path(row).is_file() for row in range(0, len(table), 50))
