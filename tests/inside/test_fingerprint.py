"""What a network goes by is seen, printed or not; what says nothing of how it is built is not."""

import time

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.inside.fingerprint import fingerprint
from striate.inside.phantom import of_model


class Pools(nn.Module):
    """Pools by function, by values that it does not print."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 2, 3, padding=1), nn.Linear(2, 3)
        self.stride: int | None = 1
        self.sizes, self.pair = [[3, 3], torch.zeros(2)], (1, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.max_pool2d(self.conv(x), self.sizes[0], self.stride, 1).mean((2, 3)))


def test_values_that_are_not_printed_are_part_of_it() -> None:
    network = nn.Sequential(Pools())
    seen = {fingerprint(network)}
    for change in (
        lambda module: setattr(module, "stride", 4),
        lambda module: setattr(module, "stride", None),
        lambda module: setattr(module, "pair", (1, 3)),
        lambda module: module.sizes[0].append(5),
        lambda module: setattr(module, "conv", nn.Conv2d(1, 2, 5)),
    ):
        change(network[0])
        assert fingerprint(network) not in seen
        seen.add(fingerprint(network))


def test_weights_modes_and_hooks_are_no_part_of_it() -> None:
    network = nn.Sequential(Pools())
    before = fingerprint(network)
    network.eval()[0].conv.weight.data.zero_()
    network[0].conv.register_forward_hook(lambda module, given, result: result)
    network[0].sizes[1] = torch.ones(5)
    assert fingerprint(network) == before
    assert fingerprint(nn.Sequential(Pools())) == before


def test_it_is_made_in_a_moment_for_a_deep_network() -> None:
    network = of_model("resnet50")
    seconds = []
    for _ in range(20):  # other work on the machine can only make it slower: the fastest counts
        started = time.perf_counter()
        fingerprint(network)
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.01  # 1.5 ms on one core


@pytest.mark.parametrize("nested", [(1, (2, [3])), [[torch.zeros(1)]]])
def test_it_can_be_compared_whatever_lies_in_lists(nested: object) -> None:
    network = nn.Identity()
    network.values = nested
    assert hash(fingerprint(network)) == hash(fingerprint(network))
