"""The adapter changes nothing of what it wraps."""

import copy

import pytest
import torch
from torch import nn

from striate.core.errors import DoesNotApply
from striate.layers.foreign import Foreign
from striate.layers.parts import Parts, find, watching
from striate.runtime.folding import fold

IMAGES = torch.rand(2, 3, 32, 32)


def body() -> nn.Module:
    torch.manual_seed(0)
    network = nn.Sequential()
    network.add_module("conv1", nn.Conv2d(3, 4, 3, padding=1))
    network.add_module("layer1", nn.Sequential(nn.Conv2d(4, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU()))
    network.add_module("layer2", nn.Sequential(nn.Conv2d(4, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU()))
    network.add_module("average", nn.AdaptiveAvgPool2d(1))
    network.add_module("flat", nn.Flatten())
    network.add_module("fc", nn.Linear(8, 5))
    return network


def wrapped(network: nn.Module) -> Foreign:
    network.eval()
    with watching(network) as calls, torch.no_grad():
        scores = network(IMAGES)
    return Foreign(network, find(network, calls, (32, 32), scores))


@pytest.mark.parametrize("training", [False, True])
def test_scores_are_the_module_s_own_bit_by_bit(training: bool) -> None:
    network, bare = wrapped(body()), body()
    assert torch.equal(network.train(training)(IMAGES), bare.train(training)(IMAGES))
    assert torch.equal(network(IMAGES, auxiliary=True)[0], network(IMAGES))


def test_weights_go_in_and_out_under_the_module_s_own_names() -> None:
    network, bare = wrapped(body()), body()
    assert list(network.state_dict()) == list(bare.state_dict())
    assert list(network.state_dict(prefix="module.")) == [f"module.{name}" for name in bare.state_dict()]
    bare.get_submodule("fc").weight.data.zero_()
    network.load_state_dict(bare.state_dict())
    assert not network.get_submodule("body.fc").weight.any()
    bare.load_state_dict(network.state_dict())  # and back into their own network
    assert network.parameter_count() == sum(weights.numel() for weights in bare.parameters())


def test_features_are_the_stages_outputs_finest_first() -> None:
    network = wrapped(body())
    bare = network.body
    first = bare.layer1(bare.conv1(IMAGES))
    fine, coarse = network.features(IMAGES)
    assert torch.equal(fine, first)
    assert torch.equal(coarse, bare.layer2(first))
    assert network.stages[0] is bare.layer1
    assert network.stem is bare.conv1
    assert network.get_submodule(network.last_stage) is network.stages[-1] is bare.layer2
    assert isinstance(network.head, nn.ModuleList)


def test_features_carry_a_gradient_and_a_copy_has_its_own_weights() -> None:
    network = wrapped(body())
    network.features(IMAGES)[-1].sum().backward()
    assert network.body.conv1.weight.grad is not None
    other = copy.deepcopy(network)
    other.body.conv1.weight.data.zero_()
    assert network.features(IMAGES)[0].std() > 0
    assert not torch.equal(network.features(IMAGES)[0], other.features(IMAGES)[0])


def test_without_features_it_says_what_it_needs() -> None:
    network = Foreign(body(), Parts((), (("conv1",),), (), (), maps=False))
    network.config = {"name": "mine:net"}
    with pytest.raises(DoesNotApply, match=r"mine:net has no maps .*\.Network\(stem, stages, head\)"):
        network.features(IMAGES)
    assert network.last_stage == "body"


def test_batch_norm_is_folded_for_inference() -> None:
    network = wrapped(body())
    folded = fold(network)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in folded.modules())
    assert torch.allclose(folded(IMAGES), network(IMAGES), atol=1e-6)
