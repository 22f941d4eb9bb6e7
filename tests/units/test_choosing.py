"""Which layers are studied where none is named."""

import pytest
from torch import nn

from striate import zoo
from striate.core.errors import DoesNotApply
from striate.units.choosing import chosen


def test_of_a_large_network_stem_stages_and_head_are_taken() -> None:
    network = zoo.create("resnet50", in_channels=3, image_size=224)
    names = [layer.name for layer in chosen(network, (3, 224, 224))]
    assert names == ["stem.conv", "stem", "stages.0", "stages.1", "stages.2", "stages.3", "head.pool", "head"]


def test_of_a_small_network_every_layer_with_units_of_its_own_is_taken(small) -> None:
    names = [layer.name for layer in chosen(small, (3, 12, 12))]
    assert names == ["conv1", "relu#1", "conv2", "relu#2", "pool", "linear"]


def test_a_layer_that_hands_on_what_one_in_it_gave_stands_for_both() -> None:
    network = zoo.create("resnet20", in_channels=3, image_size=32)
    names = [layer.name for layer in chosen(network, (3, 32, 32))]
    assert {"stem", "stages.0.0", "stages.0.0.body.relu", "stages.2", "head"} <= set(names)
    assert not {"stem.relu", "stages.0.0.join", "stages.0.2", "stem.bn", "head.flatten", ""} & set(names)


def test_of_a_large_network_that_has_no_stages_the_last_layer_at_each_size_is_taken() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 2000, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2000, 2200, 1), nn.ReLU(), nn.Flatten()
    )
    assert [layer.name for layer in chosen(network, (3, 4, 4))] == ["0", "1", "4"]


def test_named_layers_come_in_the_order_in_which_they_end(small) -> None:
    assert [layer.name for layer in chosen(small, (3, 12, 12), ["pool", "conv1"])] == ["conv1", "pool"]


def test_what_gives_neither_maps_nor_vectors_is_refused() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Flatten(2), nn.Flatten())
    with pytest.raises(DoesNotApply, match="1 gives 4 x 16"):
        chosen(network, (3, 4, 4), ["1"])
