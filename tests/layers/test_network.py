import torch
from torch import nn

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


def test_auxiliary_and_frozen_parameters_are_not_counted_among_those_that_inference_needs() -> None:
    network = small(auxiliary={0: nn.Linear(3, 5)})
    own = 20 + 57 + 112 + 25
    assert network.parameter_count() == own
    assert network.parameter_count(auxiliary=True) == own + 20
    network.stem.requires_grad_(False)
    assert network.parameter_count() == own - 20


def test_notes_and_config_are_kept_beside_the_weights_not_in_them() -> None:
    network = small(notes=["adapted"])
    assert network.notes == ("adapted",)
    assert network.config == {}
    assert set(network.state_dict()) == {name for name, _ in network.named_parameters()}
