"""The same weights in torchvision's or timm's networks and ours give the same scores, in evaluation and in training."""

from collections.abc import Callable
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from striate import zoo
from striate.layers.network import Network
from striate.zoo.weights import load_state

# ours, torchvision's name, its options, the size of the pictures compared on
CASES = [
    *((name, name, {}, 64) for name in ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")),
    *((f"vgg{depth}{norm}", f"vgg{depth}{norm}", {}, 32) for depth in (11, 13, 16, 19) for norm in ("", "_bn")),
    ("alexnet_owt", "alexnet", {}, 224),
    *((name, name, {}, 64) for name in ("squeezenet1_0", "squeezenet1_1")),
    *((name, name, {}, 64) for name in ("densenet121", "densenet161", "densenet169", "densenet201")),
    ("googlenet_bn", "googlenet", {"init_weights": False}, 64),
    ("inception_v3", "inception_v3", {"init_weights": False}, 299),
]

# of timm: the name, our options, the size, with maps of more than one unit everywhere
TIMM = [
    ("inception_v3", {"auxiliary": "off"}, 299),
    ("inception_v4", {}, 139),
    ("inception_resnet_v2", {}, 139),
]

pytestmark = pytest.mark.reference


def theirs(make: Callable[..., nn.Module], name: str, **options: object) -> nn.Module:
    """Their network in float64, with running statistics that are not those of a fresh one."""
    torch.manual_seed(0)
    network = make(name, **options).double()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean, std=0.1)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
    return network


def ours(name: str, reference: nn.Module, layout: str, **options: object) -> Network:
    network = zoo.create(name, **options).double()
    assert load_state(network, reference.state_dict(), layout=layout) == layout
    return network


def without_dropout(network: nn.Module) -> nn.Module:
    for layer in network.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    return network.train()


def differ(first: Tensor, second: Tensor) -> float:
    return float((first - second).abs().max() / second.abs().max())


@pytest.mark.parametrize(("name", "origin", "options", "size"), CASES, ids=[case[0] for case in CASES])
def test_scores_are_torchvision_s(
    torchvision: ModuleType, name: str, origin: str, options: dict[str, object], size: int
) -> None:
    reference = theirs(torchvision.models.get_model, origin, weights=None, **options)
    network = ours(name, reference, f"torchvision:{origin}")
    images = torch.randn(2, 3, size, size, dtype=torch.float64)
    with torch.no_grad():
        assert differ(network.eval()(images), reference.eval()(images)) < 1e-9
        in_training = without_dropout(reference)(images)
        expected = [in_training] if isinstance(in_training, Tensor) else [in_training[0], *in_training[:0:-1]]
        found = without_dropout(network)(images, auxiliary=True)  # torchvision lists the later auxiliary head first
    assert len(found) == len(expected)
    assert max(map(differ, found, expected)) < 1e-9


@pytest.mark.parametrize(("name", "options", "size"), TIMM, ids=[case[0] for case in TIMM])
def test_scores_are_timm_s(timm: ModuleType, name: str, options: dict[str, object], size: int) -> None:
    reference = theirs(timm.create_model, name, pretrained=False)
    network = ours(name, reference, f"timm:{name}", **options)
    images = torch.randn(2, 3, size, size, dtype=torch.float64)
    with torch.no_grad():
        assert differ(network.eval()(images), reference.eval()(images)) < 1e-9
        assert differ(without_dropout(network)(images), without_dropout(reference)(images)) < 1e-9
