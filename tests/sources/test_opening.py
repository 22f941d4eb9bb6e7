from pathlib import Path

import pytest

from striate.core.errors import DataError, UnknownName
from striate.sources import SOURCES, open_table
from striate.sources.opening import open_data


def test_a_folder_is_a_folder_and_a_table_file_a_manifest(disk):
    root = disk.pictures("p/cat/1.jpg", "p/dog/1.jpg")
    disk.write("m.csv", "path,label\np/cat/1.jpg,cat\n")
    assert open_data(f"{root}/p").source == "folder"
    assert open_data(f"{root}/p/").source == "folder"
    assert open_table(Path(root / "m.csv")).source == "manifest"


def test_a_path_may_begin_at_home_or_here(disk, monkeypatch):
    monkeypatch.setenv("HOME", str(disk.root))
    monkeypatch.chdir(disk.pictures("p/cat/1.jpg", "p/dog/1.jpg"))
    table = open_data("~/p")
    assert table.fingerprint == open_data("p").fingerprint
    monkeypatch.chdir("/")
    assert open_data(open_data(str(disk.root / "p")).location).path(0).is_file()


def test_a_relative_location_can_be_opened_from_elsewhere(disk, monkeypatch):
    monkeypatch.chdir(disk.pictures("p/cat/1.jpg", "p/dog/1.jpg"))
    table = open_data("p")
    monkeypatch.chdir("/")
    assert open_data(table.location).fingerprint == table.fingerprint
    assert table.path(0).is_file()


def test_options_stand_behind_the_name():
    table = open_data("shapes?count=12&size=20&seed=3")
    assert table.pixels.shape == (12, 20, 20, 3)
    assert table.location == "shapes?count=12&size=20&seed=3"


@pytest.mark.parametrize(
    ("data", "offer"),
    [("digts", "digits"), ("fashion-mnist", "fashion_mnist"), ("shape?count=5", "shapes"), ("cifar", "cifar10")],
)
def test_a_misspelled_source_is_answered_with_the_nearest(data, offer):
    with pytest.raises(UnknownName, match=f"no folder, file or source named .*did you mean.* {offer}"):
        open_data(data)


def test_a_misspelled_path_is_answered_with_the_nearest_beside_it(disk):
    disk.pictures("flowers/rose/1.jpg", "other/1.jpg")
    with pytest.raises(UnknownName, match=r"no folder, file or source .*did you mean .*/flowers\?"):
        open_data(f"{disk.root}/flower")


def test_a_name_far_from_all_lists_the_sources():
    with pytest.raises(UnknownName, match="known: cifar10, cifar100, digits"):
        open_data("zzzzzzzz")


@pytest.mark.parametrize("data", ["", "?", "a\0b", "x" * 5000, "~nobody-of-that-name/x", "/", "."])
def test_any_text_is_answered_with_an_error_of_ours(data, monkeypatch, tmp_path):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    if data != "/":
        with pytest.raises((UnknownName, DataError)):
            open_data(data)
    else:
        with pytest.raises(UnknownName):
            open_data("/no-such-folder-at-the-root-of-it-all")


def test_a_file_of_another_kind_is_refused_with_the_kinds_that_are_read(disk):
    with pytest.raises(DataError, match=r"notes\.txt is a file, but no manifest \(\.csv, \.tsv, \.parquet\)"):
        open_data(str(disk.write("notes.txt", "path,label")))


def test_a_folder_wins_over_the_source_of_its_name_and_says_so(disk, monkeypatch):
    monkeypatch.chdir(disk.pictures("digits/one/1.jpg", "digits/two/1.jpg"))
    table = open_data("digits")
    assert table.source == "folder"
    assert "'digits?'" in table.notes[-1]
    assert open_data("digits?").source == "digits"


def test_with_a_place_for_data_the_source_wins_over_the_folder_of_its_name(disk, monkeypatch):
    disk.idx("mnist")
    monkeypatch.chdir(disk.root)
    assert open_data("mnist", data_root=".").source == "mnist"
    with pytest.raises(DataError, match=r"has no pictures.*the source of that name is written 'mnist\?'"):
        open_data("mnist")


def test_the_given_place_comes_before_the_environment_and_that_before_the_cache(disk, monkeypatch):
    disk.idx("given/mnist", train=11)
    disk.idx("environment/mnist", train=12)
    disk.idx("home/.cache/striate/data/mnist", train=13)
    monkeypatch.setenv("HOME", str(disk.root / "home"))
    monkeypatch.delenv("STRIATE_DATA", raising=False)
    assert len(open_data("mnist")) == 13 + 10
    monkeypatch.setenv("STRIATE_DATA", str(disk.root / "environment"))
    assert len(open_data("mnist")) == 12 + 10
    assert len(open_data("mnist", data_root=disk.root / "given")) == 11 + 10


@pytest.mark.parametrize("name", ["folder", "manifest"])
def test_the_readers_of_paths_ask_for_the_path(name):
    with pytest.raises(DataError, match="give the path"):
        open_data(name)


@pytest.mark.parametrize("name", sorted(set(SOURCES) - {"folder", "manifest"}))
def test_an_option_that_a_source_lacks_is_refused_by_name(name):
    with pytest.raises(UnknownName, match=f"no option of {name} named 'cout'"):
        open_data(f"{name}?cout=5")
