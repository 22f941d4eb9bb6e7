"""What all tests share: where real data lies, and a cache of their own."""

import itertools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line does; before torch is imported


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; a test that asks for it is skipped where it is absent."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("STRIATE_DATA", beside))
    if not (folder / "MANIFEST.json").is_file():
        pytest.skip(f"real data is absent: no {folder / 'MANIFEST.json'}; set STRIATE_DATA to its folder")
    return folder


_kept: list[Any] = []  # a definition of operators lasts as long as the library object


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    """The library; with a CPU build of torch, after defining the two operators that its wheel for CUDA lacks there."""
    import torch

    if torch.version.cuda is None and not _kept:
        _kept.append(torch.library.Library("torchvision", "DEF"))
        _kept[0].define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept[0].define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    return pytest.importorskip("torchvision")


_MODULES = itertools.count(1)  # one that was imported is not looked for again, so each has a name of its own


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Write a module of the user's own into the current folder and return its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr("striate.zoo.consent._NAMED", set())

    def write(text: str) -> str:
        name = f"own_networks_{next(_MODULES)}"
        (tmp_path / f"{name}.py").write_text(f"import torch\nfrom torch import nn\n\n{text}")
        return name

    return write
