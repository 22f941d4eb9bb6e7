"""Two pictures show whether a module is a classifier; each fault has its own message."""

import pytest
import torch
from torch import Tensor, nn

from striate.core.errors import RecipeError
from striate.zoo import trial
from striate.zoo.trial import examine

SHAPE = (3, 8, 8)


def linear(units: int = 4) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, units))


class Returns(nn.Module):
    """Whatever `make` makes of the scores."""

    def __init__(self, make: object, *, only_in_training: bool = False) -> None:
        super().__init__()
        self.body, self.make, self.only = linear(), make, only_in_training

    def forward(self, x: Tensor) -> object:
        scores = self.body(x)
        return self.make(scores) if self.training or not self.only else scores


class Halves(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(2, -1)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (linear(5), r"in evaluation the network gives 2 x 5 for 2 pictures of 4 classes, not scores 2 x 4"),
        (nn.Conv2d(3, 4, 1), r"gives 2 x 4 x 8 x 8 for 2 pictures"),
        (Returns(lambda x: (x, x)), r"in evaluation the network returns a tuple of 2, not a tensor of scores"),
        (Returns(lambda x: {"out": x}), r"returns a dict of 1"),
        (Returns(lambda x: None), r"returns a NoneType, not"),
        (Returns(lambda x: (x, x), only_in_training=True), r"in training the network returns a tuple of 2"),
        (nn.Conv2d(1, 4, 1), r"fails on 2 pictures 3 x 8 x 8 \(channels, height, width\): RuntimeError: .*channels"),
        (
            nn.Sequential(nn.Flatten(0), nn.Unflatten(0, (1, 384)), nn.BatchNorm1d(384), nn.Linear(384, 8), Halves()),
            r"batch norm has nothing to average over .*larger --image-size",
        ),
    ],
)
def test_what_is_no_classifier_is_refused(network: nn.Module, message: str) -> None:
    with pytest.raises(RecipeError, match=f"mine:net: .*{message}"):
        examine("mine:net", network, SHAPE, 4)


def test_an_error_inside_is_named_with_its_line() -> None:
    def fail(_: Tensor) -> Tensor:
        raise ValueError("no such luck")

    with pytest.raises(RecipeError, match=r"ValueError: no such luck \(.*test_trial\.py, line \d+\)"):
        examine("mine:net", Returns(fail), SHAPE, 4)


def test_modes_statistics_and_random_numbers_are_as_before() -> None:
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(), nn.Flatten(), nn.Linear(3 * 8 * 8, 4))
    network[1].eval()
    torch.manual_seed(5)
    follows = torch.rand(3)
    torch.manual_seed(5)
    examine("mine:net", network, SHAPE, 4)
    assert torch.equal(torch.rand(3), follows)
    assert [module.training for module in network] == [True, False, True, True]
    assert not network[0].running_mean.any()
    assert network[0].num_batches_tracked == 0
    assert not network[3].weight.is_meta


def test_stages_are_seen_at_a_size_that_shows_them_where_the_network_takes_it() -> None:
    convolutions = [nn.Conv2d(3 if i == 0 else 4, 4, 3, 2, 1) for i in range(5)]
    free = nn.Sequential(*convolutions, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 4))
    assert len(examine("mine:net", free, SHAPE, 4).stages) == 5
    fixed = nn.Sequential(*convolutions[:2], nn.Flatten(), nn.Linear(4 * 2 * 2, 4))
    assert len(examine("mine:net", fixed, SHAPE, 4).stages) == 2


class Decides(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = linear()

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.body(x)
        return scores * 2 if scores.sum() > 0 else scores


def test_a_network_that_asks_for_numbers_is_told_apart_from_one_that_takes_another_size() -> None:
    assert examine("mine:net", Decides(), SHAPE, 4).head == ("body.1",)
    with pytest.raises(RecipeError, match="asks for the numbers in a picture, and here are shapes alone") as caught:
        examine("mine:net", Decides().to("meta"), SHAPE, 4)
    assert "--image-size" not in str(caught.value)


def test_a_fault_in_finding_parts_is_not_taken_for_one_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(trial, "find", fail)
    with pytest.raises(ZeroDivisionError):
        examine("mine:net", nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()), SHAPE, 4)
