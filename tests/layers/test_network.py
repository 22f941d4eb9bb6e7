from collections import OrderedDict

import pytest
import torch
from torch import nn

from striate.layers.auxiliary import Auxiliary
from striate.layers.network import Network


def small(**extra: object) -> Network:
    stages = [nn.Conv2d(2, 3, 3, stride=2), nn.Conv2d(3, 4, 3, stride=2)]
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    return Network(nn.Conv2d(1, 2, 3), stages, head, **extra)


def test_features_are_the_stages_outputs_and_the_head_makes_scores_of_the_last() -> None:
    network, images = small(), torch.rand(2, 1, 17, 17)
    features = network.features(images)
    assert [tuple(maps.shape) for maps in features] == [(2, 3, 7, 7), (2, 4, 3, 3)]
    assert torch.equal(network(images), network.head(features[-1]))


def test_the_last_stage_is_found_by_its_name() -> None:
    network = small()
    assert network.get_submodule(network.last_stage) is network.stages[1]


def with_auxiliary(reads: str = "stages.1.first") -> Network:
    torch.manual_seed(0)
    stages = [nn.Conv2d(2, 3, 3), nn.Sequential(OrderedDict(first=nn.Conv2d(3, 4, 3), second=nn.Conv2d(4, 4, 3)))]
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    layers = OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), linear=nn.Linear(4, 5))
    return Network(nn.Conv2d(1, 2, 3), stages, head, {"early": Auxiliary(layers, reads=reads, weight=0.3)})


def test_an_auxiliary_head_reads_a_block_inside_a_stage_and_speaks_only_when_asked() -> None:
    network, images = with_auxiliary(), torch.rand(2, 1, 17, 17)
    scores, early = network(images, auxiliary=True)
    assert torch.equal(network(images), scores)
    first = network.stages[1].first(network.features(images)[0])
    assert torch.equal(early, network.auxiliary["early"](first))
    assert network.auxiliary_weights == (0.3,)


def test_a_network_without_auxiliary_heads_returns_its_scores_alone() -> None:
    network, images = small(), torch.rand(2, 1, 17, 17)
    (scores,) = network(images, auxiliary=True)
    assert torch.equal(network(images), scores)
    assert network.auxiliary_weights == ()


@pytest.mark.parametrize("reads", ["stages.0", "stages.1.third", "stages.0.weight", "head.0"])
def test_an_auxiliary_head_that_reads_no_block_of_a_stage_is_refused(reads: str) -> None:
    with pytest.raises(ValueError, match=f"reads {reads}, which is no part of a stage"):
        with_auxiliary(reads)


def test_auxiliary_and_frozen_parameters_are_not_counted_among_those_that_inference_needs() -> None:
    network = with_auxiliary()
    own = 20 + 57 + 112 + 148 + 25
    assert network.parameter_count() == own
    assert network.parameter_count(auxiliary=True) == own + 25
    network.stem.requires_grad_(False)
    assert network.parameter_count() == own - 20


def test_notes_and_config_are_kept_beside_the_weights_not_in_them() -> None:
    network = small(notes=["adapted"])
    assert network.notes == ("adapted",)
    assert network.config == {}
    assert set(network.state_dict()) == {name for name, _ in network.named_parameters()}
