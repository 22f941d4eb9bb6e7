import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from striate.core.errors import DataError
from striate.zoo.reading import named_tensors, read


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = str(place)

    def __reduce__(self) -> object:
        return os.mkdir, (self.place,)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_torch_file_with_code_in_it_is_refused_and_the_code_not_run(zipped: bool, tmp_path: Path) -> None:
    content = {"weight": torch.ones(2), "trap": Trap(tmp_path / "sprung")}
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(
        DataError, match=r"refused: it holds \w+.mkdir besides weights, and reading that could run code"
    ):
        read(tmp_path / "a.pth")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_bare_pickle_with_code_in_it_is_refused_and_the_code_not_run(protocol: int, tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(pickle.dumps(Trap(tmp_path / "sprung"), protocol))
    with pytest.raises(DataError, match=r"refused: .*could run code"):
        read(tmp_path / "a.pt")
    assert not (tmp_path / "sprung").exists()


def test_a_whole_pickled_network_is_refused_with_what_to_ask_for(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "a.pth")
    with pytest.raises(DataError, match=r"refused: it holds torch.nn.modules.linear.Linear .*Ask for the state dict"):
        read(tmp_path / "a.pth")


def test_an_archive_of_python_objects_is_refused_and_the_code_not_run(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", good=np.ones(2), bad=np.array([Trap(tmp_path / "sprung")], object))
    with pytest.raises(DataError, match="refused: its array bad holds Python objects"):
        read(tmp_path / "a.npz")
    assert not (tmp_path / "sprung").exists()


def test_a_missing_file_and_an_unknown_ending_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no weights file .*gone\.pth"):
        read(tmp_path / "gone.pth")
    (tmp_path / "a.txt").write_bytes(b"x")
    with pytest.raises(DataError, match=r"a\.txt has no ending of a weights file.*read from \.safetensors, \.pth"):
        read(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("onnx", "is ONNX.*state dict"),
        ("h5", r"is of Keras.*savez"),
        ("ckpt", r"rename it to \.pth"),
        ("zip", "unpack"),
    ],
)
def test_files_of_other_tools_are_told_apart_with_what_to_do(tmp_path: Path, ending: str, told: str) -> None:
    (tmp_path / f"net.{ending}").write_bytes(b"x")
    with pytest.raises(DataError, match=rf"net\.{ending} .*{told}"):
        read(tmp_path / f"net.{ending}")


@pytest.mark.parametrize("ending", ["safetensors", "pth", "npz"])
@pytest.mark.parametrize("content", [b"", b"nothing like it", b"\x00" * 100], ids=["empty", "text", "zeros"])
def test_a_damaged_file_is_named(ending: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"a\.{ending}.*damaged,.* cut short"):
        read(path)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(1000)}, tmp_path / "a.pth")
    whole = (tmp_path / "a.pth").read_bytes()
    (tmp_path / "a.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="damaged, or cut short"):
        read(tmp_path / "a.pth")


def test_a_file_of_something_else_says_what_it_holds(tmp_path: Path) -> None:
    torch.save(torch.ones(3), tmp_path / "a.pth")
    with pytest.raises(DataError, match="holds a Tensor, not weights by name"):
        read(tmp_path / "a.pth")


def test_wrappers_and_prefixes_come_off_in_any_depth() -> None:
    state = {
        "epoch": 3,
        "state_dict": {"model": {"module._orig_mod.a": torch.ones(1), "module._orig_mod.b": torch.ones(1)}},
    }
    assert set(named_tensors(state, "x")) == {"a", "b"}


def test_a_prefix_that_only_some_names_have_stays() -> None:
    assert set(named_tensors({"module.a": torch.ones(1), "b": torch.ones(1)}, "x")) == {"module.a", "b"}


def test_a_prefix_stays_where_the_network_has_such_names() -> None:
    state = {"model.a": torch.ones(1)}
    assert set(named_tensors(state, "x", {"model.a"})) == {"model.a"}
    assert set(named_tensors(state, "x", {"a"})) == {"a"}


def test_what_is_no_tensor_is_named() -> None:
    with pytest.raises(DataError, match="x holds no weights by name: epoch in it is no tensor"):
        named_tensors({"a": torch.ones(1), "epoch": 3}, "x")
    with pytest.raises(DataError, match="it is empty"):
        named_tensors({"state_dict": {}}, "x")


def test_big_endian_arrays_are_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.arange(3, dtype=">f4"))
    assert read(tmp_path / "a.npz")["a"].tolist() == [0, 1, 2]
