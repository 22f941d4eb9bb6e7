"""What a network raises on pictures that it does not take is said; what it raises otherwise goes on."""

import pytest
import torch
from torch import nn

from striate.core.errors import DoesNotApply
from striate.explain.taking import refusing


@pytest.fixture
def network() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 6 * 6, 2))


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (torch.zeros(2, 3, 8, 8, dtype=torch.float64), "weights of torch.float32, and the pictures are torch.float64"),
        (torch.zeros(2, 1, 8, 8), "its first convolution takes 3 channels"),
        (torch.zeros(2, 3, 9, 9), "takes no pictures (C, H, W) = (3, 9, 9)"),
    ],
)
def test_the_type_and_the_shape_are_named(network: nn.Sequential, images: torch.Tensor, said: str) -> None:
    with pytest.raises(DoesNotApply) as raised, refusing(network, images):
        network(images)
    assert said in str(raised.value)
    assert isinstance(raised.value.__cause__, RuntimeError)


def test_an_error_of_another_cause_goes_on_as_it_is(network: nn.Sequential) -> None:
    with pytest.raises(ValueError, match="something else"), refusing(network, torch.zeros(2, 3, 8, 8)):
        raise ValueError("something else")
