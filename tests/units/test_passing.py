"""One pass of pictures through a network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.inside.layers import layer_of
from striate.runtime.plan import Plan
from striate.units import passing
from striate.units.gathering import Gathering
from striate.units.mining import study
from striate.units.passing import Pictures


class Moody(nn.Module):
    """Runs its second layer again on bright pictures only."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv(images)
        if not x.is_meta and x.mean() > -1e9:
            x = self.conv(x)
        pooled: Tensor = self.pool(x).flatten(1)
        return pooled


def test_a_network_that_takes_another_way_than_was_traced_is_refused(store_of) -> None:
    with pytest.raises(DoesNotApply, match="conv ran 2 times"):
        study(Moody(), store_of(4), layers=["conv"])


def test_what_a_hook_of_the_user_makes_of_a_layer_is_what_is_seen(small, store_of) -> None:
    handle = small.conv1.register_forward_hook(lambda _module, _given, result: result * 0 + 2)
    found = study(small, store_of(4), layers=["conv1"])["conv1"]
    assert (found.minimum == 2).all()
    assert (found.maximum == 2).all()
    assert list(small.conv1._forward_hooks) == [handle.id]


def test_every_layer_is_handed_every_picture_once(small, store_of, monkeypatch) -> None:
    store, rows = store_of(11), np.arange(11)
    layers = [layer_of(small, (3, 12, 12), name) for name in ("conv1", "relu#1", "relu#2")]
    gathered = [Gathering(layer, rows, classes=3, top=2, seed=0) for layer in layers]
    handed: list[tuple[str, int]] = []
    add = Gathering.add

    def noted(self, given, positions, *rest):
        handed.extend((self.layer.name, position) for position in positions.tolist())
        add(self, given, positions, *rest)

    monkeypatch.setattr(Gathering, "add", noted)
    pictures = Pictures(store, rows, store.table.labels, np.ones(11, bool), 4)
    plan = Plan(device="cpu", threads=1).resolve(small)
    assert passing.run(small, pictures, gathered, plan, partial=None, quiet=True).done == 11
    assert sorted(handed) == sorted((layer.name, row) for layer in layers for row in range(11))
    assert torch.is_grad_enabled()
