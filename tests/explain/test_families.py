"""Every method on every family of the zoo: it gives maps or a reason, and leaves the network bit by bit as it was."""

import pytest
import torch
from torch import nn

from striate.core.errors import DoesNotApply
from striate.explain import METHODS, explain
from striate.inside.layers import layers
from striate.zoo import MODELS

FAMILIES = sorted({row.family for row in MODELS.values()})
QUICK = {  # what makes a method small; its code is the same
    "smoothgrad": {"samples": 2, "batch": 2},
    "integrated-gradients": {"steps": 2, "most": 2},
    "occlusion": {"patch": 8, "stride": 8},
    "rise": {"number": 4, "batch": 2},
    "scorecam": {"strongest": 2},
}
LATER = dict.fromkeys(QUICK, 2) | {"ablationcam": 3}  # pass of methods of many; the second of the latter is a trial


@pytest.fixture
def half_trained(zoo_network):
    """A network in the middle of something: in train mode, every second dropout not, half of it frozen, gradients."""
    made = []

    def of(family: str) -> tuple[nn.Module, torch.Tensor]:
        network, images = zoo_network(family)
        made.append(network)
        network.train()
        for place, module in enumerate(m for m in network.modules() if isinstance(m, nn.Dropout | nn.Dropout2d)):
            module.training = place % 2 == 0
        for place, weight in enumerate(network.parameters()):
            weight.requires_grad = place % 2 == 0
            weight.grad = torch.full_like(weight, 0.5) if place % 3 == 0 else None
        return network, images

    yield of
    for network in made:
        network.eval()
        for weight in network.parameters():
            weight.requires_grad, weight.grad = True, None


@pytest.mark.parametrize("family", FAMILIES)
def test_every_method_leaves_every_family_as_it_was(family, half_trained, unchanged):
    network, images = half_trained(family)
    classes = torch.tensor([0, 2])
    applied = 0
    with unchanged(network):
        for method in METHODS:
            try:
                maps = explain(network, images, classes, method=method, **QUICK.get(method, {}))
            except DoesNotApply:
                continue
            applied += 1
            assert len(maps.values) == 2
            assert not maps.values.requires_grad
            assert maps.place().shape == (2, *images.shape[2:]), method
    assert applied >= 5, "saliency, smoothgrad, integrated gradients, occlusion and rise need nothing of a network"


@pytest.mark.parametrize("family", ["resnet", "googlenet", "lenet"])
def test_a_network_that_raises_half_way_is_left_as_it_was(family, half_trained, unchanged):
    network, images = half_trained(family)
    layers(network, tuple(images.shape[1:]))  # known before, so that it is a pass of the method that fails
    passes, failing = 0, 0

    def fail(*_: object) -> None:
        nonlocal passes
        passes += 1
        if passes == failing:
            raise RuntimeError("in the middle")

    hook = network.head.register_forward_hook(fail)
    try:
        with unchanged(network):
            for method in METHODS:
                passes, failing = 0, LATER.get(method, 1)
                with pytest.raises(RuntimeError, match="in the middle"):
                    explain(network, images, torch.tensor([0, 1]), method=method, **QUICK.get(method, {}))
    finally:
        hook.remove()
