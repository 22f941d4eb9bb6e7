"""Ablation-CAM against closed form and plain ablation."""

import pytest
import torch
from torch import nn

from striate.explain import ablationcam, explain

IMAGES = torch.randn(2, 2, 13, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CLASSES = torch.tensor([2, 0])


def test_behind_a_global_average_the_fall_is_weight_times_mean(pooled: nn.Sequential) -> None:
    maps = pooled[:2](IMAGES).detach()
    falls = pooled[4].weight.detach()[CLASSES] * maps.mean((2, 3))
    found = explain(pooled, IMAGES, CLASSES, method="ablationcam", layer="1")
    torch.testing.assert_close(found.values, (falls[:, :, None, None] * maps).sum(1).relu())
    assert found.values.max() > 0


def test_it_equals_ablation_of_the_whole_network_whatever_the_number_of_channels_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    rest = [nn.Conv2d(6, 5, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(10, 3)]
    network = nn.Sequential(nn.Conv2d(2, 6, 3, stride=2), nn.ReLU(inplace=True), *rest).double()
    with torch.no_grad():
        network[0].bias[3] = -100  # a dead channel
        maps, scores = network[:2](IMAGES), network(IMAGES)
        falls = torch.zeros(2, 6, dtype=torch.float64)
        for k in range(6):
            changed = maps.clone()
            changed[:, k] = 0
            falls[:, k] = (scores - network[2:](changed))[torch.arange(2), CLASSES]
    expected = (falls[:, :, None, None] * maps).sum(1).relu()
    for most in (1, 500, 2**24):
        monkeypatch.setattr(ablationcam, "_BYTES", most)
        found = explain(network, IMAGES, CLASSES, method="ablationcam", layer="1")
        torch.testing.assert_close(found.values, expected)
    assert expected.max() > 0


def test_only_what_follows_the_layer_runs_again(pooled: nn.Sequential) -> None:
    runs = []
    plain = pooled[0]._conv_forward
    pooled[0]._conv_forward = lambda *args: runs.append(1) or plain(*args)
    explain(pooled, IMAGES, CLASSES, method="cam", layer="1")  # the layers are traced once, which runs it too
    runs.clear()
    explain(pooled, IMAGES, CLASSES, method="ablationcam", layer="1")
    assert len(runs) == 1
