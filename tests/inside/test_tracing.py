"""A trace sees what runs, knows the module it runs in, and leaves nothing behind."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules import module as torch_module

from striate.core.errors import DoesNotApply
from striate.inside.tracing import Answer, trace


class Loops(nn.Module):
    """Functional, reused, and with control flow that depends on shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(2, 2, 3, padding=1)
        self.scale = torch.ones(2, 1, 1)  # neither parameter nor buffer

    def forward(self, x: Tensor) -> Tensor:
        while x.shape[2] > 4:
            x = F.max_pool2d(torch.relu(self.layer(x)), 2)
        return x * self.scale


def test_every_operation_is_seen_with_its_module() -> None:
    traced = trace(Loops(), (2, 16, 16))
    seen = [(call.name, call.module) for call in traced.calls]
    once = [("convolution", "layer"), ("relu", ""), ("max_pool2d_with_indices", "")]
    assert seen == [*once, *once, ("mul", "")]
    answers = [event.module for event in traced.events if isinstance(event, Answer)]
    assert answers == ["layer", "layer", ""]


def test_shapes_worked_out_before_are_those_of_torch() -> None:
    layers = [nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2), nn.MaxPool2d(3, 1, 1)) for _ in range(3)]
    network = nn.Sequential(*layers).eval()
    images = torch.rand(1, 2, 9, 9).to(memory_format=torch.channels_last)
    assert trace(network, (2, 9, 9)).scores.shape == network(images).shape


class Swallows(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bad, self.good = nn.Linear(3, 3), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        try:
            return self.bad(x)
        except RuntimeError:
            return torch.sigmoid(self.good(x))


def test_a_module_that_raises_does_not_take_what_runs_later() -> None:
    seen = [(call.name, call.module) for call in trace(Swallows(), (2, 4, 4)).calls]
    assert seen[-2:] == [("relu", "good"), ("sigmoid", "")]


class Decides(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("network", "remedy"),
    [
        (Decides(), "let it decide by shapes"),
        (nn.Conv2d(3, 2, 3), "pass the image size"),
        (nn.Linear(5, 2), "pass the image size"),
    ],
)
def test_what_cannot_be_traced_is_refused_and_nothing_is_left_behind(network: nn.Module, remedy: str) -> None:
    hooks = [torch_module._global_forward_hooks, torch_module._global_forward_pre_hooks]
    before = [len(place) for place in hooks]
    network.train()
    with pytest.raises(DoesNotApply, match=rf"cannot be traced with pictures of 2 x 4 x 4 .*; .*{remedy}"):
        trace(network, (2, 4, 4))
    assert [len(place) for place in hooks] == before
    assert network.training


def test_frozen_layers_stay_in_their_mode() -> None:
    network = nn.Sequential(nn.BatchNorm2d(2), nn.Dropout()).train()
    network[0].eval()
    trace(network, (2, 4, 4))
    assert [module.training for module in network.modules()] == [True, False, True]


def test_a_network_in_double_precision_is_traced_in_it() -> None:
    scores = trace(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3)).double(), (1, 4, 4)).scores
    assert scores.dtype == torch.float64
