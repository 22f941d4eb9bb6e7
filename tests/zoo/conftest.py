"""timm for the parity tests, where it is installed."""

from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def timm(torchvision: ModuleType) -> ModuleType:  # imports torchvision, which needs the definitions above
    """The library."""
    return pytest.importorskip("timm", reason="timm is not installed")
