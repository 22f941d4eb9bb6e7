"""Files and folders are there whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from striate.core.errors import StriateError
from striate.core.files import free_name, recover_directory, whole_directory, whole_file, write_json, write_text


def test_a_file_that_fails_half_way_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError, match=r"half-way"), whole_file(path) as beside:
        _fail_after(beside, "half of the ne")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def _fail_after(path: Path, text: str) -> None:
    path.write_text(text)
    raise RuntimeError("half-way")


def test_a_full_disk_is_named_and_the_file_before_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(StriateError, match=r"disk is full.*a.txt.*untouched"), whole_file(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert path.read_text() == "old"


def test_a_folder_that_fails_half_way_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "last"
    with whole_directory(path) as beside:
        (beside / "step").write_text("1")
    with pytest.raises(RuntimeError, match=r"half-way"), whole_directory(path) as beside:
        _fail_after(beside / "step", "2")
    assert (path / "step").read_text() == "1"
    assert [p.name for p in tmp_path.iterdir()] == ["last"]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "last"
    for name in ("one", "two"):
        with whole_directory(path) as beside:
            (beside / name).write_text(name)
    assert [p.name for p in path.iterdir()] == ["two"]
    assert [p.name for p in tmp_path.iterdir()] == ["last"]


def test_a_kill_between_the_two_renames_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "last"
    with whole_directory(path) as beside:
        (beside / "step").write_text("1")
    path.rename(tmp_path / ".last.old")  # what a kill leaves
    (tmp_path / ".last.x.part").mkdir()
    recover_directory(path)
    assert (path / "step").read_text() == "1"
    assert [p.name for p in tmp_path.iterdir()] == ["last"]


def test_json_refuses_numbers_that_it_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"JSON"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert not list(tmp_path.iterdir())


def test_a_place_within_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    for place in (tmp_path / "a" / "b.json", tmp_path / "a" / "b" / "c.json"):
        with pytest.raises(StriateError, match=r"cannot write .* is no folder"):
            write_json(place, {})


def test_an_existing_name_gets_a_number(tmp_path: Path) -> None:
    assert free_name(tmp_path / "run") == tmp_path / "run"
    for _ in range(3):
        free_name(tmp_path / "run").mkdir()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run", "run-2", "run-3"]
    for _ in range(2):
        free_name(tmp_path / "net.1.pth").touch()
        free_name(tmp_path / "net.b").mkdir()
    assert sorted(p.name for p in tmp_path.glob("net*")) == ["net.1-2.pth", "net.1.pth", "net.b", "net.b-2"]
