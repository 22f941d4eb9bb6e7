"""torchvision and timm for the parity tests, where they are installed."""

from types import ModuleType

import pytest
import torch

_kept: list[torch.library.Library] = []  # a definition lasts as long as the library object


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    """The library; with a CPU build of torch, after defining the two operators that its wheel for CUDA lacks there."""
    if torch.version.cuda is None and not _kept:
        _kept.append(torch.library.Library("torchvision", "DEF"))
        _kept[0].define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept[0].define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    return pytest.importorskip("torchvision")


@pytest.fixture(scope="session")
def timm(torchvision: ModuleType) -> ModuleType:  # imports torchvision, which needs the definitions above
    """The library."""
    return pytest.importorskip("timm", reason="timm is not installed")
