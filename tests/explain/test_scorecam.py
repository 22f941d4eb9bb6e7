"""Score-CAM against its equations, written out."""

import pytest
import torch
from torch import nn

from striate.core.errors import DoesNotApply
from striate.explain import explain, scorecam
from striate.inside.maps import place

IMAGES = torch.randn(2, 2, 13, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CLASSES = torch.tensor([2, 0])


def test_it_is_the_mean_of_the_maps_by_the_softmax_of_what_each_mask_shows(pooled: nn.Sequential) -> None:
    found = explain(pooled, IMAGES, CLASSES, method="scorecam", layer="1", baseline=0.5, batch=4)
    maps = pooled[:2](IMAGES).detach()
    masks = place(maps, found.geometry)
    low, high = masks.amin((2, 3), keepdim=True), masks.amax((2, 3), keepdim=True)
    masks = (masks - low) / (high - low)
    for picture in range(2):
        shown = 0.5 + masks[picture][:, None] * (IMAGES[picture] - 0.5)
        weights = pooled(shown).detach()[:, CLASSES[picture]].softmax(0)
        torch.testing.assert_close(found.values[picture], (weights[:, None, None] * maps[picture]).sum(0))


def test_a_constant_channel_is_left_out(pooled: nn.Sequential) -> None:
    with torch.no_grad():
        pooled[0].weight[2], pooled[0].bias[2] = 0, 3.3
    found = explain(pooled, IMAGES, CLASSES, method="scorecam", layer="1")
    maps = pooled[:2](IMAGES).detach()[:, [0, 1, 3, 4, 5]]
    assert found.values.isfinite().all()
    assert (found.values <= maps.amax(1) + 1e-12).all()
    assert maps.amax() < 3.3
    assert found.values.max() > 0


def test_where_all_channels_are_constant_the_note_says_so(pooled: nn.Sequential) -> None:
    with torch.no_grad():
        pooled[0].weight[:], pooled[0].bias[:] = 0, 0.7
    found = explain(pooled, IMAGES, CLASSES, method="scorecam", layer="1")
    assert found.notes == (scorecam.CONSTANT,) * 2
    assert not found.values.any()


def test_only_the_strongest_channels_are_shown(pooled: nn.Sequential) -> None:
    found = explain(pooled, IMAGES, CLASSES, method="scorecam", layer="1", strongest=1)
    maps = pooled[:2](IMAGES).detach()
    best = maps.square().mean((2, 3)).argmax(1)
    torch.testing.assert_close(found.values, maps[torch.arange(2), best])
    with pytest.raises(DoesNotApply, match="strongest=0 shows no channel"):
        explain(pooled, IMAGES, CLASSES, method="scorecam", strongest=0)
