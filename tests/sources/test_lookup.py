from pathlib import Path

from striate.sources.lookup import absent, data_root, find_folder, places


def test_the_folders_named_after_a_data_set_come_before_the_one_above(disk):
    disk.write("x/here")
    disk.write("here")
    assert find_folder(disk.root, ["y", "x"], ["here"]) == disk.root / "x"
    assert find_folder(disk.root, ["y"], ["here"]) == disk.root
    assert find_folder(disk.root, ["y"], ["gone"]) is None
    assert places(disk.root, ["y"]) == [disk.root / "y", disk.root]


def test_a_folder_is_no_file(disk):
    disk.write("x/train/1.jpg")
    assert find_folder(disk.root, ["x"], ["train"]) is None


def test_the_place_for_data_is_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_root("data") == tmp_path / "data"
    assert data_root("~/data") == tmp_path / "data"
    monkeypatch.setenv("STRIATE_DATA", "")
    assert data_root() == Path(tmp_path, ".cache", "striate", "data")


def test_the_error_for_absent_files_lists_them(tmp_path):
    message = str(absent("x", tmp_path, ("a", "b"), {"one": "md5 1", "three": ""}, then="Put them there."))
    assert message == (
        f"x: files are missing. Looked in {tmp_path} and in a, b beneath it for\n  one    md5 1\n  three\n"
        "Put them there. Another folder is named with --data-root or the environment variable STRIATE_DATA."
    )
