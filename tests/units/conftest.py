"""Small networks and pictures whose units can be looked at one by one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.data.table import Table, picture_columns

CLASSES = ("a", "b", "c")


class Small(nn.Module):
    """Two convolutions, one in-place ReLU behind both, a pool and a linear layer; for pictures of 12 x 12."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(6, 8, 3, stride=2, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(8, len(CLASSES))

    def forward(self, images: Tensor) -> Tensor:
        x = self.relu(self.norm(self.conv1(images)))
        x = self.relu(self.conv2(x))
        scores: Tensor = self.linear(self.pool(x).flatten(1))
        return scores


@pytest.fixture
def small() -> Small:
    torch.manual_seed(0)
    return Small()


@pytest.fixture
def store_of() -> Callable[..., Store]:
    """Make a store of drawn pictures (N, 12, 12, C), or of those given."""

    def make(count: int = 50, *, channels: int = 3, pixels: np.ndarray | None = None) -> Store:
        drawn = np.random.default_rng(5).integers(0, 256, (count, 12, 12, channels), np.uint8)
        pixels = drawn if pixels is None else pixels
        labels = np.arange(len(pixels)) * 7 % 11 % len(CLASSES)
        table = Table(picture_columns(labels), CLASSES, "drawn", "drawn", pixels=pixels)
        means = (0.5,) * channels
        preprocess = Preprocess(size=pixels.shape[1:3], channels=channels, mean=means, std=(0.25,) * channels)
        return Store(table, preprocess, threads=1)

    return make
