"""Wiring: each channel keeps the unit that it comes from, however the numbers are moved."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.errors import DoesNotApply, UnknownName
from striate.inside.wiring import NAMED, PICTURE, wiring


class _Made(nn.Module):
    """Two convolutions with something in between."""

    def __init__(self, between: Callable[[Tensor], Tensor], reads: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(reads, 5, 1)
        self.between = between

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.second(self.between(self.first(x))).mean(dim=(2, 3))
        return scores


def _units(between: Callable[[Tensor], Tensor], reads: int = 4) -> list[list[int]]:
    """The units of the first convolution that each trail brings to the second."""
    wired = wiring(_Made(between, reads), (3, 8, 8), "first")
    return [trail.units.flatten().tolist() for trail in wired.junctions[1].inputs if trail.source == NAMED]


def _shuffle(x: Tensor) -> Tensor:
    count, channels, height, width = x.shape
    return x.view(count, 2, channels // 2, height, width).transpose(1, 2).reshape(count, channels, height, width)


def _channels_last(x: Tensor) -> Tensor:
    return F.relu(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


SAME = [0, 1, 2, 3]
CASES: dict[str, tuple[Callable[[Tensor], Tensor], list[list[int]]]] = {
    "nothing": (nn.Identity(), [SAME]),
    "activation, pooling, dropout": (lambda x: F.dropout(F.max_pool2d(x.relu_(), 2), 0.5, training=False), [SAME]),
    "other activations and an average": (lambda x: F.avg_pool2d(F.gelu(x).tanh(), 3, 1), [SAME]),
    "a shuffle of channels": (_shuffle, [[0, 2, 1, 3]]),
    "channels last and back": (_channels_last, [SAME]),
    "a part": (lambda x: x[:, 1:3], [[1, 2]]),
    "both halves exchanged": (lambda x: torch.cat([x[:, 2:], x[:, :2]], 1), [[2, 3, -1, -1], [-1, -1, 0, 1]]),
    "padded channels": (lambda x: F.pad(x, (0, 0, 0, 0, 1, 2)), [[-1, 0, 1, 2, 3, -1, -1]]),
    "padded places": (lambda x: F.pad(x, (1, 1, 1, 1)), [SAME]),
    "a sum with itself turned around": (lambda x: x + x.flip(1), [SAME, SAME[::-1]]),
    "upsampling": (lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), [SAME]),
    "a gate": (lambda x: x * torch.sigmoid(x.mean(dim=(2, 3), keepdim=True)), [SAME]),
}


@pytest.mark.parametrize("case", CASES)
def test_marks_move_as_the_numbers_do(case: str) -> None:
    between, expected = CASES[case]
    assert _units(between, len(expected[0])) == expected


def test_what_mixes_channels_ends_the_trail_and_is_named() -> None:
    wired = wiring(_Made(lambda x: F.softmax(x, 1), 4), (3, 8, 8), "first")
    assert wired.junctions[1].inputs == ()
    assert wired.lost == ("_softmax",)
    assert len(wired.junctions) == 2  # its weights are still known


def test_a_flattened_map_brings_every_place_of_its_unit() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    wired = wiring(network, (1, 4, 4), "0")
    (trail,) = wired.junctions[1].inputs
    assert trail.units.tolist() == [[0, 0, 0, 0, 1, 1, 1, 1]]
    assert trail.grid == (2, 2)
    assert wired.junctions[0].inputs[0].source == PICTURE


def test_batch_norm_scales_the_way_and_is_the_gain_of_what_it_follows() -> None:
    norm = nn.BatchNorm2d(2)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([3.0, -1.0]))
        norm.get_buffer("running_var").copy_(torch.tensor([4.0, 0.25]))
    network = nn.Sequential(nn.Conv2d(1, 2, 3), norm, nn.ReLU(), nn.Conv2d(2, 3, 1), nn.Flatten())
    wired = wiring(network, (1, 5, 5), "0")
    expected = torch.tensor([1.5, -2.0]).double()
    torch.testing.assert_close(wired.junctions[0].gain, expected, rtol=1e-4, atol=0)
    torch.testing.assert_close(wired.junctions[1].inputs[0].scale.flatten(), expected, rtol=1e-4, atol=0)
    assert wired.junctions[1].gain.tolist() == [1, 1, 1]


def test_a_layer_that_runs_twice_must_be_named_by_its_call() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            scores: Tensor = self.layer(self.layer(x)).mean(dim=(2, 3))
            return scores

    with pytest.raises(DoesNotApply, match=r"called 2 times: say which, as layer#1"):
        wiring(Twice(), (3, 4, 4), "layer")
    wired = wiring(Twice(), (3, 4, 4), "layer#2")
    assert wired.own is wired.junctions[1]
    assert wired.trails[0].source == 1
    with pytest.raises(UnknownName):
        wiring(Twice(), (3, 4, 4), "layers")
    with pytest.raises(DoesNotApply, match="does not run"):
        wiring(Twice(), (3, 4, 4), "layer#3")


def test_networks_are_left_as_they_were() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), nn.Flatten()).train()
    before: dict[str, Any] = {name: value.clone() for name, value in network.state_dict().items()}
    wiring(network, (1, 4, 4), "0")
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(module.training and not module._forward_hooks for module in network.modules())
