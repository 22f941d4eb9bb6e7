"""What every method of explanation keeps to, whatever it shows."""

import random
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply, RecipeError
from striate.explain import METHODS, PROBABILITIES, explain
from striate.zoo import create

BUILT = [name for name, row in METHODS.items() if find_spec(f"striate.explain.{row.module}")]
PIXELS = [name for name in BUILT if METHODS[name].of == "pixels"]
QUICK: dict[str, dict[str, Any]] = {
    "smoothgrad": {"samples": 3},
    "integrated-gradients": {"steps": 4, "most": 8},
    "rise": {"number": 12, "cells": 3},
    "occlusion": {"patch": 6, "stride": 5},
}


def plain(channels: int = 3) -> nn.Sequential:
    """A network of no library, which ends in an average and a linear layer, as CAM needs it."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    )


def pictures(count: int, channels: int = 3, side: int = 16) -> Tensor:
    return torch.randn(count, channels, side, side, generator=torch.Generator().manual_seed(1))


def asked(method: str, network: nn.Module, images: Tensor, classes: Tensor, **options: Any) -> Any:
    return explain(network, images, classes, method=method, **QUICK.get(method, {}), **options)


def state(network: nn.Module) -> list[Any]:
    """All that an explanation must leave as it was."""
    held: list[Any] = [(name, value.clone()) for name, value in network.state_dict().items()]
    held += [(name, weight.requires_grad, weight.grad) for name, weight in network.named_parameters()]
    held += [(name, module.training, len(module._forward_hooks)) for name, module in network.named_modules()]
    held += [module.inplace for module in network.modules() if isinstance(module, nn.ReLU)]
    return [*held, torch.get_rng_state(), random.getstate(), repr(np.random.get_state())]  # noqa: NPY002 the global state


def same(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        return torch.equal(one, other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.mark.parametrize("method", BUILT)
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_maps_are_raw_detached_finite_and_of_the_pictures_own_type(method: str, kind: torch.dtype) -> None:
    images, row = pictures(2).to(kind).requires_grad_(), METHODS[method]
    maps = asked(method, plain().to(kind), images, torch.tensor([3, 1]))
    height, width = maps.values.shape[1:]
    assert (maps.method, maps.picture, len(maps.values), len(maps.notes)) == (method, (16, 16), 2, 2)
    assert (height, width) == ((16, 16) if row.of == "pixels" else maps.geometry.units)
    assert (maps.geometry is None) == (row.of == "pixels")
    assert maps.signed == (row.values == "signed")
    assert maps.values.dtype == kind
    assert maps.values.isfinite().all()
    assert not maps.values.requires_grad
    assert images.grad is None
    if maps.channels is not None:
        assert maps.channels.shape == images.shape
        assert torch.allclose(maps.channels.sum(dim=1), maps.values)
        assert not maps.channels.requires_grad
    if row.values == "positive":
        assert (maps.values >= 0).all()


@pytest.mark.parametrize("method", BUILT)
def test_a_batch_gives_what_its_pictures_give_alone(method: str) -> None:
    network, images, classes = plain().double(), pictures(4).double(), torch.tensor([0, 3, 3, 1])
    together = asked(method, network, images, classes)
    for n in range(4):
        alone = asked(method, network, images[n : n + 1], classes[n : n + 1])
        assert torch.allclose(alone.values[0], together.values[n], atol=1e-10)
        assert alone.notes[0] == together.notes[n]


@pytest.mark.parametrize("method", PIXELS)
def test_nothing_depends_on_how_many_pass_at_once(method: str) -> None:
    network, images, classes = plain().double(), pictures(3).double(), torch.tensor([0, 3, 2])
    whole = asked(method, network, images, classes)
    for batch in (1, 5):
        part = asked(method, network, images, classes, batch=batch)
        assert torch.allclose(part.values, whole.values, atol=1e-10)


@pytest.mark.parametrize("method", BUILT)
def test_the_network_and_the_random_state_are_left_as_they_were(method: str) -> None:
    network = plain().train()
    network[0].weight.requires_grad = False
    network[4].weight.grad = torch.ones_like(network[4].weight)
    network[1].eval()
    before, images = state(network), pictures(2)
    asked(method, network, images, torch.tensor([0, 1]))
    assert same(state(network), before)
    with pytest.raises(DoesNotApply):
        asked(method, network, images, torch.tensor([0, 4]))
    assert same(state(network), before)
    assert torch.equal(images, pictures(2))


@pytest.mark.parametrize("method", BUILT)
def test_what_is_asked_wrongly_is_refused(method: str) -> None:
    network, images, classes = plain(), pictures(2), torch.tensor([0, 1])
    for wrong in (torch.zeros(2, 3, 16, 16, dtype=torch.uint8), images[0], images[:0]):
        with pytest.raises(DoesNotApply, match="pictures to explain are normalized floats"):
            asked(method, network, wrong, classes)
    for others in (classes[:1], classes.float(), torch.tensor(0)):
        with pytest.raises(DoesNotApply, match="classes to explain are int64"):
            asked(method, network, images, others)
    for wrong, beyond in ((4, torch.tensor([0, 4])), (-1, torch.tensor([-1, 0]))):
        with pytest.raises(DoesNotApply, match=f"class {wrong} is none of the network's 4"):
            asked(method, network, images, beyond)
    for lost in (torch.nan, torch.inf):
        spoilt = images.clone()
        spoilt[1, 2, 3, 4] = lost
        with pytest.raises(DoesNotApply, match=r"are finite, and picture 1 \(counted from 0\) hold"):
            asked(method, network, spoilt, classes)
    for others in ({"batch": 0}, {"batch": -1}, {"batch": "abc"}):
        with pytest.raises(RecipeError, match="batch = "):
            asked(method, network, images, classes, **others)


@pytest.mark.parametrize("method", BUILT)
def test_pictures_that_the_network_does_not_take_are_refused(method: str) -> None:
    network, classes = plain(), torch.tensor([0, 1])
    with pytest.raises(DoesNotApply, match=r"weights of torch\.float32, and the pictures are torch\.float64"):
        asked(method, network, pictures(2).double(), classes)
    with pytest.raises(DoesNotApply, match=r"takes 3 channels|pass the image size and channels"):
        asked(method, network, pictures(2, channels=1), classes)


@pytest.mark.parametrize("method", BUILT)
def test_probabilities_are_noted_and_scores_are_not(method: str) -> None:
    images, classes = pictures(3), torch.tensor([0, 3, 1])
    assert not any(PROBABILITIES in note for note in asked(method, plain(), images, classes).notes)
    if method == "cam":  # does not apply behind a softmax
        return
    maps = asked(method, nn.Sequential(*plain(), nn.Softmax(dim=1)), images, classes)
    assert all(note.startswith(PROBABILITIES) for note in maps.notes)
    assert len(maps.notes) == 3


@pytest.mark.parametrize("method", BUILT)
def test_gray_pictures_are_explained_too(method: str) -> None:
    maps = asked(method, plain(1), pictures(2, channels=1), torch.tensor([2, 0]))
    assert maps.values.isfinite().all()
    assert maps.place().shape == (2, 16, 16)


@pytest.mark.parametrize("method", BUILT)
@pytest.mark.parametrize(("name", "channels", "side"), [("lenet5", 1, 32), ("resnet20", 3, 16)])
def test_networks_of_the_zoo_are_explained_or_refused_with_a_reason(
    method: str, name: str, channels: int, side: int
) -> None:
    torch.manual_seed(0)
    network = create(name, num_classes=5, in_channels=channels, image_size=side)
    images, classes = pictures(2, channels, side), torch.tensor([4, 1])
    if name == "lenet5" and method in ("guided-backpropagation", "deconvnet"):
        with pytest.raises(DoesNotApply, match="is defined for ReLU, and this network uses tanh"):
            asked(method, network, images, classes)
    elif name == "lenet5" and method == "cam":
        with pytest.raises(DoesNotApply):
            asked(method, network, images, classes)
    else:
        maps = asked(method, network, images, classes)
        assert maps.values.isfinite().all()
        assert maps.place().shape == (2, side, side)
