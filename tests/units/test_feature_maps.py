"""Feature maps of one picture: raw, in order, on scales that are named."""

import pytest
import torch
from torch import nn

from striate import zoo
from striate.core.errors import DoesNotApply
from striate.units.feature_maps import feature_maps


def _network() -> nn.Sequential:
    network = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(8, 3))
    with torch.no_grad():
        network.get_parameter("0.weight").copy_(torch.tensor([2.0, -4.0]).view(2, 1, 1, 1))
    return network


def test_values_are_those_before_anything_writes_into_them() -> None:
    image = torch.tensor([[[1.0, 0.5], [0.0, -1.0]]])
    way = feature_maps(_network(), image, ["0", "1", "3"])
    first, rectified, last = way.layers
    assert torch.equal(first.values, torch.stack([2 * image[0], -4 * image[0]]))
    assert torch.equal(rectified.values, first.values.clamp(min=0))
    assert first.signed
    assert not rectified.signed
    assert first.ranges.tolist() == [[-2, 2], [-4, 4]]
    assert first.strongest.tolist() == [1, 0]
    assert last.values.shape == (3,)
    assert torch.equal(last.values, way.scores)


def test_a_scale_is_a_unit_s_a_layer_s_or_the_network_s() -> None:
    network = _network()
    with torch.no_grad():
        network.get_parameter("3.weight").zero_()
        network.get_parameter("3.bias").copy_(torch.tensor([0.0, -9.0, 1.0]))
    way = feature_maps(network, torch.tensor([[[1.0, 0.5], [0.0, -1.0]]]), ["0", "3"])
    assert [limits.tolist() for limits in way.limits("unit")] == [[2, 4], [0, 9, 1]]
    assert [limits.tolist() for limits in way.limits("layer")] == [[4, 4], [9, 9, 9]]
    assert [limits.tolist() for limits in way.limits("network")] == [[9, 9], [9, 9, 9]]


def test_all_layers_come_in_the_order_in_which_they_end() -> None:
    network = zoo.create("resnet20", num_classes=10, in_channels=3, image_size=16)
    way = feature_maps(network, torch.zeros(3, 16, 16))
    names = [seen.layer.name for seen in way.layers]
    assert names.index("stages.0") < names.index("stages.1") < names.index("stages.2")
    assert all(tuple(seen.values.shape) == seen.layer.shape for seen in way.layers)


def test_a_batch_is_no_picture() -> None:
    with pytest.raises(DoesNotApply, match=r"one normalized picture \(C, H, W\)"):
        feature_maps(_network(), torch.zeros(2, 1, 2, 2))
    with pytest.raises(DoesNotApply, match="uint8"):
        feature_maps(_network(), torch.zeros(1, 2, 2, dtype=torch.uint8))
