"""What has no rule, or no answer, is unknown with its reason; what every rule gives is tested in test_geometry."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.inside.fields import Field, Unknown, of_images, plain
from striate.inside.geometry import Geometry, geometry
from striate.inside.rules import seen
from striate.inside.tracing import Call, trace

SIDE = 72


class Does(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Writes(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        maps = torch.zeros_like(x)
        maps[:, :, :4] = F.avg_pool2d(x, 3, 1, 1)[:, :, :4]
        return maps


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Does(lambda x: x.flip(2)), "flip in function: it has no rule"),
        (Does(lambda x: torch.cat([x, x], dim=3)), "along an axis of the picture"),
        (Does(lambda x: x[:, :, :, :18] + F.avg_pool2d(x, 4)[:, :, :1, :18]), "strides"),
        (Does(lambda x: x + x.transpose(2, 3)), "different dimensions"),
        (Does(lambda x: x @ x), "multiplied as matrices"),
        (Writes(), "writes into a view"),
    ],
)
def test_what_cannot_be_stated_is_unknown_with_its_reason(network: nn.Module, reason: str) -> None:
    found = geometry(nn.Sequential(network, nn.ReLU()), (2, SIDE, SIDE))["1"]
    assert isinstance(found, Unknown)
    assert reason.replace("function", "0") in found.reason


def test_an_operation_without_a_rule_is_followed_where_nothing_has_a_place_any_more() -> None:
    network = nn.Sequential(nn.Conv2d(2, 2, 3), nn.Flatten(), nn.Linear(2 * 70 * 70, 4), Does(lambda x: x.flip(1)))
    found = geometry(network, (2, SIDE, SIDE))[""]
    assert isinstance(found, Geometry)
    assert found.whole


def test_what_depends_on_a_shape_alone_sees_nothing() -> None:
    found = geometry(nn.Sequential(Does(torch.zeros_like)), (2, SIDE, SIDE))["0"]
    assert isinstance(found, Unknown)
    assert "not made from the picture" in found.reason


def test_unknown_stays_unknown() -> None:
    (call,) = trace(nn.ReLU(), (2, 3, 3)).calls
    assert isinstance(call, Call)
    reason = Unknown("a reason")
    assert seen(call, lambda _: reason) == [reason]
    assert seen(call, lambda _: None) == [None]


def test_batch_statistics_make_every_unit_from_all() -> None:
    traced = trace(nn.BatchNorm2d(2, track_running_stats=False), (2, 4, 4))
    call = next(call for call in traced.calls if "batch_norm" in call.name)
    field = seen(call, lambda tensor: of_images((1, 2, 4, 4)) if tensor is call.arguments[0] else None)[0]
    assert isinstance(field, Field)
    assert field.layout[1] == plain(2)
    assert field.axes[0].interval(0) == (0, 4)
